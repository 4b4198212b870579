"""A small model, fitted once: two kinds of people who love two kinds of films."""

from functools import cache

import numpy as np

from nexus.engine.learned import Config, History, Model, Ratings, fit
from nexus.engine.learned.pick_sparse import SparseConfig
from nexus.engine.learned.taste import TasteConfig
from tests.engine.evaluation.tables import groups_of, two_kinds

SMALL = Config(
    sparse=SparseConfig(rank=8, support=20, keep=10),
    taste=TasteConfig(factors=3, seen=4, raters=4, rounds=6),
)
RATINGS = two_kinds(people=120, films=30)
# Even films are loved by even people; the history is of one of them.
FAN = History([1000, 1002, 1003, 1005], [5.0, 4.5, 2.0, 1.5], [4, 3, 2, 1])


def fit_small(
    ratings: Ratings = RATINGS, *, seed: int = 1, config: Config = SMALL
) -> Model:
    return fit(
        ratings,
        config=config,
        item_groups=groups_of(ratings),
        rng=np.random.default_rng(seed),
    )


@cache
def small_model() -> Model:
    return fit_small()
