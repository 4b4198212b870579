"""/users/{username}/role/"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client

from nexus.accounts.models import AuditEntry, EmailChange, Role, User
from nexus.accounts.one_time import make_token
from tests.builders import NOW, PASSWORD, make_movie, make_rating, make_user
from tests.client import Answer, Api
from tests.together import together
from tests.tokens import bearer, sign_in

pytestmark = pytest.mark.django_db

REASON = {"reason": "Helps out."}


@pytest.fixture
def admin_api(admin: User) -> Api:
    return Api(admin)


def give(api: Api, username: str, role: str, reason: str = "Helps out.") -> Answer:
    path = f"/api/users/{username}/role/"
    return api.put(path, {"role": role, "reason": reason})


def roles() -> dict[str, str]:
    return dict(User.objects.values_list("username", "role"))


def log() -> list[tuple[str, str, str, str, str]]:
    return [
        (str(row.actor), str(row.member), row.action, row.subject, row.reason)
        for row in AuditEntry.objects.order_by("id")
    ]


def test_it_works(admin_api: Api, owner: User) -> None:
    answer = give(admin_api, "owner", "moderator")

    assert answer.status == 200
    assert answer.json == {"username": "owner", "role": "moderator"}
    assert roles()["owner"] == "moderator"
    change = "member to moderator"
    assert log() == [("admin1", "owner", "role_changed", change, "Helps out.")]


def test_it_finds_the_name_in_any_case(admin_api: Api, owner: User) -> None:
    assert give(admin_api, "OWNER", "admin").json["username"] == "owner"


def test_the_old_token_has_the_new_role(admin_api: Api, owner_api: Api) -> None:
    assert owner_api.get("/api/user/profile/").json["role"] == "member"

    give(admin_api, "owner", "moderator")

    assert owner_api.get("/api/user/profile/").json["role"] == "moderator"


def test_the_old_token_can_do_more(
    admin_api: Api, owner_api: Api, stranger: User
) -> None:
    rating = make_rating(stranger, make_movie(), review="Rude.")
    path = f"/api/ratings/{rating.pk}/hidden/"
    assert owner_api.put(path, REASON).status == 403

    give(admin_api, "owner", "moderator")

    assert owner_api.put(path, REASON).status == 204


def test_the_old_token_can_do_less(
    admin_api: Api, moderator_api: Api, stranger: User
) -> None:
    first, second = (
        f"/api/ratings/{make_rating(stranger, make_movie(), review='Rude.').pk}/hidden/"
        for _ in range(2)
    )
    assert moderator_api.put(first, REASON).status == 204

    give(admin_api, "moderator1", "member")

    answer = moderator_api.put(second, REASON)
    assert (answer.status, answer.code) == (403, "permission_denied")
    assert moderator_api.delete(first).status == 403


def test_a_new_admin_can_give_roles(admin_api: Api, owner_api: Api) -> None:
    give(admin_api, "owner", "admin")

    assert give(owner_api, "admin1", "member").status == 200
    assert give(admin_api, "owner", "member").status == 403


def test_the_same_again_is_no_change(admin_api: Api, owner: User) -> None:
    give(admin_api, "owner", "moderator")

    answer = give(admin_api, "owner", "moderator")

    assert (answer.status, answer.json["role"]) == (200, "moderator")
    assert len(log()) == 1


def test_it_reaches_who_was_shut_out(admin_api: Api) -> None:
    make_user("gone", role=Role.MODERATOR, is_active=False)

    assert give(admin_api, "gone", "member").status == 200
    assert not User.objects.get(username="gone").is_active


@pytest.mark.parametrize("name", ["owner", "nobody", "admin1"])
def test_it_refuses_others(
    admin: User, owner_api: Api, moderator_api: Api, name: str
) -> None:
    for api in (owner_api, moderator_api):
        answer = give(api, name, "admin")

        assert (answer.status, answer.code) == (403, "permission_denied")
    assert roles() == {"admin1": "admin", "owner": "member", "moderator1": "moderator"}
    assert log() == []


def test_it_wants_a_member(api: Api, owner: User) -> None:
    answer = give(api, "owner", "admin")

    assert (answer.status, answer.code) == (401, "not_authenticated")
    assert roles() == {"owner": "member"}


def test_it_does_not_find_who_is_not_there(admin_api: Api) -> None:
    answer = give(admin_api, "nobody", "moderator")

    assert (answer.status, answer.code) == (404, "profile_not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": "Why not."}, "role"),
        ({"role": "king", "reason": "Why not."}, "role"),
        ({"role": None, "reason": "Why not."}, "role"),
        ({"role": ["admin"], "reason": "Why not."}, "role"),
        ({"role": "admin"}, "reason"),
        ({"role": "admin", "reason": " "}, "reason"),
        ({"role": "admin", "reason": "x" * 501}, "reason"),
        ({"role": "admin", "reason": "a\0b"}, "reason"),
    ],
)
def test_it_wants_a_role_and_a_reason(
    admin_api: Api, owner: User, body: object, field: str
) -> None:
    answer = admin_api.put("/api/users/owner/role/", body)

    assert answer.status == 400
    assert list(answer.json["errors"]) == [field]
    assert roles()["owner"] == "member"


def test_it_keeps_the_last_admin(admin_api: Api) -> None:
    make_user("away", role=Role.ADMIN, is_active=False)

    answer = give(admin_api, "admin1", "member")

    assert (answer.status, answer.code) == (409, "last_admin")
    assert roles()["admin1"] == "admin"
    assert log() == []


def test_an_admin_who_leaves_does_not_count(admin_api: Api) -> None:
    leaving = make_user("leaving", role=Role.ADMIN)
    Api(leaving).delete("/api/profiles/me/", {"password": PASSWORD})

    assert give(admin_api, "admin1", "member").code == "last_admin"
    assert give(admin_api, "leaving", "member").status == 200


def test_an_admin_can_step_down_for_another(admin_api: Api) -> None:
    make_user("admin2", role=Role.ADMIN)

    assert give(admin_api, "admin1", "member").status == 200
    assert give(admin_api, "admin1", "admin").status == 403


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_after_each_other_one_remains() -> None:
    first, second = (Api(make_user(name, role=Role.ADMIN)) for name in ("one", "two"))

    answers = together(
        partial(give, first, "two", "member"), partial(give, second, "one", "member")
    )

    assert sorted(answer.status for answer in answers) == [200, 403]
    assert sorted(roles().values()) == ["admin", "member"]
    assert len(log()) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_step_down_one_remains() -> None:
    first, second = (Api(make_user(name, role=Role.ADMIN)) for name in ("one", "two"))

    answers = together(
        partial(give, first, "one", "member"), partial(give, second, "two", "member")
    )

    assert sorted(answer.status for answer in answers) == [200, 409]
    assert sorted(roles().values()) == ["admin", "member"]
    assert len(log()) == 1


@pytest.mark.django_db(transaction=True)
def test_of_three_admins_the_first_who_lost_it_does_no_more() -> None:
    make_user("three", role=Role.ADMIN)
    first, second = (Api(make_user(name, role=Role.ADMIN)) for name in ("one", "two"))

    answers = together(
        partial(give, first, "two", "member"), partial(give, second, "one", "member")
    )

    assert sorted(answer.status for answer in answers) == [200, 403]
    assert sorted(roles().values()) == ["admin", "admin", "member"]


def test_every_start_gives_the_roles_their_powers(owner: User) -> None:
    Group.objects.create(name=Role.MODERATOR)
    User.objects.update(role=Role.MODERATOR)
    assert not User.objects.get().has_perm("ratings.hide_review")

    call_command("prepare")

    assert User.objects.get().has_perm("ratings.hide_review")
    assert Group.objects.count() == len(Role)


# --- Nobody gives themselves powers in passing

ASSIGNED: dict[str, Any] = {
    "role": "admin",
    "is_staff": True,
    "is_superuser": True,
    "is_active": False,
    "is_verified": True,
    "token_version": 99,
    "closed_at": "2001-01-01T00:00:00Z",
    "id": 1,
    "user": {"role": "admin"},
}
Body = Callable[[User, dict[str, str]], dict[str, Any]]
WRITING: dict[str, Body] = {
    "post /api/auth/register/": lambda _, tokens: {
        "name": "New",
        "email": "new@example.org",
        "password": PASSWORD,
    },
    "post /api/auth/login/": lambda *_: {"username": "owner", "password": PASSWORD},
    "post /api/auth/token/": lambda *_: {"username": "owner", "password": PASSWORD},
    "post /api/auth/token/refresh/": lambda _, tokens: {"refresh": tokens["refresh"]},
    "post /api/auth/token/verify/": lambda _, tokens: {"token": tokens["access"]},
    "post /api/auth/logout/": lambda *_: {},
    "post /api/auth/password/change/": lambda *_: {
        "current_password": PASSWORD,
        "new_password": "battery-staple-8",
    },
    "post /api/auth/password/reset/": lambda *_: {"email": "owner@example.org"},
    "post /api/auth/password/reset/confirm/": lambda user, _: {
        "token": make_token(user, "reset-password"),
        "new_password": "battery-staple-8",
    },
    "post /api/auth/email/verify/confirm/": lambda user, _: {
        "token": make_token(user, "verify-email")
    },
    "post /api/auth/email/change/": lambda *_: {
        "new_email": "new@example.org",
        "password": PASSWORD,
    },
    "post /api/auth/email/change/confirm/": lambda user, _: {
        "token": make_token(user, "leave-old-address")
    },
    "patch /api/user/profile/": lambda *_: {"name": "New"},
    "put /api/user/profile/": lambda *_: {"name": "New"},
    "patch /api/profiles/me/": lambda *_: {"name": "New"},
    "put /api/profiles/me/": lambda *_: {"name": "New"},
    "delete /api/profiles/me/": lambda *_: {"password": PASSWORD},
    "post /api/user/preferences/": lambda *_: {"genres": []},
    "put /api/user/preferences/": lambda *_: {"genres": []},
    "patch /api/user/preferences/": lambda *_: {"genres": []},
}
VERIFYING = {
    "post /api/auth/password/reset/confirm/",
    "post /api/auth/email/verify/confirm/",
}


@pytest.mark.parametrize("operation", WRITING)
def test_nobody_gives_themselves_powers(owner: User, operation: str) -> None:
    tokens = sign_in()
    EmailChange.objects.create(
        user=owner, new_email="new@example.org", requested_at=NOW
    )
    method, path = operation.split()
    body = ASSIGNED | WRITING[operation](owner, tokens)

    answer = bearer(tokens["access"]).call(method, path, body=body)

    assert answer.status < 300
    for user in User.objects.all():
        assert (user.role, user.is_staff, user.is_active) == ("member", False, True)
        assert user.is_verified == (operation in VERIFYING)
        assert user.token_version < 99
        assert (user.closed_at is None) == (method != "delete")
    assert not User.objects.filter(closed_at__year=2001).exists()


def test_no_writing_operation_is_forgotten() -> None:
    paths = Client().get("/openapi.json").json()["paths"]
    starts = ("/api/auth/", "/api/user/p", "/api/profiles/")

    writing = {
        f"{method} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path.startswith(starts) and "requestBody" in operation
    }

    assert writing == WRITING.keys()
