"""Calibration on people the model never saw, though the final model sees everybody.

The people are dealt into folds; a model fitted without a fold folds its people in from
part of their ratings and foresees the rest (cross-fitting). Of the ratings not hidden
each person tells none, 1 to 5, 6 to 20 and all, the last only if there are 21 or more:
once for each range of `KNOWN_FROM` that they reach, so that short histories are
calibrated too.
"""

from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from nexus.engine.arrays import Bools, Floats, Ints, freeze
from nexus.engine.learned.calibration import (
    KNOWN_FROM,
    Calibration,
    Foreseen,
    calibrate,
)
from nexus.engine.learned.fold_in import fold_in
from nexus.engine.learned.interactions import Columns, Known, Table, Vocabulary
from nexus.engine.learned.matching import foresee
from nexus.engine.learned.prior import Groups
from nexus.engine.learned.taste import TasteConfig, TasteModel, fit_taste

FOLDS = 4
# With so many held-out people one fold is enough.
ENOUGH_PEOPLE = 4000
HIDDEN_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Held:
    """What was foreseen of people not in the training, and the stars they gave."""

    foreseen: Foreseen
    stars: Floats


def calibrate_on_held_out(
    table: Table,
    item_groups: Groups | None = None,
    *,
    config: TasteConfig | None = None,
    rng: np.random.Generator,
) -> Calibration:
    """Fit up to FOLDS models on part of the people and calibrate on the others."""
    held = hold_out(table, item_groups, config=config, rng=rng)
    return calibrate(held.foreseen, held.stars)


def hold_out(
    table: Table,
    item_groups: Groups | None = None,
    *,
    config: TasteConfig | None = None,
    rng: np.random.Generator,
) -> Held:
    """What models say of people they did not see; nothing from a single person."""
    dealt = rng.permutation(table.n_users)
    found = [_nothing()]
    for fold in _folds(dealt):
        chosen = np.zeros(table.n_users, dtype=np.bool_)
        chosen[fold] = True
        rest = take_people(table, ~chosen)
        model = fit_taste(rest, item_groups, config=config, rng=rng)
        found += [
            one
            for person in np.flatnonzero(chosen).tolist()
            for one in _foresee_person(model, table, person, rng)
        ]
    return _join(found)


def _folds(dealt: Ints) -> list[Ints]:
    if dealt.size < 2:
        return []
    if dealt.size >= FOLDS * ENOUGH_PEOPLE:
        return [dealt[:ENOUGH_PEOPLE]]
    return list(np.array_split(dealt, min(FOLDS, dealt.size)))


def take_people(table: Table, chosen: Bools) -> Table:
    """The table of some people only, bool[n_users], with the films they rated."""
    kept = chosen[table.users]
    users, items = table.users[kept], table.items[kept]
    columns, items = np.unique(items, return_inverse=True)
    order = None if table.order is None else freeze(table.order[kept])
    return Table(
        users=freeze((np.cumsum(chosen) - 1)[users].astype(np.intp)),
        items=freeze(items.astype(np.intp)),
        stars=freeze(table.stars[kept]),
        order=order,
        n_users=int(chosen.sum()),
        vocabulary=Vocabulary(freeze(table.vocabulary.items[columns])),
    )


def _foresee_person(
    model: TasteModel, table: Table, person: int, rng: np.random.Generator
) -> list[Held]:
    first, last = np.searchsorted(table.users, [person, person + 1])
    ids = table.vocabulary.items[table.items[first:last]]
    columns, stars = model.vocabulary.columns(ids), table.stars[first:last]
    shuffled = rng.permutation(columns.size)
    # Of two ratings one: those with few ratings are to be calibrated too.
    split = columns.size - max(round(HIDDEN_SHARE * columns.size), columns.size > 1)
    known, hidden = shuffled[:split], shuffled[split:]
    if not hidden.size:
        return []
    return [
        _foresee(
            model, _told(columns, stars, known[:n]), columns[hidden], stars[hidden]
        )
        for n in _sizes(known.size, rng)
    ]


def _sizes(known: int, rng: np.random.Generator) -> list[int]:
    """How many ratings to tell: one number of each range that can be filled."""
    return [
        known if end is None else int(rng.integers(least, min(end, known + 1)))
        for least, end in zip_longest(KNOWN_FROM, KNOWN_FROM[1:])
        if known >= least
    ]


def _told(columns: Columns, stars: Floats, chosen: Ints) -> Known:
    found = np.sort(chosen[columns[chosen] >= 0])
    return Known(columns[found], stars[found])


def _foresee(model: TasteModel, told: Known, columns: Columns, stars: Floats) -> Held:
    return Held(foresee(model, fold_in(model, told), columns), stars)


def _nothing() -> Held:
    none, nothing = np.empty(0, dtype=np.int64), np.empty(0)
    return Held(Foreseen(none, none, nothing, nothing), nothing)


def _join(held: list[Held]) -> Held:
    foreseen = [one.foreseen for one in held]
    return Held(
        Foreseen(
            known=np.concatenate([one.known for one in foreseen]),
            counts=np.concatenate([one.counts for one in foreseen]),
            expected=np.concatenate([one.expected for one in foreseen]),
            sd=np.concatenate([one.sd for one in foreseen]),
        ),
        np.concatenate([one.stars for one in held]),
    )
