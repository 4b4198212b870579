"""Measuring rankings: unseen people, later likes, and people with little history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nexus.engine.arrays import Bools, Floats, Ids, Ints
from nexus.engine.evaluation.contestants import DeclaringModel, RankingModel
from nexus.engine.evaluation.ledger import Ledger
from nexus.engine.evaluation.metrics import best_columns, ndcg, recall
from nexus.engine.evaluation.splits import Fold, HeldOut, take_history
from nexus.engine.learned.interactions import History, Ratings, Vocabulary
from nexus.engine.learned.prior import Groups
from nexus.engine.learned.terms import LIKED_STARS

RATED_HIDDEN = "all rated films hidden"
LIKES_HIDDEN = "only the known likes hidden"
EVERYBODY, RETURNING, NEWCOMERS = "everybody", "known before", "newcomers"
COLD_COUNTS = (0, 1, 3, 5, 10)
DECLARED_GENRES = 3
DEEPEST = 100


@dataclass(slots=True)
class Shown:
    """Which films were in somebody's first 20, by group and contestant."""

    n_films: int
    films: dict[tuple[str, str], set[int]] = field(default_factory=dict)

    def add(self, group: str, contestant: str, listed: Ints) -> None:
        self.films.setdefault((group, contestant), set()).update(listed[:20].tolist())

    def coverage(self, group: str, contestant: str) -> float:
        return len(self.films[group, contestant]) / self.n_films


def measure_strong(
    name: str,
    model: RankingModel,
    fold: Fold,
    ledger: Ledger,
    shown: Shown,
    catalogue: Vocabulary,
) -> None:
    """Protocol 1: rank the whole catalogue for each, under both masks.

    ValueError if the model hides what is rated: then the masks could not differ.
    """
    trained = np.isin(catalogue.items, fold.train.items)
    for person in fold.people:
        if not n_liked(person.hidden):
            continue
        scores = model.rank(person.known, catalogue.items)
        rated = catalogue.columns(person.known.items)
        if np.isnan(scores[rated[trained[rated]]]).any():
            raise ValueError(f"{name} must score rated films too")
        known_likes = person.known.items[person.known.stars >= LIKED_STARS]
        masks = {RATED_HIDDEN: person.known.items, LIKES_HIDDEN: known_likes}
        for mask, hidden in masks.items():
            listed = list_films(scores, hidden, catalogue)
            ledger.add(name, mask, figures(listed, person.hidden, catalogue))
            shown.add(mask, name, listed)


def measure_later(
    name: str,
    model: RankingModel,
    people: Sequence[HeldOut],
    ledger: Ledger,
    catalogue: Vocabulary,
) -> None:
    """Protocol 2: rank what each will like later, apart for those not seen before."""
    for person in people:
        if not n_liked(person.hidden):
            continue
        scores = model.rank(person.known, catalogue.items)
        listed = list_films(scores, person.known.items, catalogue)
        found = figures(listed, person.hidden, catalogue)
        ledger.add(name, EVERYBODY, found)
        ledger.add(name, RETURNING if len(person.known) else NEWCOMERS, found)


@dataclass(frozen=True, slots=True)
class ColdCase:
    """What one person tells at the start; declared None: is not asked for genres."""

    group: str
    person: HeldOut
    told: History
    declared: tuple[str, ...] | None


def cold_cases(
    people: Sequence[HeldOut],
    *,
    cards: Mapping[str, Ids],
    likely: "Usual | None",
    rng: np.random.Generator,
) -> list[ColdCase]:
    """Protocol 5: the first 0..10 ratings, genres, or answers to onboarding cards."""
    cases = []
    for person in people:
        if not n_liked(person.hidden):
            continue
        by_chance = rng.permutation(len(person.known))
        told = {
            _count(n): take_history(person.known, by_chance[:n]) for n in COLD_COUNTS
        }
        told |= {label: answers(person.known, films) for label, films in cards.items()}
        cases += [ColdCase(label, person, one, None) for label, one in told.items()]
        if likely is not None:
            genres = likely.declared_by(person.known)
            cases += [
                ColdCase(f"{label} + genres", person, told[label], genres)
                for label in (_count(0), *cards)
            ]
    return cases


