"""The tasks of the catalogue: what the clock starts, and that all may run twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django import app

from nexus.catalog.models import Movie
from nexus.jobs import tasks
from tests.builders import make_movie
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.django_db

HOURLY = {
    "refresh_old_movies",
    "refresh_changed_movies",
    "refresh_trending",
    "purge_old_movies",
    "derive_titles",
}
# Often enough for a machine that is on for a few hours a day.
OFTEN = {"refresh_genres", "refresh_images"}


@pytest.mark.parametrize("name", sorted(HOURLY | OFTEN))
def test_each_may_run_twice(tmdb: TmdbServer, name: str) -> None:
    now = timezone.now()
    make_movie(603, fetched_at=now - timedelta(days=160))
    make_movie(604, fetched_at=now - timedelta(days=181))
    tmdb.changed_ids = [603]
    task: Any = getattr(tasks, name)
    task(timestamp=0)
    films = list(Movie.objects.order_by("id").values())

    task(timestamp=0)

    assert list(Movie.objects.order_by("id").values()) == films


@pytest.mark.parametrize("name", sorted(HOURLY | OFTEN))
def test_each_waits_once(name: str) -> None:
    assert app.tasks[name].queueing_lock == name


def test_a_film_may_be_refreshed_twice(tmdb: TmdbServer) -> None:
    for _ in range(2):
        tasks.refresh_movie(movie_id=603)

    assert Movie.objects.get().credits.count() == 3


def test_the_clock_starts_them_every_few_hours() -> None:
    crons = {
        periodic.task.name: periodic.cron
        for periodic in app.periodic_registry.periodic_tasks.values()
    }

    for name in HOURLY:
        assert crons[name].endswith(" * * * *"), name
    for name in OFTEN:
        assert crons[name].endswith(" */6 * * *"), name
