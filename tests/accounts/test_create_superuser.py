import pytest
from django.core.management import CommandError, call_command

from nexus.accounts.models import Role, User
from tests.builders import PASSWORD
from tests.tokens import sign_in

pytestmark = pytest.mark.django_db


def create(monkeypatch: pytest.MonkeyPatch, email: str = "Root@Example.org") -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    options = {"username": "operator", "email": email, "interactive": False}
    call_command("createsuperuser", verbosity=0, **options)


def test_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    create(monkeypatch)

    assert User.objects.get().role == Role.ADMIN
    assert sign_in("root@example.org")["user"]["role"] == "admin"


def test_it_refuses_an_address_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError):
        create(monkeypatch, email="root")
