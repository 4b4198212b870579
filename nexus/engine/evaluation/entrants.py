"""Who is measured by default: the learned engine first, then its peers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path

import numpy as np

from nexus.engine.arrays import Floats, Ints
from nexus.engine.evaluation.autoencoders import Ease, Rdlae
from nexus.engine.evaluation.biases import Biases, FilmShare
from nexus.engine.evaluation.contestants import Field
from nexus.engine.evaluation.outside import find_outside
from nexus.engine.evaluation.peers import ItemNeighbours, Popularity, Slim
from nexus.engine.learned.artefact import save
from nexus.engine.learned.interactions import History, Ratings
from nexus.engine.learned.model import Config, Model, fit
from nexus.engine.learned.prior import Groups
from nexus.engine.results import Explanation, Match


@dataclass(frozen=True, slots=True)
class Learned:
    """Ours: one model takes part in everything."""

    config: Config = field(default_factory=Config)
    item_groups: Groups | None = field(default=None, repr=False)
    seed: int = 0
    name: str = "Nexus"

    def fit(self, ratings: Ratings) -> "LearnedModel":
        rng = np.random.default_rng(self.seed)
        groups = self.item_groups
        return LearnedModel(
            fit(ratings, config=self.config, item_groups=groups, rng=rng)
        )


@dataclass(frozen=True, slots=True)
class LearnedModel:
    """The public interface, as the protocols ask."""

    model: Model

    def rank(self, history: History, candidates: Ints) -> Floats:
        return self.model.rank(history, candidates)

    def rank_declared(
        self, history: History, candidates: Ints, declared: Sequence[str]
    ) -> Floats:
        return self.model.rank(history, candidates, declared)

    def expect(self, person: int, history: History, candidates: Ints) -> Floats:
        return self.match(history, candidates).expected

    def match(self, history: History, candidates: Ints) -> Match:
        return self.model.match(history, candidates)

    def explain(self, history: History, candidate: int) -> Explanation:
        return self.model.explain(history, candidate)

    def save(self, directory: Path) -> None:
        save(self.model, directory)


def gather(seed: int, item_groups: Groups | None = None) -> Field:
    """All that are there; outside libraries' peers only where they are installed."""
    ours, outside = Learned(item_groups=item_groups, seed=seed), find_outside(seed)
    rankers = (ours, Popularity(), ItemNeighbours(), Ease(), Rdlae(), Slim())
    return Field(
        rankers=(*rankers, *outside.rankers),
        predictors=(ours, Biases(), *outside.predictors),
        matchers=(ours, FilmShare(), Biases(), *outside.matchers),
        absent=outside.absent,
    )


def settings_of(contestant: object) -> str:
    """What it is run with, as `k=100, shrink=10.0`; "fixed" if there is nothing."""
    if not is_dataclass(contestant):
        return "fixed"
    found = [
        f"{each.name}={getattr(contestant, each.name)}"
        for each in fields(contestant)
        if each.name != "name" and each.repr
    ]
    return ", ".join(found) or "fixed"
