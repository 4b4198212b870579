"""What the engine is told of films, read from the catalogue."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import orjson

from nexus import engine
from nexus.catalog.expiry import is_listed
from nexus.catalog.models import CreditKind
from nexus.catalog.rows import kept_rows

AT_ONCE: Final = 1_000
# The first of them in order; an older id stands for the real person's.
PEOPLE: Final = """
ARRAY(
  SELECT coalesce(person.replaced_by_id, person.id)
  FROM catalog_credit AS credit JOIN catalog_person AS person ON person.id = person_id
  WHERE movie_id = film.id AND kind = '{}' AND credit.position < 5
  ORDER BY credit.position, credit.id
)
"""
FACTS: Final = f"""
SELECT
  id, year, genres, vote_average, vote_count,
  ARRAY(SELECT keyword_id FROM catalog_movie_keywords WHERE movie_id = film.id),
  {PEOPLE.format(CreditKind.CAST.value)},
  {PEOPLE.format(CreditKind.DIRECTOR.value)}
FROM catalog_movie AS film WHERE id = ANY(%s) AND ({{}})
"""  # noqa: S608  all values are parameters

FactsById = dict[int, engine.FilmFacts]


def facts_of(movie_ids: Iterable[int], *, now: datetime) -> FactsById:
    """Read those of the films that are shown, some at a time."""
    ids, found = sorted(movie_ids), FactsById()
    for start in range(0, len(ids), AT_ONCE):
        found |= read_facts(ids[start : start + AT_ONCE], now=now)
    return found


def read_facts(ids: list[int], *, now: datetime) -> FactsById:
    """Read the films in one query, with what belongs to each as arrays."""
    listed = is_listed(now)
    rows = kept_rows(FACTS.format(listed.sql), [ids, *listed.values])
    return {
        id_: engine.FilmFacts(
            id=id_,
            year=year,
            genres=tuple(orjson.loads(genres)),
            keywords=tuple(keywords),
            cast=tuple(cast),
            directors=tuple(directors),
            vote_average=average,
            vote_count=votes or 0,
            # TMDb's own figure is of this week, and lacking for most films.
            popularity=votes,
        )
        for id_, year, genres, average, votes, keywords, cast, directors in rows
    }
