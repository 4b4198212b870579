"""Which trained model counts: activate one, go back to the one before, forget old ones.

Every change locks the table of models, so that simultaneous ones follow each other.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

from django.db import Error, connection, transaction
from django.db.models import Max

from nexus.lib.errors import ConflictError, NotFoundError
from nexus.recommendations import artefacts
from nexus.recommendations.models import TrainedModel

TRAINING: Final = 1_853_187_694  # the class of our advisory lock


class ModelNotFound(NotFoundError):
    code = "model_not_found"


class NoEarlierModel(ConflictError):
    code = "no_earlier_model"


class ModelsChanged(ConflictError):
    code = "models_changed"


class TrainingUnderWay(ConflictError):
    code = "training_under_way"


def active_model() -> TrainedModel | None:
    return TrainedModel.objects.filter(is_active=True).first()


def activate_model(*, version: str, now: datetime) -> TrainedModel:
    """Serve this version from now on; raises ModelNotFound or ModelUnreadable."""
    if not TrainedModel.objects.filter(version=version).exists():
        raise ModelNotFound(f"There is no model {version!r:.60}.")
    artefacts.read_model(version)
    with transaction.atomic():
        lock_models()
        return make_active(version, now=now)


def roll_back(*, now: datetime) -> TrainedModel:
    """Serve the one that was active before, as if the newer had never been active.

    Doing so again goes back further. Raises NoEarlierModel, ModelUnreadable, or
    ModelsChanged.
    """
    earlier = model_before()
    if earlier is None:
        raise NoEarlierModel("There is no model that was active before.")
    artefacts.read_model(earlier.version)  # takes long: nobody waits for it
    with transaction.atomic():
        lock_models()
        if model_before() != earlier:
            raise ModelsChanged("Another model was activated meanwhile: see the list.")
        undone = active_model()
        found = make_active(earlier.version, now=now)
        if undone is not None:
            TrainedModel.objects.filter(pk=undone.pk).update(activated_at=None)
        return found


@transaction.atomic
def deactivate_models() -> str | None:
    """Serve none, so that the rules answer; return the version that was active."""
    lock_models()
    active = active_model()
    if active is None:
        return None
    TrainedModel.objects.filter(pk=active.pk).update(is_active=False)
    return active.version


def prune_models(*, keep: int) -> list[str]:
    """Forget all but the newest; return the versions that are gone.

    The active model stays in any case, and the one before it. Raises TrainingUnderWay.
    """
    with alone():
        return prune_alone(keep)


def prune_alone(keep: int) -> list[str]:
    """Only for who holds the training."""
    with transaction.atomic():
        lock_models()
        gone = TrainedModel.objects.exclude(pk__in=versions_to_keep(keep))
        versions = list(gone.order_by("pk").values_list("pk", flat=True))
        gone.delete()
    # Rows go first: a row without a folder could be activated.
    artefacts.remove(versions)
    artefacts.sweep()
    return versions


def versions_to_keep(count: int) -> set[str]:
    newest = TrainedModel.objects.order_by("-created_at", "pk")[:count]
    kept = [*newest, active_model(), model_before()]
    return {model.pk for model in kept if model is not None}


def model_before() -> TrainedModel | None:
    """Return the inactive model that was active last."""
    earlier = TrainedModel.objects.filter(is_active=False, activated_at__isnull=False)
    return earlier.order_by("-activated_at", "pk").first()


def make_active(version: str, *, now: datetime) -> TrainedModel:
    """Raises ModelNotFound where it was forgotten meanwhile."""
    if (found := active_model()) and found.version == version:
        return found
    TrainedModel.objects.filter(is_active=True).update(is_active=False)
    chosen = TrainedModel.objects.filter(version=version)
    if not chosen.update(is_active=True, activated_at=moment_after_all(now)):
        raise ModelNotFound(f"There is no model {version!r:.60} any more.")
    return chosen.get()


def moment_after_all(now: datetime) -> datetime:
    """Return now, or just after the last activation: a training began long ago."""
    newest = TrainedModel.objects.aggregate(at=Max("activated_at"))["at"]
    return now if newest is None else max(now, newest + timedelta(microseconds=1))


def lock_models() -> None:
    """Let nobody else change models until the transaction ends; all may read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "LOCK TABLE recommendations_trainedmodel IN SHARE ROW EXCLUSIVE MODE"
        )


@contextmanager
def alone() -> Iterator[None]:
    """Hold the training, of all processes; raises TrainingUnderWay.

    The lock is the connection's: it ends with the process, however that ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, 0)", [TRAINING])
        (is_ours,) = cursor.fetchone()
    if not is_ours:
        raise TrainingUnderWay("Another training is under way: wait for its end.")
    try:
        yield
    finally:
        # A connection that broke has let go of it already.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, 0)", [TRAINING])
