"""Finds films by a typed title: with typos, without accents, in any language.

Words are looked for, not letters: a film has few of them, and most are rare. What was
typed wrong is put right among all words that titles have (`TitleWord`), which are far
fewer than the films. See docs/adr/0004.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from nexus.catalog.conditions import NOTHING, Sql, all_of, any_of, joined_by
from nexus.catalog.models import WELL_KNOWN_VOTES
from nexus.catalog.rows import VERSION, Version, rows
from nexus.catalog.titles import AND_SIGN, words_of
from nexus.catalog.typed import (
    SHORTEST_BEGINNING,
    YEAR,
    Typed,
    Whole,
    as_typed,
    as_whole,
    corrected_titles,
    keys_of_meant,
    put_right,
    without_one,
)

MOST_FOUND: Final = 200  # the best known ones of those that match
ENOUGH: Final = 20  # a page: nobody has to have mistyped
MOST_WORDS: Final = 12  # of what was typed; titles are known by fewer
FEWEST_TO_LEAVE_ONE_OUT: Final = 3
# How close to a title, or to how one begins; the same ones are spelled otherwise.
PUT_RIGHT, BEGINS_THE_SAME, BEGINS_SO, THE_SAME_TITLE, THE_VERY_TITLE = range(1, 6)


@dataclass(frozen=True, slots=True)
class Matches:
    """Some of the films that match, best first; `count` of them there are in all."""

    versions: list[Version]
    count: int
    closest: int  # how close any comes to the whole title

    @property
    def ids(self) -> list[int]:
        return [id_ for id_, *_ in self.versions]


NO_MATCHES: Final = Matches([], 0, 0)


def best_matches(
    among: Sql, text: str, *, start: int = 0, end: int = MOST_FOUND
) -> Matches:
    """Return the best known films of these that match, from `start` to `end`.

    First the very title, then titles that begin so, then by the words they share; what
    matches equally by votes. A title without words, as "$", is found by all of it.
    """
    words = words_of(AND_SIGN.sub("", text))[:MOST_WORDS]
    part = slice(start, min(end, MOST_FOUND))
    typed, whole = as_typed(words), as_whole(text)
    found = matching(among, whole, typed, have_all(typed), part)
    if words and not is_answer(found, words):
        put_right(typed)
        whole = replace(whole, likely=keys_of_meant(corrected_titles(typed)))
        found = matching(among, whole, typed, have_all(typed), part)
        if not found.count:
            titles = [*corrected_titles(typed), *without_one(typed)]
            whole = replace(whole, likely=keys_of_meant(titles))
            found = matching(among, whole, typed, have_most(typed), part)
    return found


def is_answer(found: Matches, words: Sequence[str]) -> bool:
    """Say whether what was typed is what was meant.

    A page of films has it, one has all of several words, or one is called just so.
    """
    if not found.count:
        return False
    is_called_so = found.closest >= THE_SAME_TITLE
    return len(words) > 1 or found.count >= ENOUGH or is_called_so


# Which films have it


def have_all(typed: Iterable[Typed]) -> Sql:
    needed = [one for one in typed if one.is_needed]
    if not needed or not all(one.is_known for one in needed):
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
    either = [Sql("title_words @> %s::text[]", (list(pair),)) for pair in one.parts]
    if one.meant:
        either.append(Sql("title_words && %s::text[]", (one.meant,)))
    return any_of(either)


# Ranking

# No index has it: to look along all films for some that match would take for ever.
KNOWN_FIRST: Final = "coalesce(vote_count, 0) DESC, id"
RANKED_BY = f"{VERSION}, year, vote_count, sort_title, title_keys, title_words"


def matching(
    among: Sql, whole: Whole, typed: Sequence[Typed], has_words: Sql, part: slice
) -> Matches:
    """Return films by how close each comes to the whole title, best first."""
    found = found_in_all_ways(among, whole, has_words)
    closeness = closeness_to(whole, [one.word for one in typed])
    likeness = joined_by(" + ", list(map(likeness_of, typed)) or [Sql("0")])
    query = Sql(
        "SELECT id, xmin, ctid, count(*) OVER (), max(closeness) OVER () FROM ("  # noqa: S608  all values are parameters
        f"SELECT DISTINCT ON (id) *, {closeness.sql} AS closeness FROM ({found.sql})"
        " AS found) AS ranked"
        f" ORDER BY closeness DESC, 0 + {likeness.sql} DESC, {KNOWN_FIRST}"
        " LIMIT %s OFFSET %s",
        (
            *closeness.values,
            *found.values,
            *likeness.values,
            max(0, part.stop - part.start),
            part.start,
        ),
    )
    told = rows(query.sql, query.values)
    if not told and part.start:  # behind the last one: how many are there?
        first = matching(among, whole, typed, has_words, slice(0, 1))
        return replace(first, versions=[])
    return matches(told)


def matches(found: Sequence[tuple[Any, ...]]) -> Matches:
    if not found:
        return NO_MATCHES
    *_, count, closest = found[0]
    return Matches([one[:3] for one in found], min(count, MOST_FOUND), closest)


def found_in_all_ways(among: Sql, whole: Whole, has_words: Sql) -> Sql:
    """Return what finds films by their titles and by the words that they have.

    Of each way the best known films: all of them would be too many to rank. Only where
    too few are well known, all films are looked at: of a common word there may be
    thousands.
    """
    keys = [*whole.exact, *whole.same, *whole.likely]
    long = [one for one in whole.exact if len(one) >= SHORTEST_BEGINNING]
    ways = [best(all_of([among, is_called(keys)]))]
    ways += [best_that_begin(among, one) for one in long]
    if has_words != NOTHING:
        well_known = Sql(f"vote_count >= {WELL_KNOWN_VOTES}")
        too_few = Sql(f"(SELECT count(*) FROM known) < {MOST_FOUND}")  # noqa: S608  a number
        known = best(all_of([among, has_words, well_known]))
        rest = best(all_of([among, has_words, too_few]))
        ways.append(
            Sql(
                f"WITH known AS ({known.sql}) TABLE known UNION ALL ({rest.sql})",
                (*known.values, *rest.values),
            )
        )
    return joined_by(" UNION ALL ", ways)


def best(passes: Sql) -> Sql:
    return Sql(
        f"SELECT {RANKED_BY} FROM catalog_movie WHERE {passes.sql}"  # noqa: S608  all values are parameters
        f" ORDER BY {KNOWN_FIRST} LIMIT {MOST_FOUND}",
        passes.values,
    )


def best_that_begin(among: Sql, beginning: str) -> Sql:
    """Find them by their ids, so that the films may be looked along by their votes.

    Of a common beginning the best known ones come soon; all would be too many to read.
    """
    passes = all_of([among, begins_with(beginning)])
    return Sql(
        f"SELECT {RANKED_BY} FROM catalog_movie WHERE id IN ("  # noqa: S608  all values are parameters
        f"SELECT id FROM catalog_movie WHERE {passes.sql}"
        f" ORDER BY vote_count DESC NULLS LAST, id LIMIT {MOST_FOUND})",
        passes.values,
    )


def closeness_to(whole: Whole, words: list[str]) -> Sql:
    """Say whether that is a title, how one begins, or what one is put right."""
    cases = [
        (is_called(whole.exact), THE_VERY_TITLE),
        (is_called(whole.same), THE_SAME_TITLE),
        (Sql("sort_title ^@ ANY(%s::text[])", (whole.exact,)), BEGINS_SO),
        (begins_together(words, whole.together), BEGINS_SO),
        (Sql("sort_title ^@ ANY(%s::text[])", (whole.beginnings,)), BEGINS_THE_SAME),
        (is_called(whole.likely), PUT_RIGHT),
    ]
    return case_of(cases, 0)


def is_called(keys: list[str]) -> Sql:
    return Sql("title_keys && %s::text[]", (keys,))


def begins_together(words: list[str], together: str) -> Sql:
    """Match "E.T. the Extra-Terrestrial" by "et", but not "Eternal"."""
    return Sql(
        "title_words @> %s::text[] AND replace(sort_title, ' ', '') ^@ %s::text",
        (words, together),
    )


def case_of(cases: Sequence[tuple[Sql, int]], otherwise: int) -> Sql:
    whens = " ".join(f"WHEN {passes.sql} THEN {told}" for passes, told in cases)
    values = tuple(value for passes, _ in cases for value in passes.values)
    return Sql(f"CASE {whens} ELSE {otherwise} END", values)


def begins_with(beginning: str) -> Sql:
    """Say so by a pattern, of which PostgreSQL guesses best how many films have it."""
    return Sql("sort_title LIKE %s", (f"{escaped(beginning)}%",))


def escaped(text: str) -> str:
    """Return a pattern of LIKE that matches the text alone."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def likeness_of(one: Typed) -> Sql:
    """Say how surely the film has the word that was typed, or is of that year."""
    cases = [
        (Sql("title_words && %s::text[]", (sorted(words),)), how)
        for words, how in ((one.same, 4), (one.spelled, 3), (one.possible, 1))
        if words
    ]
    if YEAR.fullmatch(one.word):
        cases.append((Sql("year = %s", (int(one.word),)), 4))
    return case_of(cases, 2) if cases else Sql("2")
