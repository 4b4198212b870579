"""Taste models to try: one made by hand, one fitted; and people to fold in."""

from functools import cache
from typing import Any

import numpy as np

from nexus.engine.learned.interactions import Known, Vocabulary
from nexus.engine.learned.taste import TasteConfig, TasteModel, fit_taste
from tests.engine.learned.people import table_of_two_kinds

SMALL = TasteConfig(factors=3, seen=4, raters=4, rounds=8)


def model_by_hand(**changes: Any) -> TasteModel:
    """Two films of opposite taste, 10 better than 20; everything else is 0 or 1."""
    facts: dict[str, Any] = {
        "vocabulary": Vocabulary(np.array([10, 20])),
        "groups": (),
        "k": 1,
        "mean": 3.0,
        "quality": np.array([0.5, -0.5, 0.0]),
        "rows": np.array([[1.0, 1.0], [-1.0, 1.0], [0.0, 1.0]]),
        "noise": np.ones(3),
        "doubt": np.array([0.0, 0.0, 0.5]),
        "counts": np.array([50, 30, 0]),
        "precision": np.eye(2),
        "usual": np.zeros(2),
        "seen": np.zeros((2, 1)),
        "pull": np.zeros((1, 2)),
        "unpulled": np.zeros(2),
        "pull_ratings": 0.0,
    }
    return TasteModel(**{**facts, **changes})


@cache
def fitted(pull_ratings: float = 2.0) -> TasteModel:
    table = table_of_two_kinds()
    groups = {
        int(item): ["even", "all"] if at % 2 == 0 else ["all"]
        for at, item in enumerate(table.vocabulary.items)
    }
    config = TasteConfig(
        factors=3, seen=4, raters=4, rounds=8, pull_ratings=pull_ratings
    )
    return fit_taste(table, groups, config=config, rng=np.random.default_rng(0))


def known(columns: list[int], stars: list[float]) -> Known:
    return Known(np.array(columns, dtype=np.intp), np.array(stars))


def draw_known(model: TasteModel, rng: np.random.Generator) -> Known:
    """Some of the films, 0 to all of them, with any stars."""
    n_films = len(model.vocabulary)
    chosen = np.sort(rng.permutation(n_films)[: rng.integers(0, n_films + 1)])
    return Known(chosen, rng.integers(1, 11, chosen.size) / 2)
