"""Finds films by a typed title: with typos, without accents, in any language.

Words are looked for, not letters: a film has few of them, and most are rare. What was
typed wrong is put right among all words that titles have (`TitleWord`), which are far
fewer than the films. See docs/adr/0004.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise, product
from typing import Final

from nexus.catalog.conditions import NOTHING, Sql, all_of, any_of, joined_by
from nexus.catalog.models import WELL_KNOWN_VOTES
from nexus.catalog.rows import rows
from nexus.catalog.titles import (
    ARTICLES,
    LONGEST_WORD,
    SHORTEST_FORGIVEN,
    fold,
    remainders,
    title_key,
    typos_forgiven,
    typos_to_each,
    words_of,
)

MOST_FOUND: Final = 200  # the best known ones of those that match
ENOUGH: Final = 20  # a page: nobody has to have mistyped
MOST_WORDS: Final = 12  # of what was typed; titles are known by fewer
SHORTEST_BEGINNING: Final = 3  # of a word not typed to its end
MOST_ENDINGS: Final = 100
MOST_CORRECTIONS: Final = 50
MOST_TITLES: Final = 20  # made of corrected words
FEWEST_TO_LEAVE_ONE_OUT: Final = 3
THE_VERY_TITLE: Final = 3


@dataclass(slots=True)
class Typed:
    """A typed word and what may be meant by it, all of them words of titles."""

    word: str
    is_needed: bool = True
    same: set[str] = field(default_factory=set)  # the word, or it and a neighbour
    likely: set[str] = field(default_factory=set)  # it begins so, or is one typo away
    possible: set[str] = field(default_factory=set)  # two typos away
    parts: list[tuple[str, str]] = field(default_factory=list)  # two words instead

    @property
    def meant(self) -> list[str]:
        return sorted(self.same | self.likely | self.possible)

    @property
    def is_known(self) -> bool:
        return bool(self.meant or self.parts)


def best_matches(among: Sql, text: str) -> list[int]:
    """Return the best known films of these that match, best first.

    First the very title, then titles that begin so, then by the words they share; what
    matches equally by votes. A title without words, as "$", is found by all of it.
    """
    words = words_of(text)[:MOST_WORDS]
    if not words:
        called = best(all_of([among, Sql("title_keys @> %s", ([title_key(text)],))]))
        return [id_ for (id_,) in rows(called.sql, called.values)]
    typed = as_typed(words)
    found = matching(among, text, typed, have_all(typed))
    if not is_answer(found, words):
        put_right(typed)
        found = matching(among, text, typed, have_all(typed))
    if not found:
        found = matching(among, text, typed, have_most(typed))
    return [id_ for id_, _ in found]


def is_answer(found: Sequence[tuple[int, int]], words: Sequence[str]) -> bool:
    """Say whether what was typed is what was meant.

    A page of films has it, one has all of several words, or one is called just so.
    """
    if not found:
        return False
    return len(words) > 1 or len(found) >= ENOUGH or found[0][1] == THE_VERY_TITLE


# What was typed


def as_typed(words: Sequence[str]) -> list[Typed]:
    """Look up the words, and neighbours written as one."""
    joined = ["".join(pair)[:LONGEST_WORD] for pair in pairwise(words)]
    known = known_words([*words, *joined])
    has_name = any(word not in ARTICLES for word in words)
    typed = [
        Typed(word, is_needed=word not in ARTICLES or not has_name) for word in words
    ]
    for one in typed:
        one.same = known & {one.word}
    for place, word in enumerate(joined):
        if word in known:
            typed[place].same.add(word)
            typed[place + 1].same.add(word)
    return typed


def known_words(words: Iterable[str]) -> set[str]:
    return set(words_by("word = ANY(%s)", list(set(words))))


def words_by(condition: str, *values: object) -> list[str]:
    sql = f"SELECT word FROM catalog_titleword WHERE {condition}"  # noqa: S608  all values are parameters
    return [word for (word,) in rows(sql, values)]


def put_right(typed: Sequence[Typed]) -> None:
    """Add what may be meant: other words, longer ones, two that lack their space."""
    numbers = {number for one in typed for number in numbers_of(one.word)}
    words = words_by("remainders && %s::int4[]", list(numbers)) if numbers else []
    halves = {half for one in typed for pair in halves_of(one.word) for half in pair}
    known = known_words(halves) if halves else set()
    for one in typed:
        correct(one, words)
        one.parts = [pair for pair in halves_of(one.word) if known.issuperset(pair)]
    typed[-1].likely |= beginning_with(typed[-1].word)


def beginning_with(word: str) -> set[str]:
    """Return words that begin so: those of which least is left to type."""
    if len(word) < SHORTEST_BEGINNING:
        return set()
    shortest = "ORDER BY length(word), word LIMIT %s"
    pattern = f"{escaped(word)}%"
    return set(
        words_by(f"word LIKE %s AND word <> %s {shortest}", pattern, word, MOST_ENDINGS)
    )


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


# Which films have it


def have_all(typed: Iterable[Typed]) -> Sql:
    needed = [one for one in typed if one.is_needed]
    if not all(one.is_known for one in needed):
        return NOTHING
    return all_of([has_word(one) for one in needed])


def have_most(typed: Iterable[Typed]) -> Sql:
    """Match films without the words that no title has; else without any one word."""
    needed = [one for one in typed if one.is_needed]
    known = [one for one in needed if one.is_known]
    if len(known) < len(needed):
        return have_all(known) if known and 2 * len(known) >= len(needed) else NOTHING
    if len(known) < FEWEST_TO_LEAVE_ONE_OUT:
        return NOTHING
    places = range(len(known))
    left = [[*known[:place], *known[place + 1 :]] for place in places]
    return any_of([have_all(some) for some in left])


def has_word(one: Typed) -> Sql:
    either = [Sql("title_words @> %s", (list(pair),)) for pair in one.parts]
    if one.meant:
        either.append(Sql("title_words && %s", (one.meant,)))
    return any_of(either)


# Ranking

KNOWN_FIRST = "vote_count DESC NULLS LAST, id"


def matching(
    among: Sql, text: str, typed: Sequence[Typed], has_words: Sql
) -> list[tuple[int, int]]:
    """Return films, each with how close it comes to the whole title, best first.

    Of each way to match, the best known films: all of them would be too many to rank.
    """
    key, corrected = title_key(text), corrected_keys(typed)
    # What is typed may begin with an article, or with a word that is one elsewhere.
    beginnings = sorted({key, fold(text)})
    begins = any_of([begins_with(one) for one in beginnings])
    ways = [Sql("title_keys && %s", ([key, *corrected],))]
    ways += [begins_with(one) for one in beginnings if len(one) >= SHORTEST_BEGINNING]
    known, found = joined_ways(among, ways, has_words)
    closeness = Sql(
        f"CASE WHEN title_keys @> %s THEN {THE_VERY_TITLE} WHEN {begins.sql} THEN 2"
        " WHEN title_keys && %s THEN 1 ELSE 0 END",
        ([key], *begins.values, corrected),
    )
    likeness = joined_by(" + ", [likeness_of(one) for one in typed])
    query = Sql(
        f"WITH known AS ({known.sql})"  # noqa: S608  all values are parameters
        f" SELECT id, {closeness.sql} AS closeness FROM catalog_movie"
        f" WHERE id IN ({found.sql})"
        f" ORDER BY closeness DESC, {likeness.sql} DESC, {KNOWN_FIRST} LIMIT %s",
        (
            *known.values,
            *closeness.values,
            *found.values,
            *likeness.values,
            MOST_FOUND,
        ),
    )
    return rows(query.sql, query.values)


def joined_ways(among: Sql, ways: Sequence[Sql], has_words: Sql) -> tuple[Sql, Sql]:
    """Return the well-known films that have the words, and what is found in all ways.

    Only where too few are well known, all films are looked at: of a common word there
    may be thousands.
    """

    well_known = Sql(f"vote_count >= {WELL_KNOWN_VOTES}")
    too_few = Sql(f"(SELECT count(*) FROM known) < {MOST_FOUND}")  # noqa: S608  a number
    known = best(all_of([among, has_words, well_known]))
    found = [best(all_of([among, way])) for way in ways]
    found.append(best(all_of([among, has_words, too_few])))
    return known, joined_by(" UNION ", [*found, Sql("SELECT id FROM known")])


def best(passes: Sql) -> Sql:
    return Sql(
        f"SELECT id FROM catalog_movie WHERE {passes.sql}"  # noqa: S608  all values are parameters
        f" ORDER BY {KNOWN_FIRST} LIMIT {MOST_FOUND}",
        passes.values,
    )


def begins_with(beginning: str) -> Sql:
    return Sql("sort_title LIKE %s", (f"{escaped(beginning)}%",))


def escaped(text: str) -> str:
    """Return a pattern of LIKE that matches the text alone."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def likeness_of(one: Typed) -> Sql:
    """Say how surely the film has the word that was typed."""
    return Sql(
        "CASE WHEN title_words && %s THEN 3 WHEN title_words && %s THEN 1 ELSE 2 END",
        (sorted(one.same), sorted(one.possible)),
    )


def corrected_keys(typed: Sequence[Typed]) -> list[str]:
    """Return whole titles that may be meant, where words were typed wrong."""
    choices = [sorted(one.same or one.likely)[:MOST_TITLES] for one in typed]
    titles = map(" ".join, islice(product(*choices), MOST_TITLES))
    return sorted({title_key(title) for title in titles if title})
