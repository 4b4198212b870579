"""What a training has finished so far, on disk: an interrupted one goes on from there.

All of it lies in one folder named by the fingerprint of what is learned from. A stage
appears whole or not at all; the leftovers of other fingerprints are of no use.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from nexus.engine import learned
from nexus.recommendations import artefacts

UNFINISHED: Final = ".unfinished"
FITTED: Final = "fitted"


@dataclass(frozen=True, slots=True)
class Stages:
    fingerprint: str

    @property
    def folder(self) -> Path:
        return artefacts.models_dir() / UNFINISHED / self.fingerprint

    def begin(self) -> None:
        """Make the folder, and remove those of other trainings."""
        for folder in (artefacts.models_dir(), self.folder.parent, self.folder):
            artefacts.make_private(folder)
        for other in self.folder.parent.iterdir():
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)

    def end(self) -> None:
        shutil.rmtree(self.folder.parent, ignore_errors=True)

    def find_fitted(self) -> learned.Model | None:
        """Return the model if it was fitted, and can still be read."""
        fitted = self.folder / FITTED
        if not fitted.exists():
            return None
        try:
            return learned.load(fitted)
        except (learned.UnusableArtefact, OSError):
            shutil.rmtree(fitted)
            return None

    def keep_fitted(self, model: learned.Model, facts: dict[str, Any]) -> learned.Model:
        """Return the model as it will be read: mapped, not in memory."""
        learned.save(model, self.folder / FITTED, training=facts, metrics={})
        return learned.load(self.folder / FITTED)

    def find_part(self, name: str) -> object | None:
        """Return a part of the model if it was fitted, and can still be read."""
        folder = self.folder / name
        try:
            return cast("object", learned.read(folder, learned.CLASSES)[0])
        except (learned.UnusableArtefact, OSError):
            shutil.rmtree(folder, ignore_errors=True)
            return None

    def keep_part(self, name: str, part: object) -> object:
        """Return the part as it will be read."""
        learned.write(part, self.folder / name, training={}, metrics={})
        return learned.read(self.folder / name, learned.CLASSES)[0]

    def find_notes(self, name: str) -> dict[str, Any] | None:
        try:
            text = (self.folder / f"{name}.json").read_text(encoding="utf-8")
            return cast("dict[str, Any]", json.loads(text))
        except (OSError, ValueError):
            return None

    def keep_notes(self, name: str, notes: dict[str, Any]) -> None:
        partial = self.folder / f"{name}.partial"
        with partial.open("w", encoding="utf-8") as file:
            json.dump(notes, file)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(self.folder / f"{name}.json")
