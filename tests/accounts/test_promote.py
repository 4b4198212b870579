"""`python -m nexus promote`"""

from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TestCase

from nexus.accounts.models import AuditEntry, Role, User
from tests.builders import NOW, make_user
from tests.client import Api
from tests.launch.program import call
from tests.tokens import sign_in, use

pytestmark = pytest.mark.django_db

HELPS = {"role": "moderator", "reason": "Helps out."}


def promote(*words: str) -> str:
    told = StringIO()
    with TestCase.captureOnCommitCallbacks(execute=True):
        call_command("promote", *words, stdout=told)
    return told.getvalue()


def log() -> list[tuple[Any, ...]]:
    rows = AuditEntry.objects.order_by("id")
    return [(row.actor, row.action, row.subject, row.reason) for row in rows]


def test_it_works(owner: User) -> None:
    told = promote("owner", "admin")

    owner.refresh_from_db()
    assert owner.role == "admin"
    assert told == "owner is admin now, and was member.\n"
    assert log() == [(None, "role_changed", "member to admin", "")]
    assert AuditEntry.objects.get().member == owner


@pytest.mark.parametrize("login", ["OWNER", "owner@example.org", "Owner@Example.org"])
def test_it_takes_a_name_or_an_address(owner: User, login: str) -> None:
    promote(login, "moderator")

    assert User.objects.get().role == "moderator"


def test_it_keeps_the_reason(owner: User) -> None:
    promote("owner", "moderator", "--reason", "Knows the films.")

    assert log() == [(None, "role_changed", "member to moderator", "Knows the films.")]


def test_it_demotes_too(moderator: User) -> None:
    assert promote("moderator1", "member") == (
        "moderator1 is member now, and was moderator.\n"
    )


def test_the_old_token_has_the_new_role(owner: User) -> None:
    token = sign_in()["access"]
    assert use(token).json["role"] == "member"

    promote("owner", "moderator")

    assert use(token).json["role"] == "moderator"


def test_the_same_again_is_no_change(owner: User) -> None:
    promote("owner", "moderator")

    assert promote("owner", "moderator") == "owner is moderator already.\n"
    assert len(log()) == 1


def test_its_admin_can_act_where_there_were_no_groups(
    owner: User, stranger: User
) -> None:
    Group.objects.all().delete()

    promote("owner", "admin")

    assert Api(owner).put("/api/users/stranger/role/", HELPS).status == 200


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nobody", "admin"], "There is no member 'nobody'."),
        (["n@example.org", "admin"], "There is no member 'n@example.org'."),
        (["admin1", "king"], "no role 'king'; there are member, moderator, admin."),
        (["admin1", "member"], "Somebody has to remain an admin"),
        (["admin1", "member", "--reason", "x" * 501], "at most 500 characters"),
        (["admin1"], "the following arguments are required: ROLE"),
    ],
)
def test_it_refuses(admin: User, words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        promote(*words)

    admin.refresh_from_db()
    assert admin.role == "admin"
    assert log() == []


def test_it_changes_who_was_shut_out_or_is_leaving() -> None:
    make_user("away", role=Role.ADMIN, is_active=False)
    make_user("leaving", role=Role.ADMIN, closed_at=NOW)

    for name in ("away", "leaving"):
        promote(name, "member")

    assert set(User.objects.values_list("role", flat=True)) == {"member"}


@pytest.fixture
def variables() -> dict[str, str]:
    """What leads the program to the database of this test."""
    place = connection.settings_dict
    host, name = quote(place["HOST"], safe=""), place["NAME"]
    return {
        "DATABASE_URL": f"postgresql://{place['USER']}@{host}/{name}",
        "SECRET_KEY": settings.SECRET_KEY,
        "VALKEY_URL": settings.VALKEY_URL,
    }


@pytest.mark.django_db(transaction=True)
def test_it_is_a_command_of_the_program(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    make_user("owner")
    token = sign_in()["access"]
    assert use(token).json["role"] == "member"

    done = call(tmp_path, "promote", "owner@example.org", "admin", **variables)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "owner is admin now, and was member.\n"
    assert use(token).json["role"] == "admin"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("words", [["nobody", "admin"], ["owner", "member"]])
def test_it_ends_with_one_clear_line(
    tmp_path: Path, variables: dict[str, str], words: list[str]
) -> None:
    make_user("owner", role=Role.ADMIN)

    done = call(tmp_path, "promote", *words, **variables)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("CommandError: ")
    assert done.stderr.count("\n") == 1
