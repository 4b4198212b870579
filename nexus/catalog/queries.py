"""Reads of the catalogue."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from django.db.models import (
    BooleanField,
    Count,
    F,
    Func,
    IntegerField,
    JSONField,
    OrderBy,
    QuerySet,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from nexus.catalog.conditions import FilmQuery, Sql, all_of, any_of, walked
from nexus.catalog.copies import COPIES
from nexus.catalog.expiry import is_listed, shown
from nexus.catalog.models import (
    PRIOR_AVERAGE,
    PRIOR_VOTES,
    CreditKind,
    Genre,
    Movie,
)
from nexus.catalog.pages import Page, kept_if_dear, read_page
from nexus.catalog.rows import read_beside, read_ids_of_person
from nexus.catalog.search import best_matches
from nexus.lib.errors import InvalidError

TOP_RATED_MIN_VOTES = 300
# As `models.weighted_average` has it, whose index it is.
WEIGHTED_AVERAGE = (
    f"(vote_average * vote_count::float8 + {PRIOR_AVERAGE * PRIOR_VOTES})"
    f" / (vote_count::float8 + {PRIOR_VOTES})"
)
WEIGHTED_COLUMNS = ("vote_average", "vote_count")
HAS_PERSON = (
    "id = ANY(ARRAY(SELECT movie_id FROM catalog_credit WHERE person_id = ANY(%s)))"
)
GENRE_NAMES = "genre-names"
NAMES_KEPT_S = 5.0
GENRE_COUNTS_KEPT_S = 600.0
MANY = 100_000  # in all genres: they take long, and nobody minds some more or less


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieFilters:
    """What a list of films may be narrowed by; None and () do not narrow."""

    search: str | None = None
    genres: tuple[int, ...] = ()
    any_genre: bool = False  # of `genres`, instead of all of them
    year: int | None = None
    year_min: int | None = None
    year_max: int | None = None
    runtime_min: int | None = None
    runtime_max: int | None = None
    vote_average_min: float | None = None
    vote_average_max: float | None = None
    vote_count_min: int | None = None
    language: str | None = None
    person: int | None = None
    ids: tuple[int, ...] | None = None


ALL = MovieFilters()
RANGES = {
    "year": ("year", "="),
    "year_min": ("year", ">="),
    "year_max": ("year", "<="),
    "runtime_min": ("runtime", ">="),
    "runtime_max": ("runtime", "<="),
    "vote_average_min": ("vote_average", ">="),
    "vote_average_max": ("vote_average", "<="),
    "vote_count_min": ("vote_count", ">="),
    "language": ("original_language", "="),
}
OTHERS = [field.name for field in fields(MovieFilters) if field.name not in RANGES]

ORDERINGS: dict[str, tuple[str, ...]] = {
    "popularity": ("popularity", "vote_count"),
    "release_date": ("year", "release_date"),
    "vote_average": ("vote_average",),
    "vote_count": ("vote_count",),
    "title": ("sort_title",),
    "runtime": ("runtime",),
}


def find_movies(
    filters: MovieFilters,
    *,
    page: int,
    page_size: int,
    now: datetime,
    ordering: str | None = None,
) -> Page:
    """Return the films that pass; `ordering` is a key of ORDERINGS, "-" reverses it.

    Without an ordering a search is ranked by match, everything else by popularity.
    """
    if filters.search is not None and ordering is None:
        others = passing(replace(filters, search=None), is_listed(now))
        start, end = (page - 1) * page_size, page * page_size
        found = best_matches(others, filters.search, start=start, end=end)
        return Page(found.versions, found.count)
    movies = list_movies(filters, now=now, ordering=ordering or "-popularity")
    return read_page(movies, key=filters, page=page, page_size=page_size)


def list_movies(filters: MovieFilters, *, now: datetime, ordering: str) -> FilmQuery:
    columns = ORDERINGS[ordering.removeprefix("-")]
    listed, order = is_listed(now), ORDER[ordering]
    return film_query(filters, listed, order=order, columns=columns, keeps_count=True)


def find_top_rated(
    filters: MovieFilters, *, page: int, page_size: int, now: datetime
) -> Page:
    movies = top_rated(filters, now=now)
    key = ("top rated", filters)
    return read_page(movies, key=key, page=page, page_size=page_size)


def top_rated(filters: MovieFilters, *, now: datetime) -> FilmQuery:
    """Return films with enough votes, best Bayesian average first."""
    has_votes = Sql("vote_count >= %s", (TOP_RATED_MIN_VOTES,))
    enough = all_of([is_listed(now), has_votes])
    order = f"{WEIGHTED_AVERAGE} DESC NULLS LAST, id"
    return film_query(filters, enough, order=order, columns=WEIGHTED_COLUMNS)


def film_query(
    filters: MovieFilters,
    among: Sql,
    *,
    order: str,
    columns: Collection[str],
    keeps_count: bool = False,
) -> FilmQuery:
    """Return the films that pass, in the order, which looks at these columns.

    keeps_count: whether a range of one column has one best way to be counted
    """
    others = replace(filters, person=None, ids=None)
    is_genre = len(filters.genres) == 1 and replace(filters, genres=()) == ALL
    # Few films are of a year, or have many votes: to expect them costs a statement.
    may_be_wide = filters.year is None and filters.vote_count_min is None
    column = only_column(filters)
    # In an order by that column all that passes may lie at the other end of the walk.
    is_spread = column is not None and column not in columns
    has_walk = is_genre or (may_be_wide and is_spread)
    return FilmQuery(
        passing(filters, among),
        order,
        is_narrow=filters.person is not None or filters.ids is not None,
        keeps_plan=others == ALL,
        keeps_count=keeps_count and column is not None,
        walk=walked(among, passing(filters), order=order) if has_walk else None,
    )


def only_column(filters: MovieFilters) -> str | None:
    """Return the column of which a range is all that is asked for; None: of none."""
    given = [name for name in RANGES if getattr(filters, name) is not None]
    columns = {RANGES[name][0] for name in given}
    others = all(getattr(filters, name) == getattr(ALL, name) for name in OTHERS)
    return columns.pop() if len(columns) == 1 and others else None


def order_by(ordering: str) -> list[OrderBy | str]:
    """Return a total order; films that lack the value come last in both directions."""
    fields = ORDERINGS[ordering.removeprefix("-")]
    if fields == ("sort_title",):
        # Never null: without "nulls last" the one index can be read backwards.
        return [ordering.replace("title", "sort_title"), "id"]
    if ordering.startswith("-"):
        return [*(F(field).desc(nulls_last=True) for field in fields), "id"]
    return [*(F(field).asc(nulls_last=True) for field in fields), "id"]


def order_in_sql(ordering: str) -> str:
    """Return what `order_by` does."""
    direction = "DESC" if ordering.startswith("-") else "ASC"
    fields = ORDERINGS[ordering.removeprefix("-")]
    nulls = "" if fields == ("sort_title",) else " NULLS LAST"
    return ", ".join([*(f"{field} {direction}{nulls}" for field in fields), "id"])


ORDER = {
    ordering: order_in_sql(ordering)
    for name in ORDERINGS
    for ordering in (name, f"-{name}")
}


def passing(filters: MovieFilters, *among: Sql) -> Sql:
    """Narrow films, or these, by the filters."""
    wanted = [*among]
    for name, (column, operator) in RANGES.items():
        if (value := getattr(filters, name)) is not None:
            wanted.append(Sql(f"{column} {operator} %s", (value,)))
    if filters.ids is not None:
        wanted.append(has_id(filters.ids))
    if filters.genres:
        wanted.append(has_genres(filters.genres, any_genre=filters.any_genre))
    if filters.person is not None:
        wanted.append(has_person(filters.person))
    if filters.search is not None:
        wanted.append(has_id(best_matches(all_of(wanted), filters.search).ids))
    return all_of(wanted)


def movies_passing(filters: MovieFilters, *, now: datetime) -> QuerySet[Movie]:
    """Return the films that pass, for a query of Django's to go on with."""
    passes = passing(filters, is_listed(now))
    return Movie.objects.filter(
        RawSQL(passes.sql, passes.values, output_field=BooleanField())  # noqa: S611  all values are parameters
    )


