"""The administration's sign-in counts like the API's."""

import pytest
from django.test import Client
from pytest_django import Settings

from nexus.api.limits import LOGIN_ACCOUNT
from tests.builders import PASSWORD
from tests.client import Answer, Api

pytestmark = pytest.mark.django_db


def guess(password: str = "wrong") -> Answer:
    form = {"username": "admin1@example.org", "password": password}
    return Answer(Client().post("/admin/login/?next=/admin/", form))


@pytest.mark.usefixtures("admin")
def test_it_lets_admins_in() -> None:
    assert guess(PASSWORD).status == 302


@pytest.mark.usefixtures("admin")
def test_it_slows_guessing_down(settings: Settings) -> None:
    settings.RATE_LIMITS = True
    for _ in range(LOGIN_ACCOUNT.quota):
        assert guess().status == 200

    answer = guess(PASSWORD)

    assert (answer.status, answer.code) == (429, "throttled")
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.usefixtures("admin")
def test_it_shares_the_account_with_the_api(settings: Settings, api: Api) -> None:
    settings.RATE_LIMITS = True
    for _ in range(LOGIN_ACCOUNT.quota):
        guess()

    body = {"email": "admin1@example.org", "password": PASSWORD}
    assert api.post("/auth/login/", body).status == 429
