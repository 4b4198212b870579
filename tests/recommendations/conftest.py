"""Trained models to choose from, fitted once for all tests."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from nexus.engine import learned
from nexus.engine.learned.taste import TasteConfig
from nexus.recommendations.artefacts import folder_of, version_for
from nexus.recommendations.models import TrainedModel
from nexus.recommendations.operations import activate_model
from tests.recommendations.crowd import crowd

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIGURES = {"people": 9, "ndcg_10": 0.4, "ndcg_100": 0.5, "rmse": 0.9, "ece": 0.05}
SMALL = learned.Config(taste=TasteConfig(factors=2, seen=4, raters=4, rounds=2))


@pytest.fixture
def models_dir(settings: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    settings.MODELS_DIR = folder
    return folder


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three models of the crowd, each in a folder named by its version."""
    people, films, stars, moments = map(np.array, zip(*crowd(), strict=True))
    ratings = learned.Ratings(people, films + 1000, stars, moments)
    folder = tmp_path_factory.mktemp("fitted")
    return [save_one(folder, ratings, seed) for seed in range(3)]


def save_one(folder: Path, ratings: learned.Ratings, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    model = learned.fit(ratings, config=SMALL, rng=rng)
    told = folder / str(seed)
    content_hash = learned.save(model, told, training={"seed": seed}, metrics=FIGURES)
    return told.rename(folder / version_for(content_hash, date(2001, 9, 9)))


@pytest.fixture
def versions(models_dir: Path, fitted: list[Path]) -> list[str]:
    """Three models, the oldest first; each was activated in its turn."""
    for seed, folder in enumerate(fitted):
        shutil.copytree(folder, folder_of(folder.name))
        moment = NOW + timedelta(hours=seed)
        TrainedModel.objects.create(
            version=folder.name,
            created_at=moment,
            fingerprint=folder.name,
            seed=seed,
            ratings_count=1000,
            members_count=0,
            metrics=FIGURES,
        )
        activate_model(version=folder.name, now=moment)
    return [folder.name for folder in fitted]
