"""What answers while it is measured: a trained model, or the rules."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from bench.homes import run, say
from bench.people import database
from nexus.launch.commands import database_of
from nexus.recommendations.models import TrainedModel
from nexus.recommendations.operations import (
    activate_model,
    active_model,
    deactivate_models,
)

RULES = "rules"


def answering() -> str:
    """Return the version of the active model."""
    active = active_model()
    return RULES if active is None else active.version


def choose(*, untrained: bool) -> None:
    """Let the rules answer, or have a model learned if none is of today."""
    with (
        database_of(settings.HOME, embedded=settings.IS_EMBEDDED),
        database(),
    ):
        if untrained:
            let_rules_answer()
        else:
            require_model()


def let_rules_answer() -> None:
    with transaction.atomic():
        version = deactivate_models()
    if version is not None:
        say(f"Model {version} is active no more: the rules answer.")


def require_model() -> None:
    say("Learning a model, as the product does every day ...")
    told = run(["nexus", "train", "--daily"], {})
    if active_model() is None:
        activate_last()
    if active_model() is None:  # what ended within a day came to nothing
        told = run(["nexus", "train"], {})
    if active_model() is None:
        raise SystemExit(
            f"No model is active after the training. It says: {told.strip()}"
            " `--untrained` measures the rules."
        )


def activate_last() -> None:
    """Serve again what was active before rules were to answer."""
    earlier = TrainedModel.objects.exclude(activated_at=None)
    if last := earlier.order_by("-activated_at").first():
        activate_model(version=last.version, now=timezone.now())
