"""The crowd's films in the catalogue, and a model that was trained on the crowd.

All are alike but for their parity: who likes one even film likes the others, and no
film that is odd. Only ratings tell, so only a trained model can know.
"""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.forms import model_to_dict
from django.utils import timezone
from pytest_django import Settings

from nexus.catalog.models import Movie
from nexus.recommendations import serving
from nexus.recommendations.models import TrainedModel
from nexus.recommendations.scoring import PANEL
from nexus.recommendations.serving import MODELS
from nexus.recommendations.training import train
from tests.builders import make_genres, make_movie
from tests.recommendations.crowd import FILMS, store_crowd

EVEN = range(1002, 1001 + FILMS, 2)
ODD = range(1001, 1001 + FILMS, 2)
UNKNOWN = 2001  # nobody rated it
TRAINED: dict[Path, TrainedModel] = {}


def fill_cinema() -> None:
    make_genres()
    for movie_id in (*EVEN, *ODD, UNKNOWN):
        make_movie(movie_id, vote_count=5000 - movie_id)


def serve_model(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Train on the crowd, once for all tests; return the version that is active."""
    first = tmp_path_factory.getbasetemp() / "trained"
    settings.MODELS_DIR = first
    forget_model()
    if first not in TRAINED:
        store_crowd()
        train(seed=0, now=timezone.now(), told=lambda *_: None)
        TRAINED[first] = TrainedModel.objects.get()
    row = TRAINED[first]
    TrainedModel.objects.update_or_create(version=row.version, defaults=fields_of(row))
    settings.MODELS_DIR = tmp_path_factory.mktemp("served") / "models"
    shutil.copytree(first, settings.MODELS_DIR)
    return row.version


def fields_of(row: TrainedModel) -> dict[str, object]:
    return model_to_dict(row, exclude=["version"])


def forget_model() -> None:
    """Forget what the process remembers of models: the next test has other ones."""
    MODELS.clear()
    PANEL.clear()


def look_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no look-up for a newer model come between two counts of queries."""
    monkeypatch.setattr(serving, "LOOKED_UP_EVERY", timedelta(hours=1))


def movie(movie_id: int) -> Movie:
    return Movie.objects.get(id=movie_id)
