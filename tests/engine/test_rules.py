import dataclasses
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nexus.engine import (
    Catalogue,
    FilmFacts,
    RulesScores,
    Taste,
    build_catalogue,
    score_by_rules,
)
from nexus.engine.content import similarities
from nexus.engine.neighbours import closeness
from tests.engine.films import (
    ADA,
    CATALOGUE,
    IDS,
    LOVE,
    SPACE,
    film,
    film_lists,
    ids,
    laws,
    space_film,
    stars,
    tastes,
    well_liked,
)


def like(taste: Taste, film_id: int, catalogue: Catalogue = CATALOGUE) -> float:
    return float(score_by_rules(catalogue, taste, [film_id]).match.like[0])


def close(one: int, two: int) -> float:
    rows = CATALOGUE.rows_of([one]), CATALOGUE.rows_of([two])
    return float(closeness(similarities(CATALOGUE.content, *rows))[0, 0])


def test_it_gives_an_even_chance_when_nothing_is_known() -> None:
    match = score_by_rules(CATALOGUE, Taste(), [22]).match

    assert match.like.tolist() == [0.5]
    assert match.expected.tolist() == [3.5]
    assert match.confidence.tolist() == pytest.approx([0.0])


def test_it_moves_with_votes_and_popularity_by_hand() -> None:
    scores = score_by_rules(CATALOGUE, Taste(), [1])

    usual = (65 + 8.5 + 6.5 + 3.0 + 8.5 + 6.5 + 6.4) / 16
    quality = (9000 * 8.5 + 100 * usual) / 9100 - usual
    expected = 1.7 * (0.3 * quality + 0.25 * (11 / 12 - 0.5))
    assert scores.popularity == pytest.approx([expected])
    assert scores.match.like == pytest.approx([1 / (1 + math.exp(-expected))])


def test_it_follows_the_ratings_of_neighbours_by_hand() -> None:
    scores = score_by_rules(CATALOGUE, Taste(rated={1: 5.0, 11: 2.0}), [2])

    mean, near = 3.5, close(1, 2)
    affinity = (5.0 - mean) / (1 + 5) * 1.5 / (near + 1.5)
    history = near * (5.0 - mean) / (near + 1.5)
    assert scores.base == pytest.approx([1.7 * (mean - 3.5)])
    assert scores.genre_affinity == pytest.approx([1.7 * affinity])
    assert scores.rating_history == pytest.approx([1.7 * history])
    assert scores.evidence == pytest.approx([near])


def test_it_follows_declarations_by_hand() -> None:
    taste = Taste(genres=[SPACE], people=[ADA], movies=[1])

    scores = score_by_rules(CATALOGUE, taste, [2])

    near = close(1, 2)
    expected = 0.25 + 0.3 + 0.5 * near / (near + 1.5)
    assert scores.genre_affinity == pytest.approx([1.7 * expected])


def test_it_is_less_certain_of_less_by_hand() -> None:
    near = close(1, 2)

    scores = score_by_rules(CATALOGUE, Taste(rated={1: 5.0, 11: 2.0}), [2])

    taste = 0.36 / (1 + near / 2 + 2 / 40)
    variance = taste + 0.1225 * 100 / 900
    assert scores.uncertainty == pytest.approx([math.sqrt(variance)])
    half = 1.2816 * math.sqrt(variance + 0.64)
    expected = float(scores.match.expected[0])
    assert scores.match.low == pytest.approx([expected - half])
    assert scores.match.high == pytest.approx([min(expected + half, 5)])
    assert scores.match.confidence == pytest.approx([1 - variance / (0.36 + 0.1225)])


def fan() -> tuple[Catalogue, Taste]:
    """Someone who has seen a long series of films and rated those of two kinds."""
    series = [space_film(i, **well_liked()) for i in range(1, 7)]
    tears = [film(i, genres=(LOVE,), keywords=(31,), year=2000) for i in range(31, 36)]
    rated = {1: 5.0, 2: 5.0, 3: 4.5, 4: 5.0, 31: 1.0, 32: 1.0, 33: 1.5}
    catalogue = build_catalogue([*series, *tears, film(50)])
    return catalogue, Taste(rated=rated, genres=[SPACE])


def test_it_gives_plausible_scores() -> None:
    catalogue, taste = fan()

    assert 0.85 <= like(taste, 5, catalogue) <= 0.95
    assert like(taste, 34, catalogue) < 0.25
    assert 0.45 <= like(Taste(), 50, catalogue) <= 0.60


