"""Runs the protocols: splits, contestants and ledgers brought together."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nexus.engine.evaluation import sections
from nexus.engine.evaluation.contestants import Field, Matcher, Ranker
from nexus.engine.evaluation.costs import Watch
from nexus.engine.evaluation.ledger import Ledger, Section
from nexus.engine.evaluation.matches import (
    MatchLedger,
    match_cases,
    measure_match,
    measure_ratings,
)
from nexus.engine.evaluation.rankings import (
    ColdCase,
    Shown,
    cold_cases,
    measure_cold,
    measure_later,
    measure_strong,
    usual_genres,
)
from nexus.engine.evaluation.splits import (
    Fold,
    rating_folds,
    strong_folds,
    temporal_fold,
)
from nexus.engine.learned.cards import choose_cards, most_rated
from nexus.engine.learned.interactions import Ratings, Vocabulary, index
from nexus.engine.learned.prior import Groups

PROTOCOLS = ("strong", "temporal", "rating", "match", "cold", "cost")
RANKED = {"strong", "cold", "cost"}
N_CARDS = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run on: the table, its films' genres if known, and which protocols."""

    ratings: Ratings
    item_groups: Groups | None = None
    folds: int = 5
    seed: int = 0
    only: tuple[str, ...] = PROTOCOLS

    def __post_init__(self) -> None:
        unknown = set(self.only) - set(PROTOCOLS)
        if unknown:
            raise ValueError(f"no such protocol: {', '.join(sorted(unknown))}")

    @property
    def catalogue(self) -> Vocabulary:
        return Vocabulary(np.unique(self.ratings.items))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The tables in the order of the protocols, and raw claims for the plot."""

    sections: tuple[Section, ...]
    claims: MatchLedger


@dataclass(slots=True)
class Ledgers:
    strong: Ledger
    later: Ledger
    stars: Ledger
    cold: Ledger
    claims: MatchLedger
    shown: Shown


def evaluate(plan: Plan, entrants: Field, watch: Watch) -> Outcome:
    """Run the protocols of the plan. That by time is left out if no order is known."""
    books = _open_ledgers(plan)
    if (RANKED | {"match"}) & set(plan.only):
        _run_unseen(plan, entrants, watch, books)
    if "temporal" in plan.only and plan.ratings.order is not None:
        _run_temporal(plan, entrants, watch, books.later)
    if "rating" in plan.only:
        _run_rating(plan, entrants, watch, books.stars)
    return Outcome(_sections(plan, watch, books), books.claims)


def _open_ledgers(plan: Plan) -> Ledgers:
    return Ledgers(
        strong=Ledger(plan.seed),
        later=Ledger(plan.seed),
        stars=Ledger(plan.seed, {"RMSE": np.sqrt}),
        cold=Ledger(plan.seed),
        claims=MatchLedger(plan.seed),
        shown=Shown(len(plan.catalogue)),
    )


def _sections(plan: Plan, watch: Watch, books: Ledgers) -> tuple[Section, ...]:
    made: dict[str, Callable[[], Section]] = {
        "strong": lambda: sections.of_strong(books.strong, books.shown),
        "temporal": lambda: sections.of_temporal(books.later),
        "rating": lambda: sections.of_ratings(books.stars),
        "match": lambda: sections.of_matches(books.claims),
        "cold": lambda: sections.of_cold(books.cold),
        "cost": lambda: sections.of_costs(watch.lines()),
    }
    found = [make() for key, make in made.items() if key in plan.only]
    return tuple(section for section in found if section.lines)


@dataclass(slots=True)
class Fits:
    """Fits on one fold, each contestant once, however many protocols ask for it."""

    train: Ratings
    where: str
    watch: Watch
    fitted: dict[int, Any] = field(default_factory=dict)

    def of(self, contestant: Ranker | Matcher) -> Any:
        if id(contestant) not in self.fitted:
            self.fitted[id(contestant)] = self.watch.fit(
                contestant.name, contestant.fit, self.train, self.where
            )
        return self.fitted[id(contestant)]


def _run_unseen(plan: Plan, entrants: Field, watch: Watch, books: Ledgers) -> None:
    folds = strong_folds(plan.ratings, folds=plan.folds, seed=plan.seed)
    for number, fold in enumerate(folds):
        where = f"unseen people, fold {number + 1} of {plan.folds}"
        fits = Fits(fold.train, where, watch)
        if RANKED & set(plan.only):
            _rank_unseen(plan, fold, entrants, fits, books)
        if "cost" in plan.only and number == 0:
            for ranker in entrants.rankers:
                films = plan.catalogue.items
                watch.time_answers(ranker.name, fits.of(ranker), fold.people, films)
                watch.weigh(ranker.name, fits.of(ranker))
        if "match" in plan.only:
            rng = np.random.default_rng([plan.seed, 4, number])
            cases = match_cases(fold.people, rng=rng)
            for matcher in entrants.matchers:
                measure_match(matcher.name, fits.of(matcher), cases, books.claims)


def _rank_unseen(
    plan: Plan, fold: Fold, entrants: Field, fits: Fits, books: Ledgers
) -> None:
    catalogue = plan.catalogue
    cases = _cold_cases(plan, fold) if "cold" in plan.only else []
    for ranker in entrants.rankers:
        model = fits.of(ranker)
        if "strong" in plan.only:
            strong = (books.strong, books.shown, catalogue)
            measure_strong(ranker.name, model, fold, *strong)
        measure_cold(ranker.name, model, cases, books.cold, catalogue)


def _cold_cases(plan: Plan, fold: Fold) -> list[ColdCase]:
    table = index(fold.train)
    cards = {
        f"{N_CARDS} most rated": table.vocabulary.items[most_rated(table, N_CARDS)],
        f"{N_CARDS} cards": choose_cards(table, N_CARDS),
    }
    usual = None
    if plan.item_groups is not None:
        usual = usual_genres(fold.train, plan.item_groups)
    # Each fold draws its own, the same for all contestants.
    rng = np.random.default_rng([plan.seed, 3, len(fold.train)])
    return cold_cases(fold.people, cards=cards, likely=usual, rng=rng)


def _run_temporal(plan: Plan, entrants: Field, watch: Watch, ledger: Ledger) -> None:
    fold = temporal_fold(plan.ratings)
    for ranker in entrants.rankers:
        model = watch.fit(ranker.name, ranker.fit, fold.train, "later likes")
        measure_later(ranker.name, model, fold.people, ledger, plan.catalogue)


def _run_rating(plan: Plan, entrants: Field, watch: Watch, ledger: Ledger) -> None:
    folds = rating_folds(plan.ratings, folds=plan.folds, seed=plan.seed)
    for number, fold in enumerate(folds):
        where = f"stars, fold {number + 1} of {plan.folds}"
        for predictor in entrants.predictors:
            model = watch.fit(predictor.name, predictor.fit, fold.train, where)
            measure_ratings(predictor.name, model, fold.people, ledger)
