"""Requests made from the document itself: nothing crashes, nothing is undocumented."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from nexus.accounts.models import Role
from nexus.catalog import budget
from nexus.wsgi import application
from tests.builders import (
    make_genres,
    make_movie,
    make_playlist,
    make_rating,
    make_user,
)
from tests.client import Api
from tests.tmdb_server import TmdbServer

schema = schemathesis.openapi.from_wsgi("/openapi.json", application)
TOKEN = {"header": ""}


@schema.auth()
class Member:
    """Signs in as the member that the test made."""

    def get(self, case: Any, context: Any) -> str:
        return TOKEN["header"]

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers["Authorization"] = data


@pytest.fixture
def member(
    transactional_db: None, tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "WINDOW_S", 0.0)  # nobody types so fast
    make_genres()
    user = make_user("ada-lovelace", role=Role.ADMIN)
    for movie_id in (1, 2, 3, 603):
        make_rating(user, make_movie(movie_id))
    make_playlist(user)
    TOKEN["header"] = Api(user).headers["Authorization"]


@schema.parametrize()
@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.usefixtures("member")
def test_it_keeps_its_word(case: Any, count: Callable[[str], None]) -> None:
    count("generated requests")
    response = case.call()

    assert response.status_code not in {500, 502, 504}
    # No document can say which films, cursors, codes and time zones there are.
    case.validate_response(response, excluded_checks=[positive_data_acceptance])
