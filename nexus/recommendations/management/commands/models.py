"""`models`: which trained models there are, and which of them is served.

Exit codes: 0 done, 1 not now, 2 there is no such model.
"""

import json
from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from nexus.console import OwnCommand, in_one_line, whole
from nexus.recommendations.management.commands.train import FIGURES, LARGEST
from nexus.recommendations.models import TrainedModel
from nexus.recommendations.operations import activate_model, prune_models, roll_back


class Command(OwnCommand):
    help = "List trained models, choose the one that is served, forget old ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        listing = verbs.add_parser("list", help="The newest first.")
        listing.add_argument("--json", action="store_true", help="For programs.")
        activating = verbs.add_parser("activate", help="Serve this one from now on.")
        activating.add_argument("version", metavar="VERSION")
        verbs.add_parser("rollback", help="Serve the one that was active before.")
        pruning = verbs.add_parser(
            "prune", help="Forget old ones; never the active one or the one before it."
        )
        pruning.add_argument(
            "--keep",
            type=whole(0, LARGEST),
            required=True,
            metavar="N",
            help="The newest N stay.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with in_one_line():
            told = {
                "list": list_models,
                "activate": activate,
                "rollback": go_back,
                "prune": prune,
            }[options["verb"]](options)
        self.stdout.write(told)


def list_models(options: dict[str, Any]) -> str:
    models = TrainedModel.objects.order_by("-created_at", "pk")
    if options["json"]:
        return json.dumps([as_json(model) for model in models])
    return (
        "\n".join(map(as_line, models)) or "There is no model yet: `train` makes one."
    )


def as_json(model: TrainedModel) -> dict[str, Any]:
    activated_at = model.activated_at
    return {
        "version": model.version,
        "is_active": model.is_active,
        "created_at": model.created_at.isoformat(),
        "activated_at": activated_at and activated_at.isoformat(),
        "seed": model.seed,
        "ratings": model.ratings_count,
        "members": model.members_count,
        "metrics": model.metrics,
    }


def as_line(model: TrainedModel) -> str:
    found = model.metrics
    figures = ", ".join(f"{key} {found[key]:.4f}" for key in FIGURES if key in found)
    mark = "*" if model.is_active else " "
    moment = f"{model.created_at:%Y-%m-%d %H:%M}"
    return f"{mark} {model.version}  {moment}  {model.ratings_count} ratings  {figures}"


def activate(options: dict[str, Any]) -> str:
    model = activate_model(version=options["version"], now=timezone.now())
    return f"Model {model.version} is active."


def go_back(options: dict[str, Any]) -> str:
    return f"Model {roll_back(now=timezone.now()).version} is active again."


def prune(options: dict[str, Any]) -> str:
    gone = prune_models(keep=options["keep"])
    return "\n".join([f"Models that are gone: {len(gone)}.", *gone])
