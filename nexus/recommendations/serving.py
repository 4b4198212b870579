"""The trained model that counts now, mapped once per process and swapped while serving.

Which one counts is a row; one caller looks it up, at most once a second. Another model
is read, and each byte of it checked, by a thread aside while the one before answers:
nobody waits for a swap. Only the first look of a process is waited for, some seconds at
most, and the web server takes it before it takes requests.
"""

import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import Error as DatabaseTrouble
from django.db import connection

from nexus.engine import learned
from nexus.recommendations.artefacts import ModelUnreadable, read_model
from nexus.recommendations.models import TrainedModel

logger = logging.getLogger(__name__)

LOOKED_UP_EVERY: Final = timedelta(seconds=1)
TRIED_AGAIN_AFTER: Final = timedelta(minutes=1)
WAITED_FOR: Final = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Running:
    version: str
    model: learned.Model


@dataclass(frozen=True, slots=True)
class Refused:
    version: str
    at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Loading:
    """A model that is being read since then, until it is done."""

    version: str
    since: datetime
    done: threading.Event = field(default_factory=threading.Event)


class ModelStore:
    """Holds the model of this process."""

    def __init__(self) -> None:
        self.looking = threading.Lock()  # held by who looks up which one counts
        self.swapping = threading.Lock()  # held for moments, by who changes the fields
        self.clear()

    def clear(self) -> None:
        self.found: Running | None = None
        self.looked_at: datetime | None = None
        self.refused: Refused | None = None
        self.loading: Loading | None = None
        self.is_one_active = True  # for all that we know
        self.is_blind = False  # the last look-up failed

    @property
    def is_lacking(self) -> bool:
        """Say whether a model should answer, and none can."""
        return self.found is None and self.is_one_active

    def current(self, *, now: datetime) -> learned.Model | None:
        """Return the model to answer with; None where there is none to be served."""
        found = self.running(now=now)
        return None if found is None else found.model

    def running(self, *, now: datetime) -> Running | None:
        """Return it with its version.

        One that cannot be read is logged, and the model before it stays; so it does
        when the look-up fails. Only an outage of the database is raised.
        """
        # The first caller's answer is waited for: there is nothing to go on with.
        if self.is_due(now) and self.looking.acquire(blocking=self.looked_at is None):
            try:
                if self.is_due(now):
                    self.look(now)
            finally:
                self.looking.release()
        return self.found

    def prepare(self, *, now: datetime) -> None:
        """Have the model ready before the first request, which else tries again."""
        try:
            self.running(now=now)
        except DatabaseTrouble as error:
            logger.warning("no model could be looked up: %s", error)
        connection.close()

    def is_due(self, now: datetime) -> bool:
        """Also when the clock was set back."""
        looked_at = self.looked_at
        return looked_at is None or not (looked_at <= now < looked_at + LOOKED_UP_EVERY)

    def look(self, now: datetime) -> None:
        try:
            active = TrainedModel.objects.filter(is_active=True)
            self.turn_to(active.values_list("version", flat=True).first(), now)
            self.is_blind = False
        except DatabaseTrouble as error:
            if not connection.is_usable():
                raise  # the rest of the answer fails as well, and is to say so
            self.go_on_blind(error)
        if self.looked_at is None:
            self.settle(WAITED_FOR)
        self.looked_at = now

    def go_on_blind(self, error: Exception) -> None:
        """Keep what there is."""
        if not self.is_blind:
            logger.error("the look-up of the model fails", exc_info=error)
        self.is_blind = True

    def turn_to(self, version: str | None, now: datetime) -> None:
        with self.swapping:
            self.is_one_active = version is not None
            if self.loading is not None and self.loading.version == version:
                return
            self.loading = None  # what is being read is not wanted any more
            if version is None:
                self.found = None
            elif not (self.serves(version) or self.is_refused(version, now)):
                self.load(version, now)

    def serves(self, version: str) -> bool:
        return self.found is not None and self.found.version == version

    def is_refused(self, version: str, now: datetime) -> bool:
        """Say whether it could not be read a moment ago: each look costs a read."""
        refused = self.refused
        if refused is None or refused.version != version:
            return False
        return refused.at <= now < refused.at + TRIED_AGAIN_AFTER

    def load(self, version: str, now: datetime) -> None:
        loading = Loading(version, now)
        threading.Thread(target=self.read, args=[loading], daemon=True).start()
        self.loading = loading

    def settle(self, seconds: float | None = None) -> None:
        """Wait until what is being read is served, or refused."""
        loading = self.loading
        if loading and not loading.done.wait(seconds):
            logger.warning(
                "model %s is read for %s s already", loading.version, seconds
            )

    def read(self, loading: Loading) -> None:
        try:
            self.serve(loading, read_model(loading.version))
        except (ModelUnreadable, MemoryError) as error:
            self.refuse(loading, error)
        finally:
            self.end(loading)

    def end(self, loading: Loading) -> None:
        """Whatever else went wrong is a fault of ours: not to be tried at each look."""
        with self.swapping:
            if self.loading is loading:
                self.refused = Refused(loading.version, loading.since)
                self.loading = None
        loading.done.set()

    def serve(self, loading: Loading, model: learned.Model) -> None:
        with self.swapping:
            if self.loading is loading:
                self.found = Running(loading.version, model)
                self.refused = self.loading = None

    def refuse(self, loading: Loading, error: Exception) -> None:
        with self.swapping:
            if self.loading is not loading:
                return
            is_news = self.refused is None or self.refused.version != loading.version
            self.refused, self.loading = Refused(loading.version, loading.since), None
        if is_news:
            logger.error("the active model is not served: %s", error)


MODELS = ModelStore()