def has_id(ids: Sequence[int]) -> Sql:
    return Sql("id = ANY(%s)", (list(ids),))


def has_genres(genres: Sequence[int], *, any_genre: bool) -> Sql:
    if not any_genre:
        return Sql("genres @> %s::jsonb", (json.dumps(genres),))
    return any_of([has_genres([genre], any_genre=False) for genre in genres])


def has_person(person_id: int) -> Sql:
    """Match films of the person under any id that we know them by."""
    return Sql(HAS_PERSON, (read_ids_of_person(person_id),))


def genre_names() -> dict[int, str]:
    """Return the names by id, as they were a moment ago."""
    names: dict[int, str] | None = COPIES.find(GENRE_NAMES)
    if names is None:
        since = COPIES.times_forgotten
        names = dict(Genre.objects.values_list("id", "name"))
        # An empty catalogue is about to be filled; one that changed is read again.
        if names:
            COPIES.keep(GENRE_NAMES, names, keep_s=NAMES_KEPT_S, since=since)
    return names


def forget_copies() -> None:
    """Ask the database again: something of the catalogue changed."""
    COPIES.forget()


@dataclass(frozen=True, slots=True)
class GenreCount:
    id: int
    name: str
    movie_count: int


def count_genres(*, now: datetime) -> list[GenreCount]:
    """Return every genre with the number of its films, by name.

    In a large catalogue the numbers are of some minutes ago.
    """
    films = kept_if_dear(
        "genres",
        lambda: films_by_genre(now=now),
        keep_s=GENRE_COUNTS_KEPT_S,
        lasts=lambda films: sum(films.values()) >= MANY,
    )
    by_name = sorted(genre_names().items(), key=lambda item: (item[1], item[0]))
    return [GenreCount(id_, name, films.get(id_, 0)) for id_, name in by_name]


