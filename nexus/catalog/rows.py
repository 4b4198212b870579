"""Films read by statements that are written out.

To make a statement anew costs Django several times what PostgreSQL needs to answer it,
and these are asked with nearly every request.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any, Final

import orjson
from django.db import connection
from django.db.models.base import ModelState

from nexus.catalog.conditions import FilmQuery, Sql
from nexus.catalog.models import Movie
from nexus.database.kept import kept_cursor

# Of a film's own page, and of lists.
TOLD_ALONE: Final = """
  id, title, original_title, original_language, year, release_date, runtime, genres,
  overview, tagline, status, imdb_id, poster_path, backdrop_path, trailer_key,
  vote_average, vote_count, popularity, missing_blocks,
  fetched_at, removed_at, purged_at, created_at, updated_at
"""
TOLD_IN_LISTS: Final = """
  id, title, original_title, original_language, year, release_date, runtime, genres,
  poster_path, vote_average, vote_count, popularity, fetched_at, removed_at, purged_at
"""
GENRES: Final = 7  # their place in both
ONE: Final = f"SELECT {TOLD_ALONE} FROM catalog_movie WHERE id = %s"  # noqa: S608
SOME: Final = f"SELECT {TOLD_IN_LISTS} FROM catalog_movie WHERE id = ANY(%s)"  # noqa: S608
# A row's version: each write makes another, by whatever hand.
VERSION: Final = "id, catalog_movie.xmin, catalog_movie.ctid"
SOME_WITH_VERSIONS: Final = f"""
SELECT {TOLD_IN_LISTS}, {VERSION} FROM catalog_movie WHERE id = ANY(%s)
"""  # noqa: S608
LISTED: Final = f"""
SELECT {VERSION}
FROM (SELECT id, row_number() OVER () AS place FROM ({{}}) AS listed) AS page
JOIN catalog_movie USING (id)
ORDER BY place
"""  # noqa: S608
# All films of a narrow list are read to find the first: they are counted, too.
COUNTED: Final = f"""
SELECT {VERSION}, count(*) OVER ()
FROM catalog_movie WHERE {{}} ORDER BY {{}} LIMIT %s OFFSET %s
"""  # noqa: S608
# Both in one statement, as JSON, so that a film's page waits once for them.
BESIDE: Final = """
SELECT (
  SELECT json_agg(
    json_build_array(
      credit.kind, coalesce(person.replaced_by_id, person.id), person.name,
      credit.character, credit.position
    ) ORDER BY credit.position, credit.id
  )::text
  FROM catalog_credit AS credit JOIN catalog_person AS person ON person.id = person_id
  WHERE credit.movie_id = %(id)s
), (
  SELECT json_agg(
    json_build_array(keyword.id, keyword.name) ORDER BY keyword.name, keyword.id
  )::text
  FROM catalog_movie_keywords JOIN catalog_keyword AS keyword ON keyword.id = keyword_id
  WHERE movie_id = %(id)s
)
"""
TITLED: Final = "id, title, missing_blocks, fetched_at, removed_at, purged_at"
TITLES: Final = f"SELECT {TITLED} FROM catalog_movie WHERE id = ANY(%s)"  # noqa: S608
PEOPLE: Final = "SELECT id, name FROM catalog_person WHERE id = ANY(%s)"
PERSON: Final = """
WITH newest AS (
  SELECT coalesce(
    (SELECT replaced_by_id FROM catalog_person WHERE id = %(id)s), %(id)s
  ) AS id
)
SELECT id FROM newest
UNION SELECT %(id)s
UNION SELECT id FROM catalog_person WHERE replaced_by_id = (SELECT id FROM newest)
"""
FIRST_PAGE: Final = (0, 20)  # of the usual size
COUNT: Final = "SELECT count(*) FROM ({} LIMIT %s) AS counted"
PLAN: Final = "EXPLAIN (FORMAT JSON) {}"

Values = Sequence[Any] | dict[str, Any]
Version = tuple[int, str, str]


def read_film(movie_id: int) -> Movie | None:
    """Return the film with all that is told of it; other fields are read on use."""
    return next(iter(films(ONE, [movie_id], TOLD_ALONE)), None)


def read_in_order(ids: Sequence[int]) -> list[Movie]:
    """Return what lists tell of the films; one that was deleted is left out."""
    if not ids:
        return []
    found = {movie.pk: movie for movie in films(SOME, [list(ids)], TOLD_IN_LISTS)}
    return [found[id_] for id_ in ids if id_ in found]


def read_listed(
    films: FilmQuery, *, start: int, end: int, is_wide: bool = False
) -> list[Version]:
    """Return the versions of the films of one page, in their order.

    is_wide: whether many films pass
    """
    is_kept = films.keeps_plan or (is_wide and films.walk is not None)
    if is_kept and (start, end) == FIRST_PAGE:
        first = films.first(end)
        return kept_rows(LISTED.format(first.sql), first.values)
    ids = films.ids(start=start, end=end)
    return rows(LISTED.format(ids.sql), ids.values)


def counted(films: FilmQuery, *, start: int, end: int) -> Sql:
    statement = COUNTED.format(films.condition.sql, films.order)
    return Sql(statement, (*films.condition.values, end - start, start))


def read_counted(
    films: FilmQuery, *, start: int, end: int
) -> tuple[list[Version], int | None]:
    """Return one page of a narrow list, and how many films are on all of them.

    A page without films does not know that.
    """
    asked = counted(films, start=start, end=end)
    found = (kept_rows if films.keeps_plan else rows)(asked.sql, asked.values)
    count = found[0][-1] if found else None
    return [(id_, xmin, ctid) for id_, xmin, ctid, _ in found], count


def read_with_versions(ids: Sequence[int]) -> Iterator[tuple[Version, Movie]]:
    """Yield what lists tell of the films, in any order, with their versions."""
    names = names_of(TOLD_IN_LISTS)
    for *told, id_, xmin, ctid in kept_rows(SOME_WITH_VERSIONS, [list(ids)]):
        yield (id_, xmin, ctid), film(names, told)


def count_rows(films: FilmQuery, *, most: int) -> int:
    """Count the films, `most` of them at most."""
    found = films.unordered
    counted = kept_rows if films.keeps_count else rows
    [[number]] = counted(COUNT.format(found.sql), [*found.values, most])
    return int(number)


def estimate(ids: Sql) -> int:
    """Return how many rows PostgreSQL expects, which costs no reading of them."""
    [[plan]] = rows(PLAN.format(ids.sql), ids.values)
    [found] = orjson.loads(plan) if isinstance(plan, str) else plan
    return int(found["Plan"]["Plan Rows"])


def read_beside(movie_id: int) -> tuple[list[Any], list[Any]]:
    """Return the film's credits and its keywords, both in order.

    A credit is kind, real person's id and name, character and position; a keyword id
    and name.
    """
    [[credits_, keywords]] = kept_rows(BESIDE, {"id": movie_id})
    return orjson.loads(credits_ or "[]"), orjson.loads(keywords or "[]")


def read_titles(ids: Collection[int]) -> list[Movie]:
    """Return the films with their titles, and what says how good our copies are."""
    return films(TITLES, [list(ids)], TITLED) if ids else []


def read_people(ids: Collection[int]) -> dict[int, str]:
    """Return the names by id; of somebody who is gone there is none."""
    return dict(kept_rows(PEOPLE, [list(ids)])) if ids else {}


def read_ids_of_person(person_id: int) -> list[int]:
    """Return the id, the one that replaced it, and those that this one replaced."""
    return [id_ for (id_,) in kept_rows(PERSON, {"id": person_id})]


def films(statement: str, values: Values, columns: str) -> list[Movie]:
    names = names_of(columns)
    return [film(names, row) for row in kept_rows(statement, values)]


@cache
def names_of(columns: str) -> tuple[str, ...]:
    return tuple(columns.replace(",", " ").split())


def film(names: Sequence[str], row: Sequence[Any]) -> Movie:
    """Return what `from_db` would, which asks of each column whether it is there."""
    movie = Movie.__new__(Movie)
    movie._state = ModelState()  # noqa: SLF001  as Django's own __init__ does
    movie._state.adding, movie._state.db = False, "default"  # noqa: SLF001
    movie.__dict__.update(zip(names, row, strict=True))
    if "genres" in movie.__dict__:
        movie.genres = orjson.loads(row[GENRES])
    return movie


def kept_rows(statement: str, values: Values) -> list[tuple[Any, ...]]:
    """Do as `rows` does, with a statement whose plan is kept."""
    with kept_cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def rows(statement: str, values: Values) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
