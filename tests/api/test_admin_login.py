"""The administration's sign-in counts like the API's."""

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from nexus.accounts.models import User
from nexus.accounts.sessions import open_session
from nexus.api.buckets import take
from nexus.api.limits import LOGIN_ACCOUNT, LOGIN_ADDRESS
from tests.builders import PASSWORD
from tests.client import Answer, Api
from tests.slow_limits import SLOW

pytestmark = pytest.mark.django_db

NAME, HOME, ABROAD = "admin1@example.org", "198.51.100.7", "203.0.113.7"


def guess(
    password: str = "wrong", *, name: str = NAME, address: str = "127.0.0.1"
) -> Answer:
    form = {"username": name, "password": password}
    post = Client().post("/admin/login/?next=/admin/", form, REMOTE_ADDR=address)
    return Answer(post)


@pytest.fixture
def limits(settings: Settings) -> None:
    settings.RATE_LIMITS = True
    settings.CHANGED_LIMITS = SLOW


@pytest.mark.usefixtures("admin")
def test_it_lets_admins_in() -> None:
    answer = guess(PASSWORD)

    assert answer.status == 302
    assert "RateLimit" not in answer.headers


@pytest.mark.usefixtures("admin", "limits")
def test_it_slows_guessing_down() -> None:
    for _ in range(LOGIN_ACCOUNT.quota):
        assert guess().status == 200

    answer = guess(PASSWORD)

    assert (answer.status, answer.code) == (429, "throttled")
    assert int(answer.headers["Retry-After"]) >= 1
    assert '"login-account";r=0' in answer.headers["RateLimit"]


@pytest.mark.usefixtures("limits")
def test_it_slows_guessing_down_by_address() -> None:
    for _ in range(LOGIN_ADDRESS.quota):
        take(LOGIN_ADDRESS, "2001:db8::/64")

    assert guess(address="2001:db8::1").status == 429
    assert guess(address="2001:db8:0:1::1").status == 200


@pytest.mark.usefixtures("admin", "limits")
def test_it_shares_the_account_with_the_api(api: Api) -> None:
    for _ in range(LOGIN_ACCOUNT.quota):
        guess()

    body = {"email": NAME, "password": PASSWORD}
    assert api.post("/auth/login/", body).status == 429


@pytest.mark.usefixtures("admin", "limits")
@pytest.mark.parametrize(
    "name", [f"  {NAME}", f"{NAME} ", NAME.upper(), "\uff41dmin1@example.org"]
)
def test_it_counts_an_account_in_any_spelling(name: str) -> None:
    assert guess(PASSWORD, name=name).status == 302
    for _ in range(LOGIN_ACCOUNT.quota - 1):
        guess(name=name)

    assert guess(PASSWORD).status == 429


@pytest.mark.usefixtures("admin", "limits")
def test_it_counts_wrong_passwords_only_for_the_day() -> None:
    wrong, right = guess(), guess(PASSWORD)

    for answer in (wrong, right):
        assert '"wrong-password-address";r=499' in answer.headers["RateLimit"]
        assert '"wrong-password-account";r=99' in answer.headers["RateLimit"]


@pytest.mark.usefixtures("limits")
def test_a_stranger_cannot_keep_an_admin_out_at_home(admin: User) -> None:
    open_session(user=admin, device="", address=HOME, now=timezone.now())
    for _ in range(LOGIN_ACCOUNT.quota):
        guess(address=ABROAD)

    assert guess(PASSWORD, address=ABROAD).status == 429
    assert guess(PASSWORD, address=HOME).status == 302


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("name", ["", "\0", "a\0b", "a" * 3000])
def test_it_takes_any_name(name: str) -> None:
    assert guess(name=name).status == 200


@pytest.mark.usefixtures("limits")
def test_it_slows_down_guessing_by_a_stolen_session(admin: User) -> None:
    desk = Client()
    desk.force_login(admin)
    form = {
        "old_password": "wrong-1",
        "new_password1": "battery-staple-8",
        "new_password2": "battery-staple-8",
    }

    answers = [desk.post("/admin/password_change/", form) for _ in range(12)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