def films_by_genre(*, now: datetime) -> dict[int, int]:
    element = Cast(
        Func(F("genres"), function="jsonb_array_elements", output_field=JSONField()),
        IntegerField(),
    )
    rows = (
        Movie.objects.filter(shown(now))
        .annotate(genre=element)
        .values_list("genre")
        .annotate(films=Count("*"))
    )
    return dict(rows)


def resolve_genres(values: Sequence[int | str], *, field: str) -> list[int]:
    """Turn ids or names into ids; raises UnknownGenre, naming the first unknown one."""
    names = genre_names()
    by_name = {names[id_].casefold(): id_ for id_ in sorted(names, reverse=True)}
    found = []
    for value in values:
        text = str(value).strip()
        id_ = (
            int(text)
            if text.isdecimal() and len(text) < 10
            else by_name.get(text.casefold())
        )
        if id_ not in names:
            raise UnknownGenre(f"There is no genre {text!r:.60}.", field=field)
        found.append(id_)
    return list(dict.fromkeys(found))


class UnknownGenre(InvalidError):
    code = "unknown_genre"


@dataclass(frozen=True, slots=True)
class Billing:
    """What somebody did in a film, named by the newest id that we know them by."""

    person_id: int
    name: str
    character: str | None
    position: int


@dataclass(frozen=True, slots=True)
class MovieCredits:
    directors: list[Billing]
    cast: list[Billing]


def credits_and_keywords(movie: Movie) -> tuple[MovieCredits, list[tuple[int, str]]]:
    """Return who made the film, and the ids and names of its keywords, by name."""
    found, keywords = read_beside(movie.pk)

    def of(kind: CreditKind) -> list[Billing]:
        return [Billing(*told) for own, *told in found if own == kind]

    made_by = MovieCredits(of(CreditKind.DIRECTOR), of(CreditKind.CAST))
    return made_by, [(id_, name) for id_, name in keywords]
