from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from nexus.catalog import images
from nexus.catalog.queries import forget_copies
from nexus.jobs import tasks
from nexus.valkey import ask
from tests.builders import NOW, make_movie
from tests.client import Api
from tests.tmdb_server import TmdbServer

FILM = 910_005
DOCUMENTED = (
    "https://image.tmdb.org/t/p/w500/p.jpg",
    "https://image.tmdb.org/t/p/w1280/b.jpg",
)


@pytest.fixture(autouse=True)
def _film(genres: None) -> None:
    make_movie(
        FILM,
        poster_path="/p.jpg",
        backdrop_path="/b.jpg",
        fetched_at=timezone.now(),
    )


def addresses() -> tuple[str, str]:
    told = Api().get(f"/api/movies/{FILM}/").json
    return told["poster_url"], told["backdrop_url"]


def test_it_works(tmdb: TmdbServer) -> None:
    images.refresh_images(now=NOW)

    # This TMDb has no backdrops of the size that is shown: it offers the original.
    assert addresses() == (
        "https://images.test/t/p/w500/p.jpg",
        "https://images.test/t/p/original/b.jpg",
    )


def test_a_job_asks_for_them(tmdb: TmdbServer) -> None:
    tasks.refresh_images(timestamp=0)

    assert addresses()[0] == "https://images.test/t/p/w500/p.jpg"


def test_they_are_where_tmdb_documents_them_until_it_said(tmdb: TmdbServer) -> None:
    assert addresses() == DOCUMENTED
    assert not tmdb.calls["/configuration"]


def test_without_a_key_they_are_where_tmdb_documents_them() -> None:
    images.refresh_images(now=NOW)

    assert addresses() == DOCUMENTED


def test_an_old_address_is_better_than_none(tmdb: TmdbServer) -> None:
    images.refresh_images(now=NOW)
    tmdb.fail("503")

    found = images.images(now=NOW + timedelta(days=60))

    assert found.poster("/p.jpg") == "https://images.test/t/p/w500/p.jpg"


@pytest.mark.parametrize("path", [None, ""])
def test_no_path_is_no_address(path: str | None) -> None:
    assert images.DOCUMENTED.poster(path) is None
    assert images.DOCUMENTED.backdrop(path) is None


def test_a_process_hears_of_another_address(tmdb: TmdbServer) -> None:
    before = addresses()
    images.refresh_images(now=NOW)

    forget_copies()

    assert before == DOCUMENTED
    assert addresses()[0] == "https://images.test/t/p/w500/p.jpg"


def test_a_process_that_hears_nothing_asks_again(
    tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "KEPT_S", 0.0)
    before = addresses()

    images.refresh_images(now=NOW)

    assert addresses() != before


def round_trips() -> int:
    """Return how often Valkey was asked for anything, this time included."""
    told = ask(lambda client: client.info("stats"))
    return int(told["total_reads_processed"])


@pytest.mark.parametrize(
    "path", ["/movies/", f"/movies/{FILM}/", "/user/recommendations/"]
)
def test_an_answer_takes_one_round_trip(
    owner_api: Api, tmdb: TmdbServer, settings: Settings, path: str
) -> None:
    settings.RATE_LIMITS = True
    images.refresh_images(now=NOW)
    owner_api.put(f"/api/movies/{make_movie().pk}/rating/", {"stars": 4})
    owner_api.get(f"/api{path}")

    before = round_trips()
    answer = owner_api.get(f"/api{path}")
    asked = round_trips() - before - 1

    assert b"https://images.test/t/p/w500/p.jpg" in answer.response.content
    assert asked == 1
