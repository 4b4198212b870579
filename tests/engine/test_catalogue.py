import dataclasses
import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine import (
    Catalogue,
    FilmFacts,
    Match,
    Taste,
    build_catalogue,
    score_by_rules,
)
from tests.engine.films import CATALOGUE, film, film_lists, laws, tastes


def test_it_sorts_the_films_by_id() -> None:
    catalogue = build_catalogue([film(9, year=1999), film(-3), film(5, year=1955)])

    assert catalogue.ids.tolist() == [-3, 5, 9]
    assert catalogue.years[1:].tolist() == [1955, 1999]
    assert math.isnan(catalogue.years[0])
    assert len(catalogue) == 3


def test_it_uses_the_first_five_distinct_names_of_the_cast() -> None:
    catalogue = build_catalogue([film(1, cast=(9, 8, 9, 7, 6, 5, 4))])

    assert sorted(catalogue.cast.weights_of(0)) == [5, 6, 7, 8, 9]


def test_it_ignores_an_average_without_votes() -> None:
    catalogue = build_catalogue([film(1, vote_average=9.9, vote_count=0), film(2)])

    assert catalogue.quality.tolist() == [catalogue.usual_quality] * 2


def test_it_ignores_votes_without_an_average() -> None:
    catalogue = build_catalogue([film(1, vote_count=500)])

    assert catalogue.votes.tolist() == [0]


def test_it_refuses_a_repeated_id() -> None:
    with pytest.raises(ValueError, match="more than once: 4"):
        build_catalogue([film(4), film(5), film(4)])


@pytest.mark.parametrize(
    "facts",
    [
        {"vote_average": -0.1},
        {"vote_average": 10.1},
        {"vote_average": math.nan},
        {"vote_count": -1},
        {"popularity": -1.0},
        {"popularity": math.nan},
        {"popularity": math.inf},
    ],
)
def test_it_refuses_impossible_facts(facts: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="film 8"):
        film(8, **facts)


def test_it_names_films_it_does_not_have() -> None:
    with pytest.raises(ValueError, match="not in the catalogue: 404, 500"):
        CATALOGUE.rows_of([1, 404, 500])


def test_it_keeps_the_order_asked_for() -> None:
    assert CATALOGUE.rows_of([21, 1, 11]).tolist() == [6, 0, 3]


def test_it_refuses_ids_that_are_not_whole() -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        CATALOGUE.rows_of([1.5])  # type: ignore[list-item]


def test_it_may_be_empty() -> None:
    catalogue = build_catalogue([])

    assert len(catalogue) == 0
    assert score_by_rules(catalogue, Taste(rated={1: 4.0})).ids.size == 0


def test_it_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        CATALOGUE.usual_quality = 1.0  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        CATALOGUE.quality[0] = 1.0


@laws
@given(film_lists(), tastes(st.integers(1, 40)), st.randoms(use_true_random=False))
def test_it_does_not_depend_on_the_order_of_anything(
    films: list[FilmFacts], taste: Taste, random: Random
) -> None:
    mixed = random.sample(films, len(films))
    mixed = [_mixed_up(facts, random) for facts in mixed]

    one, other = build_catalogue(films), build_catalogue(mixed)

    assert _bytes(one, taste) == _bytes(other, _mixed_taste(taste, random))


def _mixed_up(facts: FilmFacts, random: Random) -> FilmFacts:
    genres, keywords = list(facts.genres), list(facts.keywords)
    random.shuffle(genres)
    random.shuffle(keywords)
    return dataclasses.replace(facts, genres=tuple(genres), keywords=tuple(keywords))


def _mixed_taste(taste: Taste, random: Random) -> Taste:
    rated = random.sample(list(taste.rated.items()), len(taste.rated))
    genres = random.sample(sorted(taste.genres), len(taste.genres))
    return dataclasses.replace(taste, rated=dict(rated), genres=genres)


def _bytes(catalogue: Catalogue, taste: Taste) -> list[bytes]:
    scores = score_by_rules(catalogue, taste)
    arrays = [catalogue.quality, catalogue.popularity, *_arrays(scores.match)]
    return [np.ascontiguousarray(array).tobytes() for array in arrays]


def _arrays(match: Match) -> list[np.ndarray]:
    return [getattr(match, field.name) for field in dataclasses.fields(match)]
