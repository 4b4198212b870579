"""Taste models to try: one made by hand, one fitted; and people to fold in."""

from functools import cache
from typing import Any

import numpy as np

from nexus.engine.learned.interactions import Known, Vocabulary
from nexus.engine.learned.rounded import round_rows
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
        "vectors": np.array([[1.0, 1.0], [-1.0, 1.0], [0.0, 1.0]], dtype=np.float32),
        "noise": np.ones(3),
        "doubt": np.array([0.0, 0.0, 0.5]),
        "counts": np.array([50, 30, 0]),
        "precision": np.eye(2),
        "usual": np.zeros(2),
        "seen": round_rows(np.zeros((2, 1))),
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


def drawn(rng: np.random.Generator) -> TasteModel:
    """Any model: sizes and numbers as they come, everything at work at once."""
    n, q, k, g = (
        int(rng.integers(*ends)) for ends in ((2, 30), (1, 6), (1, 6), (0, 5))
    )
    d, root = k + 1 + g, rng.normal(0, 0.5, (k + 1 + g, k + 1 + g))
    groups = rng.integers(0, 2, (n + 1, g)) * rng.uniform(0.3, 1, (n + 1, 1))
    groups[n] = 0
    doubt = rng.uniform(0, 0.3, n + 1)
    return TasteModel(
        vocabulary=Vocabulary(np.sort(rng.permutation(10 * n)[:n])),
        groups=tuple(f"group {at}" for at in range(g)),
        k=k,
        mean=float(rng.uniform(2.5, 4)),
        quality=rng.normal(0, 0.4, n + 1),
        vectors=np.hstack(
            [rng.normal(0, 0.7, (n + 1, k)), np.ones((n + 1, 1)), groups]
        ).astype(np.float32),
        noise=doubt + rng.uniform(0.3, 1.5, n + 1),
        doubt=doubt,
        counts=np.append(rng.integers(1, 90, n), 0),
        precision=root @ root.T + np.diag(rng.uniform(1, 20, d)),
        usual=rng.normal(0, 0.1, d),
        seen=round_rows(rng.normal(0, 0.4, (n, q))),
        pull=rng.normal(0, 0.4, (q, d)),
        unpulled=rng.normal(0, 0.1, d),
        pull_ratings=float(rng.choice([0.0, rng.uniform(0.5, 9)])),
    )


def known(columns: list[int], stars: list[float]) -> Known:
    return Known(np.array(columns, dtype=np.intp), np.array(stars))


def draw_known(model: TasteModel, rng: np.random.Generator) -> Known:
    """Some of the films, 0 to all of them, with any stars."""
    n_films = len(model.vocabulary)
    chosen = np.sort(rng.permutation(n_films)[: rng.integers(0, n_films + 1)])
    return Known(chosen, rng.integers(1, 11, chosen.size) / 2)
