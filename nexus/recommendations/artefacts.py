"""The folders of trained models: one per version in MODELS_DIR, never changed."""

import re
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

from django.conf import settings

from nexus.engine import learned
from nexus.lib.errors import ConflictError
from nexus.recommendations.models import TrainedModel

HASH_LENGTH: Final = 16
VERSION: Final = re.compile(rf"\d{{8}}-[0-9a-f]{{{HASH_LENGTH}}}")
PARTIAL: Final = re.compile(r"\..*\.partial")  # a write that was cut off


class ModelUnreadable(ConflictError):
    """The folder of a version is absent, broken, or another model's."""

    code = "model_unreadable"


def models_dir() -> Path:
    path: Path = settings.MODELS_DIR
    return path


def make_private(folder: Path) -> None:
    """Make it for nobody else on the machine: what is learned tells of people."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def folder_of(version: str) -> Path:
    return models_dir() / version


def version_for(content_hash: str, newest: date) -> str:
    """Name a model by the day of its newest rating, and by what it is."""
    return f"{newest:%Y%m%d}-{content_hash[:HASH_LENGTH]}"


def read_model(version: str) -> learned.Model:
    """Map the model, each byte checked; raises ModelUnreadable."""
    folder = folder_of(version)
    try:
        found = learned.read_facts(folder).content_hash
        if not version.endswith(f"-{found[:HASH_LENGTH]}"):
            raise ModelUnreadable(f"{folder} holds another model than its name says.")
        return learned.load(folder)
    except (learned.UnusableArtefact, OSError) as error:
        raise ModelUnreadable(f"Model {version} cannot be read: {error}.") from error


def remove(versions: Iterable[str]) -> None:
    """Remove the folders; who has one of them mapped keeps it until he lets go."""
    for version in versions:
        shutil.rmtree(folder_of(version), ignore_errors=True)


def sweep() -> None:
    """Remove what runs left that were cut off: only for who holds the training."""
    if not models_dir().is_dir():
        return
    known = set(TrainedModel.objects.values_list("version", flat=True))
    for folder in models_dir().iterdir():
        is_stray = VERSION.fullmatch(folder.name) and folder.name not in known
        if is_stray or PARTIAL.fullmatch(folder.name):
            shutil.rmtree(folder, ignore_errors=True)