def test_it_moves_visibly_with_the_first_rating() -> None:
    before = like(Taste(), 2)

    assert like(Taste(rated={1: 5.0}), 2) > before + 0.05
    assert like(Taste(rated={1: 1.0}), 2) < before - 0.05


def test_it_leaves_the_own_rating_out() -> None:
    others = {2: 4.5, 11: 2.0}

    assert like(Taste(rated=others | {1: 0.5}), 1) == like(Taste(rated=others), 1)
    assert like(Taste(rated=others | {1: 5.0}), 1) == like(Taste(rated=others), 1)


def test_it_leaves_the_own_declaration_out() -> None:
    assert like(Taste(movies=[1]), 1) == like(Taste(), 1)


def test_it_ignores_what_was_only_watched() -> None:
    assert like(Taste(watched=[1, 2]), 2) == like(Taste(), 2)


def test_it_refuses_a_film_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="not in the catalogue: 404"):
        score_by_rules(CATALOGUE, Taste(), [404])


def test_it_is_more_certain_with_more_ratings_and_votes() -> None:
    few = score_by_rules(CATALOGUE, Taste(rated={1: 4.0}), [2, 13]).uncertainty
    many = score_by_rules(CATALOGUE, Taste(rated={1: 4.0, 3: 4.0}), [2, 13]).uncertainty

    assert (many < few).all()
    assert few[0] < few[1]


@laws
@given(tastes(), ids, stars, stars)
def test_it_never_falls_when_a_rating_is_raised(
    taste: Taste, rated: int, one: float, two: float
) -> None:
    low, high = sorted([one, two])
    before = dataclasses.replace(taste, rated={**taste.rated, rated: low})
    after = dataclasses.replace(taste, rated={**taste.rated, rated: high})

    assert (_logits(after) >= _logits(before) - 1e-12).all()


@laws
@given(film_lists(min_size=5), st.data())
def test_it_never_falls_among_any_films(
    films: list[FilmFacts], data: st.DataObject
) -> None:
    catalogue = build_catalogue(films)
    numbers = catalogue.ids.tolist()
    taste = data.draw(tastes(st.sampled_from(numbers)))
    rated = data.draw(st.sampled_from(numbers))
    low = dataclasses.replace(taste, rated={**taste.rated, rated: 1.0})
    high = dataclasses.replace(taste, rated={**taste.rated, rated: 4.0})

    rise = _logits(high, catalogue) - _logits(low, catalogue)

    assert (rise >= -1e-12).all()
    assert rise[numbers.index(rated)] == pytest.approx(0)


@laws
@given(tastes(), st.integers(1, 6), st.integers(100, 108), ids)
def test_it_never_falls_when_something_is_declared(
    taste: Taste, genre: int, person: int, film_id: int
) -> None:
    before = _logits(taste)

    for more in (
        dataclasses.replace(taste, genres={*taste.genres, genre}),
        dataclasses.replace(taste, people={*taste.people, person}),
        dataclasses.replace(taste, movies={*taste.movies, film_id}),
    ):
        assert (_logits(more) >= before - 1e-12).all()


@laws
@given(tastes(), ids)
def test_it_rises_with_a_near_film_raised(taste: Taste, asked: int) -> None:
    near = [i for i in IDS if i != asked and close(i, asked) > 0.5]
    assume(near)
    low = dataclasses.replace(taste, rated={**taste.rated, near[0]: 2.0})
    high = dataclasses.replace(taste, rated={**taste.rated, near[0]: 5.0})

    assert like(high, asked) > like(low, asked) + 0.01


@laws
@given(tastes())
def test_it_adds_up_to_the_log_odds(taste: Taste) -> None:
    scores = score_by_rules(CATALOGUE, taste)

    odds = scores.match.like / (1 - scores.match.like)
    assert _sum(scores) == pytest.approx(np.log(odds))


@laws
@given(tastes(), st.lists(ids, unique=True))
def test_it_is_the_same_whoever_else_is_asked_about(
    taste: Taste, some: list[int]
) -> None:
    everything = score_by_rules(CATALOGUE, taste)
    part = score_by_rules(CATALOGUE, taste, some)

    rows = CATALOGUE.rows_of(some)
    assert part.ids.tolist() == some
    assert (_sum(part) == _sum(everything)[rows]).all()
    assert (part.uncertainty == everything.uncertainty[rows]).all()


def _sum(scores: RulesScores) -> np.ndarray:
    own = scores.genre_affinity + scores.rating_history
    return scores.base + own + scores.popularity


def _logits(taste: Taste, catalogue: Catalogue = CATALOGUE) -> np.ndarray:
    return _sum(score_by_rules(catalogue, taste))
