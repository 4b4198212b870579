"""What every scorer promises; a new one is a line in SCORERS."""

import copy
import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nexus.engine
from nexus.engine import (
    Catalogue,
    FilmFacts,
    Match,
    Taste,
    build_catalogue,
    score_by_rules,
)
from tests.engine.films import (
    CATALOGUE,
    film,
    film_lists,
    laws,
    love_film,
    space_film,
    tastes,
)

Scorer = Callable[[Catalogue, Taste], Match]

SCORERS: dict[str, Scorer] = {
    "rules-1": lambda catalogue, taste: score_by_rules(catalogue, taste).match,
}

each_scorer = pytest.mark.parametrize("scorer", SCORERS.values(), ids=SCORERS)


@each_scorer
@laws
@given(films=film_lists(), taste=tastes(st.integers(1, 40)))
def test_it_keeps_to_the_scales(
    scorer: Scorer, films: list[FilmFacts], taste: Taste
) -> None:
    match = scorer(build_catalogue(films), taste)

    said = ~np.isnan(match.like)
    assert match.like.shape == (len(films),)
    assert (np.isnan(_table(match)) == ~said).all()
    assert ((match.like >= 0) & (match.like <= 1))[said].all()
    assert ((match.confidence >= 0) & (match.confidence <= 1))[said].all()
    rising = np.stack([match.low, match.expected, match.high])[:, said]
    assert ((rising >= 0.5) & (rising <= 5)).all()
    assert (np.diff(rising, axis=0) >= 0).all()


@each_scorer
@laws
@given(taste=tastes())
def test_it_answers_the_same_each_time(scorer: Scorer, taste: Taste) -> None:
    before = copy.deepcopy(taste)

    one, two = scorer(CATALOGUE, taste), scorer(CATALOGUE, taste)

    assert _table(one).tobytes() == _table(two).tobytes()
    assert taste == before


@each_scorer
@laws
@given(taste=tastes())
def test_it_ignores_films_it_does_not_know(scorer: Scorer, taste: Taste) -> None:
    rated = {**taste.rated, 404: 1.0, -5: 5.0}
    more = dataclasses.replace(taste, rated=rated, movies={*taste.movies, 500})

    one, two = scorer(CATALOGUE, taste), scorer(CATALOGUE, more)

    assert _table(one).tobytes() == _table(two).tobytes()


@each_scorer
def test_it_answers_for_no_film_and_for_one(scorer: Scorer) -> None:
    taste = Taste(rated={1: 4.0}, genres=[1], people=[101], movies=[2])

    assert scorer(build_catalogue([]), taste).like.size == 0
    assert scorer(build_catalogue([film(1)]), taste).like.size == 1
    assert scorer(build_catalogue([film(9)]), Taste()).like.size == 1


@each_scorer
def test_it_expects_more_where_a_like_is_likelier(scorer: Scorer) -> None:
    match = scorer(CATALOGUE, Taste(rated={1: 5.0, 11: 1.5}))

    order = np.argsort(match.like, kind="stable")
    assert (np.diff(match.expected[order]) >= 0).all()


@each_scorer
def test_it_tells_two_kinds_of_members_apart(scorer: Scorer) -> None:
    """Quality floor: four of five held-out pairs are in the right order."""
    rng = np.random.default_rng(42)
    films = [space_film(i, keywords=(11, 12 + i % 3)) for i in range(1, 13)]
    films += [love_film(i, keywords=(21, 22 + i % 3)) for i in range(21, 33)]
    catalogue = build_catalogue(films)
    fan_of_space = np.array([facts.id < 20 for facts in films])

    right = [_held_out(scorer, catalogue, fan_of_space, rng) for _ in range(20)]

    assert np.mean(right) > 0.8


def _held_out(
    scorer: Scorer, catalogue: Catalogue, loved: np.ndarray, rng: np.random.Generator
) -> float:
    """Share of pairs (loved, not loved) ordered rightly after six noisy ratings."""
    stars = np.clip(np.where(loved, 4.5, 2.5) + rng.integers(-1, 2, loved.size), 0.5, 5)
    known = rng.choice(loved.size, size=6, replace=False)
    rated = {int(catalogue.ids[i]): float(stars[i]) for i in known}
    like = scorer(catalogue, Taste(rated=rated)).like
    hidden = np.setdiff1d(np.arange(loved.size), known)
    better, worse = like[hidden[loved[hidden]]], like[hidden[~loved[hidden]]]
    return float((better[:, None] > worse[None, :]).mean())


def test_it_exports_what_it_names() -> None:
    assert all(hasattr(nexus.engine, name) for name in nexus.engine.__all__)


def _table(match: Match) -> np.ndarray:
    fields = dataclasses.fields(match)
    return np.stack([getattr(match, field.name) for field in fields])
