"""Similar titles before Django: they rest on more than what changes tell of."""

from collections.abc import Iterator

import pytest

from nexus.api.views.recommendations import SOON_S
from nexus.catalog.models import Movie
from nexus.recommendations import films
from nexus.recommendations.films import STORE
from tests.api.edge_caller import Caller, heard
from tests.builders import make_genres, make_movie

pytestmark = pytest.mark.django_db(transaction=True)

PATHS = ("/api/movies/603/similar/", "/api/movies/603/recommendations/")


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Iterator[Movie]:
    """A film that is like none, in a catalogue whose picture is redrawn aside."""
    monkeypatch.setattr(films, "LARGE", 1)
    monkeypatch.setattr(films, "SHARE", 1.0)
    make_genres()
    make_movie(603, genres=[878], year=1999)
    make_movie(604, genres=[878], year=2003)
    yield make_movie(605, genres=[18], year=1950)
    STORE.settle()


def ids(caller: Caller, path: str) -> list[int]:
    told = caller.get(path).json
    found = (
        [one["movie"] for one in told] if isinstance(told, list) else told["results"]
    )
    return [movie["id"] for movie in found]


def test_it_tells_soon_what_a_picture_redrawn_aside_says(
    other: Movie, path: str
) -> None:
    with heard() as changes:
        STORE.listen_to(changes)
        caller = Caller(changes)
        assert ids(caller, path) == [604]
        with caller.change():
            other.genres, other.year = [878], 1999
            other.save()
        with STORE.lock:  # another thread redraws it already
            assert ids(caller, path) == [604]
        STORE.settle()
        caller.now += SOON_S
        ids(caller, path)
        STORE.settle()

        caller.now += SOON_S

        assert ids(caller, path) == [605, 604]
