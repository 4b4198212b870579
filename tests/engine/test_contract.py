"""What every scorer promises; a new one is a line in SCORERS, RANKERS or MATCHERS.

The first answer for a catalogue and a member's taste, the others, learned from ratings,
for any history and any candidates.
"""

import copy
import dataclasses
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nexus.engine
from nexus.engine import (
    Catalogue,
    FilmFacts,
    History,
    Match,
    Model,
    Person,
    Ratings,
    Taste,
    build_catalogue,
    fit,
    score_by_rules,
)
from nexus.engine.arrays import Floats, Ids
from nexus.engine.evaluation.autoencoders import Ease, Rdlae
from nexus.engine.evaluation.biases import Biases, FilmShare
from nexus.engine.evaluation.peers import ItemNeighbours, Popularity, Slim
from tests.engine.films import (
    CATALOGUE,
    IDS,
    film,
    film_lists,
    laws,
    love_film,
    space_film,
    stars,
    tastes,
)
from tests.engine.learned.fitted import RATINGS, SMALL, fit_small, small_model

Scorer = Callable[[Catalogue, Taste], Match]

Rank = Callable[[History, Ids], Floats]
Foresee = Callable[[History, Ids], Match]


@cache
def learned() -> Model:
    """From two kinds of people: who loves films below 20, or the others, up to 32."""
    rng = np.random.default_rng(1)
    films = np.array([*range(1, 15), *range(21, 33)])
    person, film = (each.ravel() for each in np.indices((60, films.size)))
    loves = (person % 2 == 0) == (films[film] < 20)
    rated = rng.random(person.size) < 0.7
    stars = np.where(loves, 4.5, 2.0) + rng.choice([-0.5, 0, 0.5], person.size)
    ratings = Ratings(person[rated], films[film[rated]], stars[rated])
    return fit(ratings, config=SMALL, rng=np.random.default_rng(1))


@cache
def scalable() -> Model:
    return fit_small(config=dataclasses.replace(SMALL, scalable=True))


@cache
def peer(kind: Any) -> Any:
    return kind.fit(RATINGS)


def match_by_learned(catalogue: Catalogue, taste: Taste) -> Match:
    rated = History(list(taste.rated), list(taste.rated.values()))
    return learned().match(rated, catalogue.ids)


def rank_by_rules(history: History, candidates: Ids) -> Floats:
    """The likes of films in the catalogue, NaN for others."""
    pairs = zip(history.items.tolist(), history.stars.tolist(), strict=True)
    found = score_by_rules(CATALOGUE, Taste(rated=dict(pairs)))
    likes = dict(zip(found.ids.tolist(), found.match.like.tolist(), strict=True))
    return np.array([likes.get(id_, np.nan) for id_ in np.asarray(candidates).tolist()])


SCORERS: dict[str, Scorer] = {
    "rules-1": lambda catalogue, taste: score_by_rules(catalogue, taste).match,
    "learned": match_by_learned,
}
RANKERS: dict[str, Rank] = {
    "rules-1": rank_by_rules,
    "learned": lambda *asked: small_model().rank(*asked),
    "learned, scalable": lambda *asked: scalable().rank(*asked),
    "popularity": lambda *asked: peer(Popularity()).rank(*asked),
    "item neighbours": lambda *asked: peer(ItemNeighbours()).rank(*asked),
    "SLIM": lambda *asked: peer(Slim()).rank(*asked),
    "EASE": lambda *asked: peer(Ease()).rank(*asked),
    "RDLAE": lambda *asked: peer(Rdlae()).rank(*asked),
}
MATCHERS: dict[str, Foresee] = {
    "learned": lambda *asked: small_model().match(*asked),
    "biases": lambda *asked: peer(Biases()).match(*asked),
    "share of likes": lambda *asked: peer(FilmShare()).match(*asked),
}
# Each knows some of the first; nobody knows one of the others.
KNOWN = [*IDS, *range(1000, 1030)]
UNKNOWN = [-5, 404, 2**63 - 1]
SCALES = {"like": (0, 1), "expected": (0.5, 5), "low": (0.5, 5), "high": (0.5, 5)}

histories = st.dictionaries(st.sampled_from(KNOWN), stars, max_size=12)
candidates = st.lists(st.sampled_from([*KNOWN, *UNKNOWN]), max_size=12)

# Their parts are their own: who uses them needs none by name.
MADE_BY_FUNCTIONS = {Catalogue, Model, Person}

each_scorer = pytest.mark.parametrize("scorer", SCORERS.values(), ids=SCORERS)
each_ranker = pytest.mark.parametrize("rank", RANKERS.values(), ids=RANKERS)
each_matcher = pytest.mark.parametrize("foresee", MATCHERS.values(), ids=MATCHERS)


def history_of(rated: dict[int, float]) -> History:
    return History(list(rated), list(rated.values()))


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
    """Chances may be drawn to the middle, but never past those of a better film."""
    match = scorer(CATALOGUE, Taste(rated={1: 5.0, 11: 1.5}))

    better = match.expected[:, np.newaxis] > match.expected + 0.5
    likelier = match.like[:, np.newaxis] > match.like
    assert better.any()
    assert likelier[better].all()


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


@each_ranker
@laws
@given(rated=histories, asked=candidates)
def test_a_ranking_has_one_number_for_each_candidate(
    rank: Rank, rated: dict[int, float], asked: list[int]
) -> None:
    scores = rank(history_of(rated), asked)

    assert scores.dtype == np.float64
    assert scores.shape == (len(asked),)
    assert (np.isfinite(scores) | np.isnan(scores)).all()
    assert np.isnan(scores[np.isin(asked, UNKNOWN)]).all()


