"""The trained model that counts now, mapped once per process and swapped while serving.

Which one counts is a row; it is looked up at most once a second. One caller looks and
loads, the others go on with the model they have: nobody waits for a swap.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from nexus.engine import learned
from nexus.recommendations.artefacts import ModelUnreadable, read_model
from nexus.recommendations.models import TrainedModel

logger = logging.getLogger(__name__)

LOOKED_UP_EVERY: Final = timedelta(seconds=1)
TRIED_AGAIN_AFTER: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Running:
    version: str
    model: learned.Model


@dataclass(frozen=True, slots=True)
class Refused:
    version: str
    at: datetime


class ModelStore:
    """Holds the model of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self.found: Running | None = None
        self.looked_at: datetime | None = None
        self.refused: Refused | None = None

    def current(self, *, now: datetime) -> learned.Model | None:
        """Return the model to answer with; None where there is none to be served."""
        found = self.running(now=now)
        return None if found is None else found.model

    def running(self, *, now: datetime) -> Running | None:
        """Return it with its version.

        One that cannot be read is logged, and the model before it stays.
        """
        # The first caller's answer is waited for: there is nothing to go on with.
        if self.is_due(now) and self.lock.acquire(blocking=self.looked_at is None):
            try:
                if self.is_due(now):
                    self.look(now)
            finally:
                self.lock.release()
        return self.found

    def is_due(self, now: datetime) -> bool:
        """Also when the clock was set back."""
        looked_at = self.looked_at
        return looked_at is None or not (looked_at <= now < looked_at + LOOKED_UP_EVERY)

    def look(self, now: datetime) -> None:
        active = TrainedModel.objects.filter(is_active=True)
        version = active.values_list("version", flat=True).first()
        if version is None:
            self.found = None
        elif not (self.serves(version) or self.is_refused(version, now)):
            self.load(version, now)
        self.looked_at = now

    def serves(self, version: str) -> bool:
        return self.found is not None and self.found.version == version

    def is_refused(self, version: str, now: datetime) -> bool:
        """Say whether it could not be read a moment ago: each look costs a read."""
        refused = self.refused
        if refused is None or refused.version != version:
            return False
        return refused.at <= now < refused.at + TRIED_AGAIN_AFTER

    def load(self, version: str, now: datetime) -> None:
        try:
            self.found = Running(version, read_model(version))
            self.refused = None
        except ModelUnreadable as error:
            if self.refused is None or self.refused.version != version:
                logger.error("the active model is not served: %s", error)
            self.refused = Refused(version, now)


MODELS = ModelStore()