def measure_cold(
    name: str,
    model: RankingModel,
    cases: Sequence[ColdCase],
    ledger: Ledger,
    catalogue: Vocabulary,
) -> None:
    """Known films that are not told are out of the lists, too: neither right nor wrong.

    So all groups have the same candidates and the same hidden likes.
    """
    for case in cases:
        if case.declared is None:
            scores = model.rank(case.told, catalogue.items)
        elif isinstance(model, DeclaringModel):
            scores = model.rank_declared(case.told, catalogue.items, case.declared)
        else:
            continue
        listed = list_films(scores, case.person.known.items, catalogue)
        found = figures(listed, case.person.hidden, catalogue)
        ledger.add(name, case.group, {**found, "ratings told": float(len(case.told))})


def _count(n: int) -> str:
    return "1 rating" if n == 1 else f"{n} ratings"


def figures(listed: Ints, hidden: History, catalogue: Vocabulary) -> dict[str, float]:
    """NDCG and recall of a list of columns against the hidden likes."""
    liked = catalogue.columns(hidden.items[hidden.stars >= LIKED_STARS])
    hits: Bools = np.isin(listed, liked)
    return {
        "NDCG@10": ndcg(hits, liked.size, 10),
        "NDCG@100": ndcg(hits, liked.size, 100),
        "Recall@20": recall(hits, liked.size, 20),
        "Recall@50": recall(hits, liked.size, 50),
    }


def list_films(scores: Floats, masked: Ints, catalogue: Vocabulary) -> Ints:
    """The columns of the first 100, those of masked films left out."""
    open_scores = scores.copy()
    open_scores[catalogue.columns(masked)] = np.nan
    return best_columns(open_scores, DEEPEST)


def n_liked(history: History) -> int:
    return int(np.count_nonzero(history.stars >= LIKED_STARS))


def answers(known: History, cards: Ids) -> History:
    """The person's ratings of the cards' films, as far as they have seen them."""
    return take_history(known, np.flatnonzero(np.isin(known.items, np.asarray(cards))))


@dataclass(frozen=True, slots=True)
class Usual:
    """How often each genre occurs among all likes in training: what is remarkable?"""

    item_groups: Groups
    shares: Mapping[str, float]

    def declared_by(self, known: History) -> tuple[str, ...]:
        """The three genres most above the usual among a person's known likes.

        By (count - expected) / sqrt(expected), expected = likes * usual share: a stand-
        in for what the person would tick, taken from known ratings alone.
        """
        liked = known.items[known.stars >= LIKED_STARS]
        counts = count_groups(liked, self.item_groups)
        remarkable = {
            genre: (counts.get(genre, 0) - len(liked) * share)
            / np.sqrt(max(len(liked), 1) * share)
            for genre, share in self.shares.items()
        }
        best = sorted(remarkable, key=lambda genre: (-remarkable[genre], genre))
        return tuple(best[:DECLARED_GENRES]) if len(liked) else ()


def usual_genres(ratings: Ratings, item_groups: Groups) -> Usual:
    liked = ratings.items[ratings.stars >= LIKED_STARS]
    counts = count_groups(liked, item_groups)
    return Usual(item_groups, {genre: n / liked.size for genre, n in counts.items()})


def count_groups(films: Ints, item_groups: Groups) -> dict[str, int]:
    counts: dict[str, int] = {}
    for film, times in zip(*np.unique(films, return_counts=True), strict=True):
        for genre in item_groups.get(int(film), ()):
            counts[genre] = counts.get(genre, 0) + int(times)
    return counts