@each_ranker
@laws
@given(rated=histories, asked=candidates, random=st.randoms(use_true_random=False))
def test_a_ranking_does_not_depend_on_any_order(
    rank: Rank, rated: dict[int, float], asked: list[int], random: Random
) -> None:
    turned = random.sample(list(rated.items()), len(rated))
    places = random.choices(range(len(asked)), k=2 * len(asked)) if asked else []

    scores = rank(history_of(rated), asked)

    again = rank(history_of(dict(turned)), [asked[place] for place in places])
    assert again == pytest.approx(scores[places], rel=1e-12, abs=1e-12, nan_ok=True)


@each_ranker
@laws
@given(rated=histories, asked=candidates)
def test_a_ranking_is_the_same_each_time_and_changes_nothing(
    rank: Rank, rated: dict[int, float], asked: list[int]
) -> None:
    history, films = history_of(rated), np.array(asked, dtype=np.int64)
    before = copy.deepcopy((history, films))

    one, two = rank(history, films), rank(history, films)

    assert one.tobytes() == two.tobytes()
    assert (history.items == before[0].items).all()
    assert (history.stars == before[0].stars).all()
    assert (films == before[1]).all()


@each_ranker
@laws
@given(rated=histories)
def test_a_ranking_ignores_ratings_of_unknown_films(
    rank: Rank, rated: dict[int, float]
) -> None:
    more = {UNKNOWN[0]: 5.0, **rated, UNKNOWN[1]: 0.5}

    one, two = rank(history_of(rated), KNOWN), rank(history_of(more), KNOWN)

    assert one.tobytes() == two.tobytes()


@each_ranker
def test_a_ranking_is_there_for_somebody_new(rank: Rank) -> None:
    scores = rank(History(), KNOWN)

    assert np.isfinite(scores).sum() >= len(IDS)
    assert rank(History(), []).shape == (0,)


@each_matcher
@laws
@given(rated=histories, asked=candidates)
def test_a_match_keeps_to_the_scales_for_each_candidate(
    foresee: Foresee, rated: dict[int, float], asked: list[int]
) -> None:
    match = foresee(history_of(rated), asked)

    for name, (least, most) in SCALES.items():
        values = getattr(match, name)
        assert values.shape == (len(asked),)
        assert ((values >= least) & (values <= most)).all()
    assert ((match.low <= match.expected) & (match.expected <= match.high)).all()


@each_matcher
@laws
@given(rated=histories, asked=candidates, random=st.randoms(use_true_random=False))
def test_a_match_does_not_depend_on_any_order(
    foresee: Foresee, rated: dict[int, float], asked: list[int], random: Random
) -> None:
    turned = random.sample(list(rated.items()), len(rated))
    places = random.choices(range(len(asked)), k=2 * len(asked)) if asked else []

    match = _table(foresee(history_of(rated), asked))

    again = _table(
        foresee(history_of(dict(turned)), [asked[place] for place in places])
    )
    assert again == pytest.approx(match[:, places], rel=1e-12, nan_ok=True)


@each_matcher
@laws
@given(rated=histories, asked=candidates)
def test_a_match_is_the_same_each_time_and_changes_nothing(
    foresee: Foresee, rated: dict[int, float], asked: list[int]
) -> None:
    history, films = history_of(rated), np.array(asked, dtype=np.int64)
    before = copy.deepcopy((history, films))

    one, two = foresee(history, films), foresee(history, films)

    assert _table(one).tobytes() == _table(two).tobytes()
    assert (history.items == before[0].items).all()
    assert (history.stars == before[0].stars).all()
    assert (films == before[1]).all()


@each_matcher
@laws
@given(rated=histories)
def test_a_match_ignores_ratings_of_unknown_films(
    foresee: Foresee, rated: dict[int, float]
) -> None:
    more = {UNKNOWN[0]: 5.0, **rated, UNKNOWN[1]: 0.5}

    one, two = foresee(history_of(rated), KNOWN), foresee(history_of(more), KNOWN)

    assert _table(one).tobytes() == _table(two).tobytes()


@pytest.mark.parametrize("kind", [History, Ratings, Match, Model])
def test_what_holds_arrays_is_equal_to_itself_alone(kind: type) -> None:
    """Arrays have no one answer: comparing two would raise."""
    assert "__eq__" not in vars(kind)


def test_it_exports_what_callers_need_to_make_and_read_what_it_exports() -> None:
    exported = {getattr(nexus.engine, name) for name in nexus.engine.__all__}
    made = filter(dataclasses.is_dataclass, exported - MADE_BY_FUNCTIONS)

    for kind in made:
        for hint in get_type_hints(kind).values():
            needed = {
                one for one in classes(hint) if one.__module__.startswith("nexus")
            }
            assert needed <= exported


def classes(hint: Any) -> Iterator[type]:
    if isinstance(hint, type):
        yield hint
    for part in get_args(hint):
        yield from classes(part)


def test_it_exports_what_it_names() -> None:
    assert all(hasattr(nexus.engine, name) for name in nexus.engine.__all__)


def _table(match: Match) -> np.ndarray:
    fields = dataclasses.fields(match)
    return np.stack([getattr(match, field.name) for field in fields])
