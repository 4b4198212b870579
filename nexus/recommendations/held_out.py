"""How good a model is, measured on people it has never seen.

Who is held out follows from their number alone, so that nobody is trained on by one
model and asked about by the next: what two models say of them can be compared. They
lose nothing by it, since a model answers for whoever has ratings. Each one's ratings
are split: four fifths are told, the rest is to be foreseen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nexus.engine import learned
from nexus.engine.evaluation.contestants import MatchModel, RankingModel
from nexus.engine.evaluation.metrics import (
    best_columns,
    bin_claims,
    cover,
    ece,
    ndcg,
    rmse,
)
from nexus.recommendations.interactions import Interactions

# Called with the people done and those there are.
Told: TypeAlias = Callable[[int, int], None]
Figures: TypeAlias = dict[str, float]

SHARE: Final = 0.1
FEWEST, MOST = 5, 500
LEAST_RATINGS: Final = 5  # of a person who is asked about
TOLD_SHARE: Final = 0.8
LIKED: Final = 8  # half-stars
# A model is worse than another if one of these figures is by more than this.
MARGINS: Final = {"ndcg_10": 0.02, "ndcg_100": 0.02, "rmse": 0.02, "ece": 0.02}
NEEDED: Final = ("ndcg_10", "rmse")
HIGHER_IS_BETTER: Final = frozenset({"ndcg_10", "ndcg_100"})


class Model(RankingModel, MatchModel, Protocol):
    """What can be measured."""


@dataclass(frozen=True, slots=True)
class Person:
    """What is told of somebody, and what is to be foreseen."""

    known: learned.History
    hidden: learned.History


def held_out(people: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return who is held out, ascending: a tenth of all, at most 500, at least five.

    As more people come, nobody who was trained on becomes one of them (but among the
    first few dozens).
    """
    everybody = np.unique(people)
    places = place_of(everybody)
    count = np.clip(np.count_nonzero(places < SHARE), FEWEST, MOST)
    return np.sort(everybody[np.argsort(places, kind="stable")[:count]])


def place_of(people: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each one's place in 0..1: their number, well mixed.

    Source: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    """
    mixed = people.view(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    return mixed / 2.0**64


def split_people(
    ratings: Interactions, out: NDArray[np.bool_], *, rng: np.random.Generator
) -> list[Person]:
    """Return those marked who have enough ratings, in the order of their numbers."""
    rows = np.flatnonzero(out)
    starts = np.unique(ratings.people[rows], return_index=True)[1][1:]
    return [
        split(ratings, mine, rng)
        for mine in np.split(rows, starts)
        if mine.size >= LEAST_RATINGS
    ]


def split(
    ratings: Interactions, rows: NDArray[np.intp], rng: np.random.Generator
) -> Person:
    mixed = rng.permutation(rows)
    told = round(TOLD_SHARE * mixed.size)
    return Person(
        history_of(ratings, np.sort(mixed[:told])),
        history_of(ratings, np.sort(mixed[told:])),
    )


def history_of(ratings: Interactions, rows: NDArray[np.intp]) -> learned.History:
    return learned.History(
        items=ratings.films[rows].astype(np.int64),
        stars=ratings.half_stars[rows] / 2,
        order=ratings.moments[rows],
    )


def measure(
    model: Model,
    people: Sequence[Person],
    films: NDArray[np.int64],
    *,
    told: Told,
) -> Figures:
    """Return figures by name; `films` is the whole catalogue, ascending.

    ndcg_10, ndcg_100: how far up the liked ones are among all films not told, 0..1
    rmse: of the expected stars; ece: calibration error of the chance of a like, 0..1
    cover: share within the interval (.8 is meant); said: share it could say something
    of. What a model cannot say is never listed, and expected to get the person's mean.
    """
    lists, claims = [], []
    for done, person in enumerate(people, start=1):
        lists.append(ranking_figures(model, person, films))
        claims.append(claims_of(model, person))
        told(done, len(people))
    ndcgs = np.array(lists, dtype=np.float64).reshape(-1, 2)
    if np.isnan(ndcgs).all() or not claims:
        return {"people": len(people)}
    ndcg_10, ndcg_100 = np.nanmean(ndcgs, axis=0)
    figures = {"ndcg_10": ndcg_10, "ndcg_100": ndcg_100, **summed(claims)}
    rounded = {name: round(float(value), 6) for name, value in figures.items()}
    return {"people": len(people), **rounded}


def ranking_figures(
    model: Model, person: Person, films: NDArray[np.int64]
) -> tuple[float, float]:
    scores = np.array(model.rank(person.known, films), dtype=np.float64)
    scores[np.isin(films, person.known.items)] = np.nan
    listed = films[best_columns(scores, 100)]
    liked = person.hidden.items[person.hidden.stars * 2 >= LIKED]
    hits = np.isin(listed, liked)
    return ndcg(hits, liked.size, 10), ndcg(hits, liked.size, 100)


@dataclass(frozen=True, slots=True)
class Claims:
    """What was said of somebody's hidden ratings, and what they gave."""

    stars: NDArray[np.float64]
    like: NDArray[np.float64]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def claims_of(model: Model, person: Person) -> Claims:
    found = model.match(person.known, person.hidden.items)
    mean = float(person.known.stars.mean())
    expected = np.where(np.isnan(found.expected), mean, found.expected)
    return Claims(person.hidden.stars, found.like, expected, found.low, found.high)


def summed(claims: Sequence[Claims]) -> Figures:
    stars, like, expected, low, high = (
        np.concatenate([getattr(one, name) for one in claims])
        for name in ("stars", "like", "expected", "low", "high")
    )
    said = ~np.isnan(like)
    figures = {"rmse": rmse(stars, expected), "said": float(said.mean())}
    if said.any():
        figures["ece"] = ece(bin_claims(stars[said] * 2 >= LIKED, like[said]))
        figures["cover"] = cover(stars[said], low[said], high[said])
    return figures


def unmeasured(found: Figures) -> list[str]:
    """Say what nobody could be asked about: such a model is served to nobody."""
    return [f"{name} cannot be told" for name in NEEDED if name not in found]


def worse(found: Figures, than: Figures) -> list[str]:
    """Say in which figures the first falls behind by more than the margin."""
    reasons = []
    for name, margin in MARGINS.items():
        if name not in than:
            continue
        if name not in found:
            reasons.append(f"{name} cannot be told, and was {than[name]:.4f}")
            continue
        loss = than[name] - found[name]
        if name not in HIGHER_IS_BETTER:
            loss = -loss
        if loss > margin:
            reasons.append(f"{name} is {found[name]:.4f}, and was {than[name]:.4f}")
    return reasons
