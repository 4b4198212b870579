"""How good a model is, measured on people it has never seen.

Everybody has a place in 0..1, and those of the lowest places are held out, of members
and of people from outside apart. A member's place never changes; another's is theirs
within one import only, since a number means somebody else in another one. Where the
places of those begin who were learned from is kept with a model: of two models, only
those are asked about whose places are below both. They lose nothing by it, since a
model answers for whoever has ratings. Each one's ratings are split: four fifths are
told, the rest is to be foreseen.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
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
# By kind: nobody of a lower place was learned from.
Bounds: TypeAlias = Mapping[str, float]

MEMBERS: Final = "members"
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

    kind: str
    place: float
    known: learned.History
    hidden: learned.History


@dataclass(frozen=True, slots=True)
class Places:
    """Everybody who has rated, by ascending number: n of each.

    people: int64, places: float64, is_asked: whether they rated enough to be asked
    outside: the kind of those from outside; after another import it is another one
    """

    people: NDArray[np.int64]
    places: NDArray[np.float64]
    is_asked: NDArray[np.bool_]
    outside: str

    def bounds(self) -> dict[str, float]:
        is_member = self.people > 0
        return {
            kind: bound_of(self.places[are_they], self.is_asked[are_they])
            for kind, are_they in ((MEMBERS, is_member), (self.outside, ~is_member))
        }

    def held_out(self) -> NDArray[np.int64]:
        """Return the numbers of those below the bounds, ascending."""
        bounds = self.bounds()
        of_each = np.where(self.people > 0, bounds[MEMBERS], bounds[self.outside])
        return self.people[self.places < of_each]

    def kind_of(self, number: int) -> str:
        return MEMBERS if number > 0 else self.outside


def places_of(ratings: Interactions) -> Places:
    people, counts = np.unique(ratings.people, return_counts=True)
    told = mixed(people.view(np.uint64))
    return Places(
        people=people,
        places=(told >> np.uint64(11)) / 2.0**53,
        is_asked=counts >= LEAST_RATINGS,
        outside=kind_of_outside(ratings),
    )


def kind_of_outside(ratings: Interactions) -> str:
    """Name them by who rated when: equal names, equal people by equal numbers."""
    is_outside = ratings.people < 0
    found = hashlib.sha256(ratings.people[is_outside].tobytes())
    found.update(ratings.moments[is_outside].tobytes())
    return f"outside-{found.hexdigest()[:16]}"


def bound_of(places: NDArray[np.float64], is_asked: NDArray[np.bool_]) -> float:
    """Hold out a tenth, at most 500, and as many as it takes to ask five of them.

    But never more than a third. Where there is nobody, all who will come are unseen.
    """
    if not places.size:
        return 1.0
    order = np.argsort(places)
    asked = np.flatnonzero(is_asked[order])
    least = int(asked[FEWEST - 1]) + 1 if asked.size >= FEWEST else places.size
    usual = min(int(np.count_nonzero(places < SHARE)), MOST)
    count = min(max(usual, least), places.size // 3)
    return float(places[order[count]])


def mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix the bits well, so that neighbours are far apart.

    Source: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    """
    found = numbers + np.uint64(0x9E3779B97F4A7C15)
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return found ^ (found >> np.uint64(31))


def split_people(
    ratings: Interactions, places: Places, *, rng: np.random.Generator
) -> list[Person]:
    """Return those held out who have enough ratings, in the order of their numbers."""
    is_chosen = np.isin(places.people, places.held_out()) & places.is_asked
    chosen = places.people[is_chosen]
    firsts = np.searchsorted(ratings.people, chosen)
    lasts = np.searchsorted(ratings.people, chosen, side="right")
    of_each = zip(chosen.tolist(), places.places[is_chosen], firsts, lasts, strict=True)
    return [
        split(
            ratings,
            np.arange(first, last),
            rng,
            kind=places.kind_of(number),
            place=float(place),
        )
        for number, place, first, last in of_each
    ]


def split(
    ratings: Interactions,
    rows: NDArray[np.intp],
    rng: np.random.Generator,
    *,
    kind: str,
    place: float,
) -> Person:
    mixed_rows = rng.permutation(rows)
    told = round(TOLD_SHARE * mixed_rows.size)
    return Person(
        kind=kind,
        place=place,
        known=history_of(ratings, np.sort(mixed_rows[:told])),
        hidden=history_of(ratings, np.sort(mixed_rows[told:])),
    )


def unseen_by(people: Sequence[Person], bounds: Bounds) -> list[Person]:
    """Return those whom a model with these bounds has not learned from for certain."""
    return [one for one in people if one.place < bounds.get(one.kind, 0.0)]


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


def is_measured(found: Figures) -> bool:
    return not unmeasured(found)


def unmeasured(found: Figures) -> list[str]:
    """Say why too little is known of a model: such a one is served to nobody."""
    people = found.get("people", 0)
    if people < FEWEST:
        told = f"only {people:.0f} people could be asked about, and it takes {FEWEST}"
        return [f"{told} who gave {LEAST_RATINGS} ratings"]
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
