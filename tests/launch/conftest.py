import pytest
from django.conf import settings

from tests.servers import database_url
from tests.tmdb_server import TmdbServer


@pytest.fixture
def variables(tmdb: TmdbServer) -> dict[str, str]:
    """What leads the program to the database, the Valkey and the TMDb of this test."""
    return {
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "VALKEY_URL": settings.VALKEY_URL,
        "TMDB_API_KEY": tmdb.key,
        "TMDB_API_URL": tmdb.url,
        "RATE_LIMITS": "off",
        "LOG_LEVEL": "warning",
    }
