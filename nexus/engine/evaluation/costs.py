"""What training and serving take, by a clock that is passed in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np

from nexus.engine.arrays import Ints
from nexus.engine.evaluation.contestants import (
    ExplainingModel,
    RankingModel,
    SavingModel,
)
from nexus.engine.evaluation.ledger import Line
from nexus.engine.evaluation.splits import HeldOut
from nexus.engine.learned.artefact import size_of
from nexus.engine.learned.interactions import Ratings

N_TIMED = 50
TRAINING = "training, s"
RANKING = "one ranking of all films, ms"
EXPLAINING = "one explanation, ms"
STORED = "model on disk, MB"

Model = TypeVar("Model")


@dataclass(slots=True)
class Watch:
    """Times fits (seconds) and answers (milliseconds), weighs files; shows medians."""

    clock: Callable[[], float]
    progress: Callable[[str], None]
    spent: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def fit(
        self, name: str, fit: Callable[[Ratings], Model], ratings: Ratings, where: str
    ) -> Model:
        """Fit, note the seconds and report progress."""
        self.progress(f"{where}: {name} ...")
        started = self.clock()
        model = fit(ratings)
        self._note(name, TRAINING, self.clock() - started)
        return model

    def time_answers(
        self, name: str, model: RankingModel, people: Sequence[HeldOut], films: Ints
    ) -> None:
        for person in people[:N_TIMED]:
            started = self.clock()
            model.rank(person.known, films)
            self._note(name, RANKING, 1000 * (self.clock() - started))
            if isinstance(model, ExplainingModel) and len(person.hidden):
                started = self.clock()
                model.explain(person.known, int(person.hidden.items[0]))
                self._note(name, EXPLAINING, 1000 * (self.clock() - started))

    def weigh(self, name: str, model: object) -> None:
        """Note how many megabytes (10^6 bytes) a model takes that can be saved."""
        if not isinstance(model, SavingModel):
            return
        with TemporaryDirectory() as scratch:
            folder = Path(scratch) / "model"
            model.save(folder)
            self._note(name, STORED, size_of(folder) / 1e6)

    def lines(self) -> list[Line]:
        return [
            Line(
                name,
                "",
                {act: float(np.median(all_of)) for act, all_of in acts.items()},
            )
            for name, acts in self.spent.items()
        ]

    def _note(self, name: str, act: str, amount: float) -> None:
        self.spent.setdefault(name, {}).setdefault(act, []).append(amount)
