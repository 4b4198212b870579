"""The servers every test may need, and the cast."""

from collections.abc import Iterator
from contextlib import suppress

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.db import connection
from procrastinate.contrib.django import app
from pytest_django import DjangoDbBlocker, Settings

from nexus.accounts.models import Role, User
from nexus.api.buckets import LOCAL
from nexus.api.summaries import SUMMARIES
from nexus.catalog import cache as catalog_cache
from nexus.catalog import pages, queries, upstream
from nexus.catalog.breaker import breaker_of
from nexus.catalog.copies import COPIES
from nexus.launch.postgres import EmbeddedPostgres
from nexus.recommendations.again import FEEDS, MEMBERS
from nexus.recommendations.films import STORE
from nexus.recommendations.remembered import FILMS, PEOPLE
from nexus.recommendations.scoring import PANEL
from nexus.recommendations.serving import MODELS
from nexus.valkey import ValkeyDown
from nexus.valkey import ask as ask_valkey
from tests.builders import make_genres, make_user
from tests.client import Api
from tests.environment import VALKEY_PORT
from tests.recommendations.cinema import fill_cinema, forget_model, serve_model
from tests.servers import valkey_server
from tests.tmdb_server import TmdbServer

NEVER_S = 3600.0
hypothesis.settings.register_profile(
    "on any machine",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("on any machine")
# No test survives a crash of the machine: only the product waits for the disk.
HURRIED = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "300",  # for hundreds of simultaneous requests
}


@pytest.fixture(scope="session")
def postgres() -> Iterator[None]:
    django_settings.HOME.path.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(django_settings.HOME, settings=HURRIED):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    postgres: None, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Make pytest-django wait for the server."""


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Leave the databases to end with their server: a worker may still be closing."""
    return True


@pytest.fixture(scope="session", autouse=True)
def valkey() -> Iterator[str]:
    with valkey_server(VALKEY_PORT) as url:
        yield url


@pytest.fixture(scope="session")
def tmdb_for_all() -> Iterator[TmdbServer]:
    with TmdbServer() as server:
        yield server
        upstream.client(server.key, server.url).close()


@pytest.fixture
def tmdb(tmdb_for_all: TmdbServer, settings: Settings) -> Iterator[TmdbServer]:
    """A TMDb that the product is configured to ask."""
    settings.TMDB_API_KEY = tmdb_for_all.key
    settings.TMDB_API_URL = tmdb_for_all.url
    films = dict(tmdb_for_all.movies)
    yield tmdb_for_all
    tmdb_for_all.reset()
    tmdb_for_all.movies = films


@pytest.fixture(autouse=True)
def fresh_process(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what a process remembers, and hash passwords fast."""
    monkeypatch.setattr(pages, "DEAR_S", NEVER_S)  # however busy the machine is
    monkeypatch.setattr(queries, "NAMES_KEPT_S", 0.0)  # every query counts
    COPIES.clear()
    SUMMARIES.kept.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with suppress(ValkeyDown):
        ask_valkey(lambda client: client.flushdb())
    catalog_cache.LOCAL.clear()
    breaker_of.cache_clear()
    LOCAL.clear()
    STORE.clear()
    MODELS.clear()
    PANEL.clear()
    FEEDS.clear()
    MEMBERS.clear()
    FILMS.clear()
    PEOPLE.clear()


@pytest.fixture
def no_timetable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers do what is asked of them alone, whatever the clock on the wall."""
    monkeypatch.setattr(app.periodic_registry, "periodic_tasks", {})


@pytest.fixture(autouse=True)
def empty_queue(
    request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Empty the job queue after tests that commit: its tables are none of Django's."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if marker is not None and marker.kwargs.get("transaction"):
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


@pytest.fixture
def version(
    db: None, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The version of a trained model that is served in a small cinema."""
    fill_cinema()
    yield serve_model(settings, tmp_path_factory)
    forget_model()


@pytest.fixture
def genres(db: None) -> None:
    make_genres()


@pytest.fixture
def owner(db: None) -> User:
    return make_user("owner")


@pytest.fixture
def stranger(db: None) -> User:
    return make_user("stranger")


@pytest.fixture
def moderator(db: None) -> User:
    return make_user("moderator1", role=Role.MODERATOR)


@pytest.fixture
def admin(db: None) -> User:
    return make_user("admin1", role=Role.ADMIN)


@pytest.fixture
def api(db: None) -> Api:
    """The API as nobody in particular."""
    return Api()


@pytest.fixture
def owner_api(owner: User) -> Api:
    return Api(owner)


@pytest.fixture
def stranger_api(stranger: User) -> Api:
    return Api(stranger)


@pytest.fixture
def moderator_api(moderator: User) -> Api:
    return Api(moderator)
