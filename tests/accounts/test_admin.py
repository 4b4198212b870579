import pytest
from django.test import Client

from nexus.accounts.models import ModerationEntry, Session, User
from nexus.accounts.operations import record_moderation
from nexus.accounts.sessions import open_session
from tests.builders import NOW, PASSWORD, make_user
from tests.query_count import count_queries

LISTS = ["user", "session", "moderationentry"]


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def make_rows(n: int) -> None:
    for _ in range(n):
        user = make_user()
        open_session(user=user, device="", address="", now=NOW)
        record_moderation(
            actor=user, action="hide", subject="rating 1", reason="Spam", now=NOW
        )


def test_it_lets_admins_sign_in(admin: User) -> None:
    client = Client()

    answer = client.post(
        "/admin/login/?next=/admin/", {"username": admin.email, "password": PASSWORD}
    )

    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert client.get("/admin/accounts/user/").status_code == 200


def test_it_lets_nobody_else_in(moderator: User) -> None:
    client = Client()
    client.force_login(moderator)

    assert client.get("/admin/accounts/user/").status_code == 302


@pytest.mark.parametrize("name", LISTS)
def test_it_takes_as_many_queries_for_many(client: Client, name: str) -> None:
    def ask() -> object:
        return client.get(f"/admin/accounts/{name}/?q=member")

    make_rows(1)
    with_1 = count_queries(ask)
    make_rows(9)
    with_10 = count_queries(ask)
    make_rows(90)

    assert with_1 == with_10 == count_queries(ask)


def test_it_shuts_members_out(client: Client, owner: User) -> None:
    page = f"/admin/accounts/user/{owner.pk}/change/"
    values = {"username": "owner", "email": owner.email, "name": "O", "role": "member"}

    assert client.get(page).status_code == 200
    assert client.post(page, values).status_code == 302
    owner.refresh_from_db()
    assert (owner.is_active, owner.name) == (False, "O")


def test_it_tells_no_password(client: Client, owner: User) -> None:
    page = client.get(f"/admin/accounts/user/{owner.pk}/change/").content.decode()

    assert owner.password not in page


@pytest.mark.parametrize("name", LISTS)
def test_it_adds_nothing(client: Client, name: str) -> None:
    assert client.get(f"/admin/accounts/{name}/add/").status_code == 403


@pytest.mark.parametrize("model", [Session, ModerationEntry])
def test_it_only_shows(client: Client, model: type[Session | ModerationEntry]) -> None:
    make_rows(1)
    row = model.objects.get()
    page = f"/admin/accounts/{model.__name__.lower()}/{row.pk}"

    assert client.get(f"{page}/change/").status_code == 200
    assert client.post(f"{page}/change/", {}).status_code == 403
    assert client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert model.objects.exists()
