"""What was typed to find a film, and what may be meant by it.

Typos are put right among all words that titles have (`TitleWord`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise, product
from typing import Final

from nexus.catalog.rows import rows
from nexus.catalog.spellings import (
    other_spellings,
    spellings_of,
    without_first_number,
)
from nexus.catalog.titles import (
    AND_SIGN,
    ARTICLES,
    LONGEST_WORD,
    SHORTEST_FORGIVEN,
    fold,
    remainders,
    title_key,
    typos_forgiven,
    typos_to_each,
)

SHORTEST_BEGINNING: Final = 3  # of a word not typed to its end
MOST_ENDINGS: Final = 100
MOST_CORRECTIONS: Final = 50
MOST_CORRECTED: Final = 20  # titles made of corrected words
YEAR: Final = re.compile(r"(?:18|19|20)[0-9]{2}")
# Words of titles: those written so, those that have one of the remainders, and those
# that begin so, of which least is left to type. Of an array that it knows PostgreSQL
# expects too much of the index, and reads the table: a word costs far more to compare
# than it reckons.
SIMILAR: Final = f"""
SELECT word, FALSE FROM catalog_titleword
WHERE word = ANY(%s::text[]) OR remainders && (SELECT %s::int4[])
UNION ALL (
  SELECT word, TRUE FROM catalog_titleword WHERE word ~>~ %s AND word ~<~ %s
  ORDER BY length(word), word LIMIT {MOST_ENDINGS}
)
"""  # noqa: S608  a number


@dataclass(slots=True)
class Typed:
    """A typed word and what may be meant by it, all of them words of titles."""

    word: str
    is_needed: bool = True
    same: set[str] = field(default_factory=set)  # it, also joined with a neighbour
    spelled: set[str] = field(default_factory=set)  # it, written otherwise
    likely: set[str] = field(default_factory=set)  # it begins so, or is one typo away
    possible: set[str] = field(default_factory=set)  # two typos away
    parts: list[tuple[str, str]] = field(default_factory=list)  # two words instead

    @property
    def meant(self) -> list[str]:
        return sorted(self.same | self.spelled | self.likely | self.possible)

    @property
    def is_known(self) -> bool:
        return bool(self.meant or self.parts)


@dataclass(frozen=True, slots=True)
class Whole:
    """What was typed as the whole of a title, and what may be meant by it; folded."""

    together: str  # without spaces
    exact: list[str]  # also without what is an article somewhere
    same: list[str]  # in other spellings
    beginnings: list[str]  # the same, also with an article
    likely: list[str] = field(default_factory=list)  # put right, or less a word


def as_typed(words: Sequence[str]) -> list[Typed]:
    """Believe the words, and neighbours written as one, whether titles have them."""
    has_name = any(word not in ARTICLES for word in words)
    typed = [
        Typed(
            word,
            is_needed=word not in ARTICLES or not has_name,
            same={word},
            spelled={*spellings},
        )
        for word, spellings in zip(words, spellings_of(words), strict=True)
    ]
    for one, other in pairwise(typed):
        joined = f"{one.word}{other.word}"[:LONGEST_WORD]
        one.same.add(joined)
        other.same.add(joined)
    return typed


def as_whole(text: str) -> Whole:
    folded = fold(text) or text
    exact = {folded, title_key(text), title_key(AND_SIGN.sub("", text))}
    others = list(other_spellings(text))
    same = set(map(title_key, others)).difference(exact)
    return Whole(
        together=folded.replace(" ", ""),
        exact=sorted(exact),
        same=sorted(same),
        beginnings=sorted(same.union(others)),
        likely=[title_key(one) for one in without_first_number(text)],
    )


def put_right(typed: Sequence[Typed]) -> None:
    """Add what may be meant: other words, longer ones, two that lack their space.

    What no title has is left out.
    """
    words, endings = similar_words(typed)
    for one in typed:
        one.same &= words
        one.spelled &= words
        # Of a film that is named with its year, another year is another film.
        if len(typed) == 1 or not YEAR.fullmatch(one.word):
            correct(one, words)
        one.parts = [pair for pair in halves_of(one.word) if words.issuperset(pair)]
    typed[-1].likely |= endings


def similar_words(typed: Sequence[Typed]) -> tuple[set[str], set[str]]:
    """Return words of titles that may be meant, and those that the last one begins."""
    written = {word for one in typed for word in one.same | one.spelled}
    pairs = chain.from_iterable(halves_of(one.word) for one in typed)
    written.update(chain.from_iterable(pairs))
    numbers = {number for one in typed for number in numbers_of(one.word)}
    last = typed[-1].word
    behind = behind_all(last) if len(last) >= SHORTEST_BEGINNING else last
    found = rows(SIMILAR, [list(written), list(numbers), last, behind])
    words = {word for word, is_ending in found if not is_ending}
    return words, {word for word, is_ending in found if is_ending}


def numbers_of(word: str) -> list[int]:
    typos = typos_forgiven(word)
    return remainders(word, typos=typos) if typos else []


def correct(one: Typed, words: Iterable[str]) -> None:
    allowed, length = typos_forgiven(one.word), len(one.word)
    near = [word for word in words if abs(len(word) - length) <= allowed]
    distances = typos_to_each(one.word, near)
    found = sorted(
        (typos, word)
        for typos, word in zip(distances, near, strict=True)
        if 0 < typos <= allowed
    )
    for typos, word in found[:MOST_CORRECTIONS]:
        (one.likely if typos == 1 else one.possible).add(word)


def halves_of(word: str) -> list[tuple[str, str]]:
    if len(word) < SHORTEST_FORGIVEN:
        return []
    return [(word[:place], word[place:]) for place in range(2, len(word) - 1)]


def behind_all(beginning: str) -> str:
    """Return what comes after all that begins so, letter by letter."""
    return f"{beginning}\U0010ffff"


def corrected_titles(typed: Sequence[Typed]) -> list[str]:
    """Return other titles that may be meant, where words were typed wrong."""
    choices = [
        [one.word] if one.word in one.same else sorted(one.likely)[:MOST_CORRECTED]
        for one in typed
    ]
    if all(one.word in one.same for one in typed):
        return []
    titles = map(" ".join, islice(product(*choices), MOST_CORRECTED))
    return [title for title in titles if title]


def without_one(typed: Sequence[Typed]) -> list[str]:
    """Return what was typed without the one of two words, or the other: "titanic film".

    Such a title has to be all that is left: one word alone, too many films have.
    """
    words = [one.word for one in typed]
    places = [place for place, one in enumerate(typed) if one.is_needed]
    are_known = all(one.is_known for one in typed)
    left = [" ".join([*words[:place], *words[place + 1 :]]) for place in places]
    return left if are_known and len(places) == 2 else []


def keys_of_meant(titles: Iterable[str]) -> list[str]:
    """Return what films are found by that may be meant, however they are spelled."""
    meant = [
        one
        for title in titles
        for one in (title, *other_spellings(title), *without_first_number(title))
    ]
    return sorted({*map(title_key, meant)})
