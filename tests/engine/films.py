"""Invented films and members, and the strategies that make more of them."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from nexus.engine import Catalogue, FilmFacts, Taste, build_catalogue

# The same examples on every run: a flaky law would be no law.
laws = settings(max_examples=60, deadline=None, derandomize=True, database=None)

SPACE, LOVE, CRIME, LAUGHS = 1, 2, 3, 4
ADA, BO, CY, DEE, EVE = 101, 102, 103, 104, 105


def film(id: int, **facts: Any) -> FilmFacts:  # noqa: A002 - the field's own name
    return FilmFacts(id, **facts)


def space_film(id: int, **facts: Any) -> FilmFacts:  # noqa: A002
    """One of a series: same genre, keywords, director and star."""
    facts = {"year": 2000, "genres": (SPACE,), "cast": (BO,), **facts}
    return FilmFacts(id, **{"keywords": (11, 12), "directors": (ADA,), **facts})


def love_film(id: int, **facts: Any) -> FilmFacts:  # noqa: A002
    facts = {"year": 1995, "genres": (LOVE, LAUGHS), "cast": (DEE,), **facts}
    return FilmFacts(id, **{"keywords": (21, 22), "directors": (CY,), **facts})


def well_liked(**facts: Any) -> dict[str, Any]:
    return {"vote_average": 8.5, "vote_count": 9000, "popularity": 90.0, **facts}


def small_catalogue() -> Catalogue:
    """Two series (1-3 and 11-13), a film apart (21) and one of which nothing is known.

    1 and 11 are praised by many, 3 is panned, the others are middling.
    """
    return build_catalogue(
        [
            space_film(1, **well_liked()),
            space_film(2, year=2003, vote_average=6.5, vote_count=800, popularity=20.0),
            space_film(3, year=2006, vote_average=3.0, vote_count=900, popularity=9.0),
            love_film(11, **well_liked(popularity=60.0)),
            love_film(12, year=1996, vote_average=6.5, vote_count=90, popularity=5.0),
            love_film(13, year=1999, vote_average=6.4, vote_count=10, popularity=1.0),
            film(21, year=1960, genres=(CRIME,), directors=(EVE,), vote_count=0),
            film(22),
        ]
    )


CATALOGUE = small_catalogue()
IDS: list[int] = CATALOGUE.ids.tolist()

ids = st.sampled_from(IDS)
stars = st.integers(1, 10).map(lambda half_stars: half_stars / 2)


def features(first: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(st.integers(first, first + 5), max_size=4).map(tuple)


@st.composite
def films(draw: st.DrawFn, id: int) -> FilmFacts:  # noqa: A002
    return FilmFacts(
        id,
        year=draw(st.none() | st.integers(1900, 2030)),
        genres=draw(features(1)),
        keywords=draw(features(10)),
        cast=draw(features(100)),
        directors=draw(features(103)),
        vote_average=draw(st.none() | st.floats(0, 10)),
        vote_count=draw(st.integers(0, 10_000)),
        popularity=draw(st.none() | st.floats(0, 500)),
    )


@st.composite
def film_lists(draw: st.DrawFn, min_size: int = 1) -> list[FilmFacts]:
    numbers = st.lists(st.integers(1, 40), min_size=min_size, max_size=10, unique=True)
    return [draw(films(number)) for number in draw(numbers)]


@st.composite
def tastes(draw: st.DrawFn, among: st.SearchStrategy[int] = ids) -> Taste:
    return Taste(
        rated=draw(st.dictionaries(among, stars, max_size=8)),
        genres=draw(st.frozensets(st.integers(1, 6), max_size=3)),
        people=draw(st.frozensets(st.integers(100, 108), max_size=3)),
        movies=draw(st.frozensets(among, max_size=3)),
        watched=draw(st.frozensets(among, max_size=3)),
    )
