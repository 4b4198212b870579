from typing import Any

import pytest
from django.db import IntegrityError

from nexus.accounts.models import Role, User
from tests.builders import NOW, make_user

pytestmark = pytest.mark.django_db


def test_it_refuses_a_second_username_in_another_case() -> None:
    make_user("ada")

    with pytest.raises(IntegrityError, match="user_username_unique"):
        make_user("ADA", email="other@example.org")


def test_it_refuses_a_second_account_for_an_address() -> None:
    make_user("ada", email="ada@example.org")

    with pytest.raises(IntegrityError, match="email"):
        make_user("other", email="ada@example.org")


@pytest.mark.parametrize("username", ["", "ab", "a b c", "ada@home", "ada\n"])
def test_it_refuses_what_is_no_username(username: str) -> None:
    with pytest.raises(IntegrityError, match="user_username_shape"):
        User.objects.create(username=username, email="a@b.org", created_at=NOW)


def test_it_refuses_addresses_in_capitals() -> None:
    with pytest.raises(IntegrityError, match="user_email_lower"):
        make_user(email="Ada@example.org")


@pytest.mark.parametrize(
    ("role", "is_staff", "hides"),
    [
        (Role.MEMBER, False, False),
        (Role.MODERATOR, False, True),
        (Role.ADMIN, True, True),
    ],
)
def test_it_gives_powers_by_role(role: Role, is_staff: bool, hides: bool) -> None:
    user = make_user(role=role)

    assert user.is_staff == is_staff
    assert user.has_perm("ratings.hide_review") == hides
    assert user.has_perm("playlists.hide_playlist") == hides
    assert user.has_module_perms("ratings") == hides
    for permission in ("change_user", "manage_roles", "view_auditentry"):
        assert user.has_perm(f"accounts.{permission}") == is_staff
    assert user.has_module_perms("accounts") == is_staff


@pytest.mark.parametrize("values", [{"is_active": False}, {"closed_at": NOW}])
def test_it_opens_the_administration_to_nobody_else(values: dict[str, Any]) -> None:
    user = make_user(role=Role.ADMIN, **values)

    assert not (user.is_staff and user.is_active)


def test_it_gives_no_powers_to_who_was_shut_out() -> None:
    user = make_user(role=Role.ADMIN, is_active=False)

    assert not user.has_perm("accounts.change_user")
    assert not user.has_module_perms("accounts")
