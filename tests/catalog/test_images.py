from datetime import timedelta

import pytest
from django.utils import timezone

from nexus.catalog import images
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


def reads() -> int:
    """Return how often the cache was asked for something stored."""
    told = ask(lambda client: client.info("commandstats"))
    return int(told.get("cmdstat_hget", {"calls": 0})["calls"])


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


def test_a_list_asks_for_them_once(api: Api, tmdb: TmdbServer) -> None:
    images.refresh_images(now=NOW)

    def reads_of_a_list() -> int:
        before = reads()
        for film in api.get("/api/movies/").json["results"]:
            assert film["poster_url"] == "https://images.test/t/p/w500/p.jpg"
        return reads() - before

    for_one = reads_of_a_list()
    for _ in range(9):
        make_movie(poster_path="/p.jpg")

    assert reads_of_a_list() == for_one == 1
