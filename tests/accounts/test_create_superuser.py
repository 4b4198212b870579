import pytest
from django.core.management import CommandError, call_command

from nexus.accounts.models import AuditEntry, Role, User
from nexus.accounts.roles import ensure_groups
from tests.builders import PASSWORD, make_user
from tests.client import Api
from tests.tokens import sign_in

pytestmark = pytest.mark.django_db


def create(
    monkeypatch: pytest.MonkeyPatch,
    email: str = "Root@Example.org",
    username: str = "operator",
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    options = {"username": username, "email": email, "interactive": False}
    call_command("createsuperuser", verbosity=0, **options)


def test_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    create(monkeypatch)

    assert User.objects.get().role == Role.ADMIN
    assert sign_in("root@example.org")["user"]["role"] == "admin"


def test_it_gives_the_powers_of_an_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_groups()

    create(monkeypatch)

    assert Api(User.objects.get()).get("/api/audit/").status == 200


def test_it_writes_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    create(monkeypatch)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor) == ("admin_created", None)
    assert entry.member == User.objects.get()


@pytest.mark.parametrize("email", ["root", "root@", "a b@example.org", "@example.org"])
def test_it_refuses_an_address_that_is_none(
    monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    with pytest.raises(CommandError, match="valid email address"):
        create(monkeypatch, email=email)


@pytest.mark.parametrize("username", ["ab", "a b c", "x" * 31])
def test_it_refuses_what_is_no_username(
    monkeypatch: pytest.MonkeyPatch, username: str
) -> None:
    with pytest.raises(CommandError):
        create(monkeypatch, username=username)


@pytest.mark.parametrize("username", ["operator", "OPERATOR"])
def test_it_refuses_a_taken_name(
    monkeypatch: pytest.MonkeyPatch, username: str
) -> None:
    make_user("operator")

    with pytest.raises(CommandError, match="has this username or address already"):
        create(monkeypatch, username=username)

    assert User.objects.get().role == Role.MEMBER
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("email", ["root@example.org", "ROOT@example.org"])
def test_it_refuses_a_taken_address(
    monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    make_user("root")

    with pytest.raises(CommandError, match="email is already taken"):
        create(monkeypatch, email=email)


def test_it_refuses_an_address_taken_meanwhile() -> None:
    make_user("root")

    with pytest.raises(Exception, match="has this username or address already"):
        User.objects.create_superuser("operator", "ROOT@example.org", PASSWORD)
