import pytest

from nexus.catalog import queries
from nexus.catalog.genres import refresh_genres
from nexus.catalog.models import Genre
from nexus.jobs import tasks
from nexus.lib.errors import UnavailableError
from tests.builders import make_movie
from tests.client import Api
from tests.query_count import count_queries
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.usefixtures("genres")


def test_it_works(tmdb: TmdbServer) -> None:
    Genre.objects.filter(id=878).update(name="Sci-Fi")
    make_movie(603, genres=[878])

    refresh_genres()

    (found,) = Api().get("/api/movies/").json["results"]
    assert found["genres"] == [{"id": 878, "name": "Science Fiction"}]
    assert Genre.objects.get(id=10752).name == "War"


def test_a_job_does_so(tmdb: TmdbServer) -> None:
    Genre.objects.filter(id=878).update(name="Sci-Fi")

    tasks.refresh_genres(timestamp=0)

    assert Genre.objects.get(id=878).name == "Science Fiction"


def test_it_removes_none_that_tmdb_no_longer_lists(tmdb: TmdbServer) -> None:
    Genre.objects.create(id=99_999, name="Western")

    refresh_genres()

    assert Genre.objects.filter(id=99_999).exists()


def test_it_writes_nothing_where_nothing_changed(tmdb: TmdbServer) -> None:
    refresh_genres()

    assert count_queries(refresh_genres) == 2  # its turn, and the names


def test_names_stay_as_they_are_while_tmdb_is_down(tmdb: TmdbServer) -> None:
    tmdb.fail("401")

    with pytest.raises(UnavailableError):
        refresh_genres()

    assert Genre.objects.get(id=878).name == "Science Fiction"


def test_without_a_key_it_asks_nobody() -> None:
    assert count_queries(refresh_genres) == 0


def test_names_are_read_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "NAMES_KEPT_S", 60.0)

    names = queries.genre_names()

    assert count_queries(queries.genre_names) == 0
    assert queries.genre_names() == names != {}
