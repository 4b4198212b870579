"""Trains a model on the ratings that are there, and serves it if it is good enough.

One training at a time. It goes through stages; what is finished is kept, so one that
was killed is taken up by starting it again. Equal ratings, seed and program give an
equal version. Nothing is served that was not measured on people it has never seen.

Two models are compared by people whom neither has learned from, asked of both. Where
there are hardly any, what was measured at the active one's own training stands in for
it. One that is lost is served to nobody, and holds up no other.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from nexus import __version__
from nexus.catalog.upkeep import is_recent, last_run, note_run
from nexus.engine import learned
from nexus.recommendations import artefacts
from nexus.recommendations.artefacts import ModelUnreadable
from nexus.recommendations.held_out import (
    FEWEST,
    MARGINS,
    Bounds,
    Figures,
    Person,
    Places,
    is_measured,
    measure,
    places_of,
    split_people,
    unmeasured,
    unseen_by,
    worse,
)
from nexus.recommendations.interactions import Interactions, read_interactions
from nexus.recommendations.models import TrainedModel
from nexus.recommendations.operations import (
    active_model,
    alone,
    deactivate_models,
    lock_models,
    make_active,
    prune_alone,
)
from nexus.recommendations.stages import FITTED, Stages

Stage: TypeAlias = Literal["read", "pick", "taste", "calibration", "measure", "compare"]
# Called with the stage, what is done of it, and all there is to do.
Told: TypeAlias = Callable[[Stage, int, int], None]
T = TypeVar("T")
Outcome: TypeAlias = Literal["activated", "worse", "unchanged", "nothing"]
ComparedBy: TypeAlias = Literal["asking", "notes"]

# Below any of these there is nothing to learn that fixed rules do not do better.
LEAST_RATINGS: Final = 1_000
LEAST_PEOPLE: Final = 20
LEAST_FILMS: Final = 50
JOB: Final = "train_model"
TICK_S: Final = 1.0
# Where a manifest keeps the bounds: by another rule of places, it takes another name.
UNSEEN: Final = "unseen_below"
# For each rating, until a training has told better.
USUAL_S: Final[dict[learned.Part, float]] = {
    "pick": 1e-5,
    "taste": 3e-5,
    "calibration": 7e-5,
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a training came to.

    figures: of the new model, about all who were held out
    active: the version that was active, and is no more if it was deactivated
    compared_by: whether both models were asked about people unseen by both, or what
    was measured at their trainings was taken, or neither: there was none to be read
    beside: the new one's figures for it, compared: the active one's
    reasons: why it is not served; seconds: by stage, those that were not skipped
    """

    outcome: Outcome
    ratings: int
    people: int
    members: int
    films: int
    version: str | None = None
    figures: Figures = field(default_factory=dict)
    active: str | None = None
    is_deactivated: bool = False
    compared_by: ComparedBy | None = None
    beside: Figures = field(default_factory=dict)
    compared: Figures = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The active model beside the new one: see `Report`."""

    active: str | None = None
    compared_by: ComparedBy | None = None
    beside: Figures = field(default_factory=dict)
    compared: Figures = field(default_factory=dict)


def train(*, seed: int, now: datetime, told: Told, keep: int | None = None) -> Report:
    """Train, measure, store and, unless it is worse, activate a model.

    Afterwards forget all but the newest ones to keep. Raises TrainingUnderWay.
    """
    with alone():
        report = train_alone(seed=seed, now=now, told=told)
        artefacts.sweep()
        note_run(JOB, now=now)
        if keep is not None:
            prune_alone(keep)
    return report


def is_due(*, now: datetime) -> bool:
    """Say whether the last training that came to an end is about a day ago.

    Also if the clock was set back since: nobody knows how long ago it is.
    """
    last = last_run(JOB)
    return last is None or last > now or not is_recent(last, now=now)


def train_alone(*, seed: int, now: datetime, told: Told) -> Report:
    ratings = read_interactions(told=partial(told, "read"))
    if is_too_little(ratings):
        # What is active was learned from people most of whom are here no more.
        active = deactivate_models()
        is_deactivated = active is not None
        return report_of(
            ratings, "nothing", active=active, is_deactivated=is_deactivated
        )
    training = Training(ratings, seed, now, told)
    if found := training.find_unchanged():
        training.stages.end()
        reasons = [] if found.is_active else found.metrics.get("reasons", [])
        version = found.version
        return report_of(ratings, "unchanged", version=version, reasons=reasons)
    return training.run()


def is_too_little(ratings: Interactions) -> bool:
    return (
        len(ratings) < LEAST_RATINGS
        or ratings.people_count < LEAST_PEOPLE
        or ratings.films_count < LEAST_FILMS
    )


def report_of(ratings: Interactions, outcome: Outcome, **more: Any) -> Report:
    return Report(
        outcome=outcome,
        ratings=len(ratings),
        people=ratings.people_count,
        members=ratings.members_count,
        films=ratings.films_count,
        **more,
    )


@dataclass
class Training:
    """One run, from the ratings to the activation."""

    ratings: Interactions
    seed: int
    now: datetime
    told: Told
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def stages(self) -> Stages:
        recipe = (__version__, learned.FORMAT_VERSION, learned.Config(), self.seed)
        return Stages(self.ratings.fingerprint(*recipe))

    @cached_property
    def places(self) -> Places:
        return places_of(self.ratings)

    @cached_property
    def is_held_out(self) -> NDArray[np.bool_]:
        return np.isin(self.ratings.people, self.places.held_out())

    @cached_property
    def asked(self) -> list[Person]:
        rng = np.random.default_rng([self.seed, 1])
        return split_people(self.ratings, self.places, rng=rng)

    @cached_property
    def films(self) -> NDArray[np.int64]:
        return np.unique(self.ratings.films).astype(np.int64)

    @property
    def facts(self) -> dict[str, Any]:
        """Say what it was trained on, for the manifest; part of the content's hash."""
        return {
            "fingerprint": self.stages.fingerprint,
            "ratings": int(np.count_nonzero(~self.is_held_out)),
            "seed": self.seed,
            UNSEEN: self.places.bounds(),
        }

    def find_unchanged(self) -> TrainedModel | None:
        """Return the model that was trained on exactly this, if it can be read.

        Where none is active, one that could be served is made anew, to be activated.
        """
        found = TrainedModel.objects.filter(fingerprint=self.stages.fingerprint).first()
        if found is None or (not active_model() and is_measured(found.metrics)):
            return None
        try:
            artefacts.read_model(found.version)
        except ModelUnreadable:
            return None
        return found

    def run(self) -> Report:
        self.stages.begin()
        model = self.stages.find_fitted() or self.fit()
        figures = self.measure(model)
        found = self.compare(model, figures)
        version = self.store(model, figures)
        reasons = [*unmeasured(figures), *worse(found.beside, found.compared)]
        reasons = self.note(version, figures, reasons, instead_of=found.active)
        self.stages.end()
        return report_of(
            self.ratings,
            "worse" if reasons else "activated",
            version=version,
            figures=figures,
            reasons=reasons,
            seconds=self.seconds,
            **asdict(found),
        )

    def fit(self) -> learned.Model:
        ratings = self.ratings.ratings(~self.is_held_out)
        model = learned.fit(
            ratings,
            config=learned.Config(),
            item_groups=self.ratings.groups or None,
            rng=np.random.default_rng(self.seed),
            keep=self.keep_part,
        )
        return self.stages.keep_fitted(model, self.facts)

    def keep_part(self, name: learned.Part, make: Callable[[], T]) -> T:
        """Return the part that a run cut off has kept, else make and keep it."""
        found = self.stages.find_part(name)
        if found is not None:
            return cast("T", found)
        with self.timed(name), ticking(self.told, name, self.expected_s(name)):
            return cast("T", self.stages.keep_part(name, make()))

    def expected_s(self, name: learned.Part) -> float:
        """Go by the last training."""
        last = TrainedModel.objects.order_by("-created_at").first()
        took_s = last.metrics.get("seconds", {}).get(name) if last else None
        if last is None or took_s is None:
            return USUAL_S[name] * len(self.ratings)
        return float(took_s) * len(self.ratings) / last.ratings_count

    def measure(self, model: learned.Model) -> Figures:
        if found := self.stages.find_notes("figures"):
            return found
        with self.timed("measure"):
            told = partial(self.told, "measure")
            figures = measure(model, self.asked, self.films, told=told)
        self.stages.keep_notes("figures", figures)
        return figures

    def compare(self, model: learned.Model, figures: Figures) -> Comparison:
        """Ask both models about those whom neither has learned from.

        If they are too few to tell anything, the active one's training has told
        something. Nothing compares to a model that is lost.
        """
        active = active_model()
        if active is None:
            return Comparison()
        try:
            other = artefacts.read_model(active.version)
            facts = learned.read_facts(artefacts.folder_of(active.version))
        except (ModelUnreadable, learned.UnusableArtefact, OSError):
            return Comparison(active.version)
        found = self.ask_both(model, other, facts.training.get(UNSEEN, {}))
        if found is not None:
            return Comparison(active.version, "asking", *found)
        noted = {key: active.metrics.get(key) for key in ("people", *MARGINS)}
        known = {key: value for key, value in noted.items() if value is not None}
        return Comparison(active.version, "notes", figures, known)

    def ask_both(
        self, model: learned.Model, other: learned.Model, bounds: Bounds
    ) -> tuple[Figures, Figures] | None:
        people = unseen_by(self.asked, bounds)
        if len(people) < FEWEST:
            return None
        with self.timed("compare"):
            found = [
                measure(one, people, self.films, told=partial(self.told, "compare"))
                for one in (model, other)
            ]
        return (found[0], found[1]) if all(map(is_measured, found)) else None

    def store(self, model: learned.Model, figures: Figures) -> str:
        """Write the folder of the version, unless a run cut off has done so."""
        fitted = learned.read_facts(self.stages.folder / FITTED)
        newest = datetime.fromtimestamp(int(self.ratings.moments.max()), UTC).date()
        version = artefacts.version_for(fitted.content_hash, newest)
        try:
            artefacts.read_model(version)
        except ModelUnreadable:
            artefacts.remove([version])
            folder = artefacts.folder_of(version)
            learned.save(model, folder, training=self.facts, metrics=figures)
        return version

    @transaction.atomic
    def note(
        self,
        version: str,
        figures: Figures,
        reasons: list[str],
        *,
        instead_of: str | None,
    ) -> list[str]:
        """Add the row, now that the folder is there; return why it is not activated.

        Without a reason it is, if the active version is the expected one still.
        """
        lock_models()
        active = active_model()
        if not reasons and instead_of != (active.version if active else None):
            reasons = ["another model was activated meanwhile"]
        TrainedModel.objects.update_or_create(
            version=version,
            defaults={
                "created_at": self.now,
                "fingerprint": self.stages.fingerprint,
                "seed": self.seed,
                "ratings_count": len(self.ratings),
                "members_count": self.ratings.members_count,
                "metrics": {**figures, "seconds": self.seconds, "reasons": reasons},
            },
        )
        if not reasons:
            make_active(version, now=self.now)
        return reasons

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        began_s = time.monotonic()
        yield
        self.seconds[stage] = round(time.monotonic() - began_s, 3)


@contextmanager
def ticking(told: Told, stage: Stage, expected_s: float) -> Iterator[None]:
    """Tell every second how long a stage has taken, and will as far as we know."""
    over, began_s = threading.Event(), time.monotonic()
    told(stage, 0, max(1, round(expected_s)))

    def tick() -> None:
        while not over.wait(TICK_S):
            done_s = round(time.monotonic() - began_s)
            # Past what was foreseen nobody knows: a tenth of it more, again and again.
            told(stage, done_s, max(round(expected_s), round(done_s * 1.1)))

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
