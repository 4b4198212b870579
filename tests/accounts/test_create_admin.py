"""`python -m nexus createadmin`: an administrator, from the command line only."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from nexus.accounts.models import AuditEntry, Role, User
from tests.builders import PASSWORD, make_user
from tests.client import Api
from tests.tokens import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    return path


def create(
    file: Path, username: str = "operator", email: str = "Root@Example.org"
) -> None:
    call_command("createadmin", username, email, password_file=file)


def refusal(file: Path, **values: Any) -> str:
    with pytest.raises(CommandError) as refused:
        create(file, **values)
    assert refused.value.returncode == 2
    return str(refused.value)


def test_it_works(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    create(file)

    assert User.objects.get().role == Role.ADMIN
    assert sign_in("root@example.org")["user"]["role"] == "admin"
    assert Api(User.objects.get()).get("/api/audit/").status == 200
    assert capsys.readouterr().out == (
        "operator is an administrator; sign in as root@example.org.\n"
    )


def test_it_writes_an_entry(file: Path) -> None:
    create(file)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor) == ("admin_created", None)


def test_it_reads_the_password_from_a_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\r\n"))

    call_command("createadmin", "operator", "root@example.org", "--json")

    told = json.loads(capsys.readouterr().out)
    assert told["username"] == "operator"
    assert sign_in("root@example.org")["user"]["id"] == told["id"]


@pytest.mark.parametrize("email", ["root", "root@", "a b@example.org"])
def test_it_refuses_an_address_that_is_none(file: Path, email: str) -> None:
    assert "valid email address" in refusal(file, email=email)
    assert not User.objects.exists()


@pytest.mark.parametrize("username", ["ab", "a b c", "x" * 31])
def test_it_refuses_what_is_no_username(file: Path, username: str) -> None:
    refusal(file, username=username)

    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["", "short", "password123", "operator1"])
def test_it_refuses_a_weak_password(file: Path, password: str) -> None:
    file.write_text(password)

    assert "password" in refusal(file)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("username", "email"),
    [("OPERATOR", "other@example.org"), ("other", "Operator@example.org")],
)
def test_it_refuses_what_is_taken(file: Path, username: str, email: str) -> None:
    make_user("operator")

    told = refusal(file, username=username, email=email)

    assert "has this username or address already" in told
    assert User.objects.get().role == Role.MEMBER


def test_it_says_that_the_file_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "none")
