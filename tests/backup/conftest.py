"""An installation with members, ratings and models, and an empty one beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from nexus.accounts.models import User
from nexus.ratings.models import Rating, Viewing
from tests.backup.installation import Installation, empty_database
from tests.builders import NOW, make_movie, make_user
from tests.recommendations.conftest import (  # noqa: F401  the fixtures of models
    fitted,
    models_dir,
    versions,
)
from tests.servers import database_url


@pytest.fixture
def here(tmp_path: Path, models_dir: Path) -> Installation:  # noqa: F811  a fixture
    """The installation whose database is that of this test."""
    url = database_url()
    return Installation(tmp_path / "here", url=url, models=models_dir)


@pytest.fixture
def there(tmp_path: Path, settings: Settings) -> Iterator[Installation]:
    """One without anything."""
    with empty_database("nexus_elsewhere") as url:
        yield Installation(tmp_path / "there", url=url, models=tmp_path / "others")


@pytest.fixture
def member(db: None) -> User:
    user = make_user("mae")
    movie = make_movie(603, title="The Matrix")
    moments = {"created_at": NOW, "updated_at": NOW}
    Rating.objects.create(user=user, movie=movie, half_stars=9, **moments)
    Viewing.objects.create(user=user, movie=movie, created_at=NOW)
    return user


@pytest.fixture
def backup(here: Installation, member: User, tmp_path: Path) -> Path:
    path = tmp_path / "backup.tar"
    done = here.call("backup", str(path))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return path
