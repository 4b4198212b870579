"""Measuring match scores and stars: are chances true, are ranges kept, how far off."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from nexus.engine.arrays import Bools, Floats, Ints
from nexus.engine.evaluation.bootstrap import Interval, draw_people, interval
from nexus.engine.evaluation.contestants import MatchModel, RatingModel
from nexus.engine.evaluation.ledger import Ledger, Line
from nexus.engine.evaluation.metrics import (
    N_BINS,
    Bins,
    auc,
    bin_claims,
    ece,
    log_losses,
    worst_gap,
)
from nexus.engine.evaluation.splits import HeldOut, take_history
from nexus.engine.learned.interactions import History
from nexus.engine.learned.terms import LIKED_STARS
from nexus.engine.results import Match

# Each is a range of ratings known; the last one tells all there are.
KNOWN = {"0": (0, 0), "1-5": (1, 5), "6-20": (6, 20), "21+": (21, None)}
ALL = "all"
LABELS = {group: f"{group} ratings known" for group in KNOWN} | {ALL: "all together"}
AUC_DRAWS = 200


@dataclass(frozen=True, slots=True)
class MatchCase:
    """One person with so many of their known ratings told."""

    group: str
    person: HeldOut
    told: History


def match_cases(
    people: Sequence[HeldOut], *, rng: np.random.Generator
) -> list[MatchCase]:
    """Protocol 4: each person once in every range of ratings known they can fill."""
    cases = []
    for person in people:
        by_chance = rng.permutation(len(person.known))
        for group, (least, most) in KNOWN.items():
            top = len(person.known) if most is None else min(most, len(person.known))
            if top < least:
                continue
            n = top if most is None else int(rng.integers(least, top + 1))
            told = take_history(person.known, by_chance[:n])
            cases.append(MatchCase(group, person, told))
    return cases


@dataclass(frozen=True, slots=True)
class Claims:
    """What was said of hidden ratings and what was given: one entry each.

    people: int64[k]; stars, like, expected, low, high: float64[k]
    """

    people: Ints
    stars: Floats
    like: Floats
    expected: Floats
    low: Floats
    high: Floats

    @property
    def liked(self) -> Bools:
        return self.stars >= LIKED_STARS


Rows: TypeAlias = dict[tuple[str, str], list[Claims]]


@dataclass(slots=True)
class MatchLedger:
    """Claims by group and contestant, case by case."""

    seed: int
    rows: Rows = field(default_factory=dict)

    def add(self, name: str, case: MatchCase, match: Match) -> None:
        stars = case.person.hidden.stars
        people = np.full(stars.size, case.person.person, dtype=np.int64)
        said = (match.like, match.expected, match.low, match.high)
        if np.isnan(np.stack(said)).any():
            raise ValueError(f"{name} cannot say how a film would be liked")
        self.rows.setdefault((case.group, name), []).append(
            Claims(people, stars, *said)
        )

    def claims(self, group: str, name: str) -> Claims:
        """All claims of a group; ALL joins the groups."""
        groups = KNOWN if group == ALL else [group]
        return join([one for of in groups for one in self.rows.get((of, name), ())])

    def lines(self) -> list[Line]:
        names = list(dict.fromkeys(name for _, name in self.rows))
        groups = [g for g in KNOWN if any(of == g for of, _ in self.rows)]
        return [
            Line(name, LABELS[group], appraise(claims, seed=self.seed))
            for group in (*groups, ALL)
            for name in names
            if (claims := self.claims(group, name)).stars.size
        ]


def measure_match(
    name: str, model: MatchModel, cases: Sequence[MatchCase], ledger: MatchLedger
) -> None:
    for case in cases:
        if len(case.person.hidden):
            match = model.match(case.told, case.person.hidden.items)
            ledger.add(name, case, match)


def measure_ratings(
    name: str, model: RatingModel, people: Sequence[HeldOut], ledger: Ledger
) -> None:
    """Protocol 3: errors of single hidden ratings, summed by person."""
    for person in people:
        said = model.expect(person.person, person.known, person.hidden.items)
        errors, n = person.hidden.stars - said, float(len(person.hidden))
        sums = {
            "RMSE": (float(errors @ errors), n),
            "MAE": (float(np.abs(errors).sum()), n),
        }
        ledger.add_sums(name, "all", sums)


def join(claims: Sequence[Claims]) -> Claims:
    if not claims:
        nothing = np.empty(0)
        return Claims(nothing.astype(np.int64), *[nothing] * 5)
    return Claims(
        people=np.concatenate([one.people for one in claims]),
        stars=np.concatenate([one.stars for one in claims]),
        like=np.concatenate([one.like for one in claims]),
        expected=np.concatenate([one.expected for one in claims]),
        low=np.concatenate([one.low for one in claims]),
        high=np.concatenate([one.high for one in claims]),
    )


def appraise(claims: Claims, *, seed: int) -> dict[str, Interval]:
    """AUC, log-loss, calibration and cover with intervals over people."""
    owners, owner = np.unique(claims.people, return_inverse=True)
    rng = np.random.default_rng([seed, owners.size])
    people = draw_people(owners.size, rng=rng, draws=AUC_DRAWS)
    kept = (claims.low <= claims.stars) & (claims.stars <= claims.high)
    errors = (claims.stars - claims.expected) ** 2
    bins = _calibration(claims, owner, people)
    return {
        "AUC": _auc_interval(claims, owner, people),
        "log-loss": _mean(log_losses(claims.liked, claims.like), owner, people),
        "ECE": bins[0],
        "worst bin": bins[1],
        "80 % cover": _mean(kept.astype(np.float64), owner, people),
        "RMSE": _root(_mean(errors, owner, people)),
    }


def _mean(values: Floats, owner: Ints, people: Floats) -> Interval:
    sums, counts = np.bincount(owner, values), np.bincount(owner)
    return interval(float(values.mean()), (people @ sums) / (people @ counts))


def _root(mean: Interval) -> Interval:
    """Roots keep the order, so quantiles of roots are roots of quantiles."""
    return Interval(*np.sqrt([mean.value, mean.low, mean.high]).tolist())


def _auc_interval(claims: Claims, owner: Ints, people: Floats) -> Interval:
    # Ranks for scores: equal order, and the draws need not sort floats again.
    ranks = np.unique(claims.like, return_inverse=True)[1].astype(np.float64)
    drawn = [auc(claims.liked, ranks, draw[owner]) for draw in people]
    return interval(auc(claims.liked, claims.like), np.array(drawn))


def _calibration(
    claims: Claims, owner: Ints, people: Floats
) -> tuple[Interval, Interval]:
    place = np.minimum((claims.like * N_BINS).astype(np.int64), N_BINS - 1)
    shape = (people.shape[1], N_BINS)
    cell = owner * N_BINS + place
    by_person = [
        np.bincount(cell, values, minlength=shape[0] * shape[1]).reshape(shape)
        for values in (np.ones(cell.size), claims.liked * 1.0, claims.like)
    ]
    whole = bin_claims(claims.liked, claims.like)
    drawn = [
        Bins(*bins) for bins in zip(*(people @ one for one in by_person), strict=True)
    ]
    return (
        interval(ece(whole), np.array([ece(bins) for bins in drawn])),
        interval(worst_gap(whole), np.array([worst_gap(bins) for bins in drawn])),
    )
