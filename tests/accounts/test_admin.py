from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.test import Client, TestCase

from nexus.accounts import audit
from nexus.accounts.models import AuditEntry, Role, Session, User
from nexus.accounts.sessions import open_session
from nexus.ratings.models import Rating
from tests.builders import NOW, PASSWORD, make_movie, make_rating, make_user
from tests.client import Answer
from tests.query_count import count_queries
from tests.tokens import sign_in, use

LISTS = ["accounts/user", "accounts/session", "accounts/auditentry", "auth/group"]
USERS = "/admin/accounts/user/"
LAST_ADMIN = "Somebody has to remain an admin"


class Pages:
    """The administration as one of its admins uses it."""

    def __init__(self, user: User) -> None:
        self.client = Client()
        self.client.force_login(user)

    def get(self, path: str) -> Answer:
        return Answer(self.client.get(path))

    def post(self, path: str, values: dict[str, Any]) -> Answer:
        with TestCase.captureOnCommitCallbacks(execute=True):
            return Answer(self.client.post(path, values))

    def change(self, user: User, **values: Any) -> Answer:
        is_active = {"is_active": "on"} if values.pop("is_active", True) else {}
        # What the browser was shown, and sends along.
        seen = {"initial-role": user.role, "initial-is_active": str(user.is_active)}
        known = {"role": user.role, "reason": ""} | is_active | seen
        return self.post(f"{USERS}{user.pk}/change/", known | values)

    def remove(self, user: User) -> Answer:
        return self.post(f"{USERS}{user.pk}/delete/", {"post": "yes"})

    def remove_all(self, *users: User) -> Answer:
        chosen = {"_selected_action": [user.pk for user in users]}
        return self.post(USERS, {"action": "delete_selected", "post": "yes"} | chosen)

    def told(self) -> str:
        """What the next page says, words and all."""
        return unescape(self.client.get(USERS).content.decode())


@pytest.fixture
def pages(admin: User) -> Pages:
    return Pages(admin)


def make_rows(n: int) -> None:
    for _ in range(n):
        user = make_user()
        open_session(user=user, device="", address="", now=NOW)
        audit.record("shut_out", actor=user, member=make_user(), now=NOW)


def log() -> list[tuple[str, str, str, str, str]]:
    return [
        (str(row.actor), str(row.member), row.action, row.subject, row.reason)
        for row in AuditEntry.objects.order_by("id")
    ]


def text_of(answer: Answer) -> str:
    return unescape(answer.response.content.decode())


def test_it_lets_admins_sign_in(admin: User) -> None:
    client = Client()

    answer = client.post(
        "/admin/login/?next=/admin/", {"username": admin.email, "password": PASSWORD}
    )

    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert client.get(USERS).status_code == 200


@pytest.mark.parametrize("path", ["", *[f"{name}/" for name in LISTS]])
def test_it_lets_nobody_else_in(moderator: User, owner: User, path: str) -> None:
    for user in (moderator, owner):
        answer = Pages(user).get(f"/admin/{path}")

        assert answer.status == 302
        assert answer.headers["Location"].startswith("/admin/login/")


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.MODERATOR, Role.MEMBER])
def test_nobody_else_can_sign_in(role: Role) -> None:
    user = make_user("someone", role=role)
    form = {"username": user.email, "password": PASSWORD}

    assert Client().post("/admin/login/?next=/admin/", form).status_code == 200


@pytest.mark.parametrize("change", [{"role": "member"}, {"is_active": False}])
def test_who_is_no_admin_any_more_is_out_at_once(
    pages: Pages, change: dict[str, Any]
) -> None:
    other = make_user("admin2", role=Role.ADMIN)
    theirs = Pages(other)
    assert theirs.get(USERS).status == 200

    pages.change(other, **change)

    assert theirs.get(USERS).status == 302


@pytest.mark.parametrize("name", LISTS)
def test_it_takes_as_many_queries_for_many(pages: Pages, name: str) -> None:
    def ask() -> object:
        return pages.get(f"/admin/{name}/?q=member")

    make_rows(1)
    with_1 = count_queries(ask)
    make_rows(9)
    with_10 = count_queries(ask)
    make_rows(90)

    assert with_1 == with_10 == count_queries(ask)


@pytest.mark.parametrize("name", LISTS)
def test_it_adds_nothing(pages: Pages, name: str) -> None:
    assert pages.get(f"/admin/{name}/add/").status == 403
    assert pages.post(f"/admin/{name}/add/", {"name": "x"}).status == 403


# --- Of a member only two things change


def test_it_gives_roles(pages: Pages, owner: User) -> None:
    token = sign_in()["access"]

    answer = pages.change(owner, role="moderator", reason="Helps out.")

    assert answer.status == 302
    assert use(token).json["role"] == "moderator"
    change = "member to moderator"
    assert log() == [("admin1", "owner", "role_changed", change, "Helps out.")]


def test_it_shuts_members_out(pages: Pages, owner: User) -> None:
    token = sign_in()["access"]

    answer = pages.change(owner, is_active=False, reason="Sells things.")

    assert answer.status == 302
    assert use(token).code == "session_ended"
    assert log() == [("admin1", "owner", "shut_out", "", "Sells things.")]


def test_it_lets_members_in_again(pages: Pages) -> None:
    owner = make_user("owner", is_active=False)

    pages.change(owner, is_active=True)

    assert use(sign_in()["access"]).status == 200
    assert log() == [("admin1", "owner", "let_in", "", "")]


def test_both_at_once_are_two_entries(pages: Pages, moderator: User) -> None:
    pages.change(moderator, role="member", is_active=False)

    assert [row[2] for row in log()] == ["role_changed", "shut_out"]


def test_it_leaves_alone_what_another_admin_changed_meanwhile(
    pages: Pages, owner: User
) -> None:
    seen = User.objects.get(pk=owner.pk)
    pages.change(owner, is_active=False)

    pages.change(seen, role="moderator")

    owner.refresh_from_db()
    assert (owner.role, owner.is_active) == ("moderator", False)
    assert [row[2] for row in log()] == ["shut_out", "role_changed"]


def test_no_change_is_no_entry(pages: Pages, owner: User) -> None:
    assert pages.change(owner, reason="Just looking.").status == 302
    assert log() == []


def test_it_changes_nothing_else(pages: Pages, owner: User) -> None:
    before = User.objects.filter(pk=owner.pk).values().get()
    values = {
        "username": "other",
        "email": "other@example.org",
        "name": "Other",
        "bio": "Other",
        "is_verified": "on",
        "password": "other",
        "token_version": "99",
        "closed_at_0": "2026-01-01",
        "closed_at_1": "12:00",
        "visibility": "private",
    }

    assert pages.change(owner, **values).status == 302
    assert User.objects.filter(pk=owner.pk).values().get() == before


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"role": "king"}, "Select a valid choice"),
        ({"role": ""}, "This field is required"),
        ({"role": "admin", "reason": "x" * 501}, "at most 500 characters"),
        ({"role": "admin", "reason": "a\0b"}, "Null characters are not allowed"),
    ],
)
def test_it_refuses_what_is_wrong(
    pages: Pages, owner: User, values: dict[str, str], word: str
) -> None:
    answer = pages.change(owner, **values)

    assert answer.status == 200
    assert word in text_of(answer)
    assert User.objects.get(pk=owner.pk).role == "member"
    assert log() == []


@pytest.mark.parametrize("change", [{"role": "member"}, {"is_active": False}])
def test_it_keeps_the_last_admin(
    pages: Pages, admin: User, change: dict[str, Any]
) -> None:
    answer = pages.change(admin, **change)

    assert answer.status == 200
    assert LAST_ADMIN in text_of(answer)
    admin.refresh_from_db()
    assert (admin.role, admin.is_active) == ("admin", True)
    assert log() == []


def test_an_admin_can_step_down_for_another(pages: Pages, admin: User) -> None:
    make_user("admin2", role=Role.ADMIN)

    assert pages.change(admin, role="member", is_active=False).status == 302
    assert pages.get(USERS).status == 302


def test_it_tells_no_password(pages: Pages, owner: User) -> None:
    page = text_of(pages.get(f"{USERS}{owner.pk}/change/"))

    assert owner.password not in page
    assert 'name="password"' not in page


# --- Removing


def test_it_removes_a_member(pages: Pages, owner: User) -> None:
    token = sign_in()["access"]
    make_rating(owner, make_movie())
    assert use(token).status == 200

    answer = pages.remove(owner)

    assert (answer.status, answer.headers["Location"]) == (302, USERS)
    assert use(token).code == "session_ended"
    assert not Rating.objects.exists()
    assert log() == [("admin1", "None", "account_erased", "", "")]


def test_it_asks_before(pages: Pages, owner: User) -> None:
    make_rows(1)

    assert "Are you sure" in text_of(pages.get(f"{USERS}{owner.pk}/delete/"))
    assert User.objects.filter(pk=owner.pk).exists()


def test_it_keeps_no_trace_in_its_own_log(pages: Pages, owner: User) -> None:
    pages.change(owner, role="moderator")
    assert LogEntry.objects.filter(object_repr="owner").exists()

    pages.remove(owner)

    assert not LogEntry.objects.filter(object_repr="owner").exists()


def test_it_removes_several(pages: Pages, owner: User, stranger: User) -> None:
    for user in (owner, stranger):
        open_session(user=user, device="", address="", now=NOW)

    answer = pages.remove_all(owner, stranger)

    assert answer.status == 302
    assert User.objects.count() == 1
    assert [(actor, action) for actor, _, action, *_ in log()] == [
        ("admin1", "account_erased"),
        ("admin1", "account_erased"),
    ]


def test_it_asks_before_removing_several(pages: Pages, owner: User) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [owner.pk]}

    assert "Are you sure" in text_of(pages.post(USERS, chosen))


def test_it_does_not_remove_the_last_admin(pages: Pages, admin: User) -> None:
    answer = pages.remove(admin)

    assert answer.status == 302
    assert LAST_ADMIN in pages.told()
    assert log() == []
    assert not LogEntry.objects.exists()


def test_it_removes_all_or_none(pages: Pages, admin: User, owner: User) -> None:
    answer = pages.remove_all(admin, owner)

    assert answer.status == 302
    assert LAST_ADMIN in pages.told()
    assert User.objects.count() == 2
    assert log() == []


def test_an_admin_can_remove_themselves(pages: Pages, admin: User, owner: User) -> None:
    make_user("admin2", role=Role.ADMIN)

    answer = pages.remove_all(admin, owner)

    assert answer.status == 302
    assert list(User.objects.values_list("username", flat=True)) == ["admin2"]
    assert pages.get(USERS).status == 302


def test_it_does_not_find_who_is_gone(pages: Pages, owner: User) -> None:
    pages.remove(owner)

    for answer in (pages.remove(owner), pages.change(owner, role="moderator")):
        assert answer.status == 302
    assert len(log()) == 1


# --- What is only looked at


def key_of(name: str) -> str:
    rows: dict[str, QuerySet[Any]] = {
        "session": Session.objects.all(),
        "auditentry": AuditEntry.objects.all(),
        "group": Group.objects.all(),
    }
    return str(rows[name].order_by("pk")[0].pk)


@pytest.mark.parametrize("name", LISTS[1:])
def test_it_only_shows(pages: Pages, name: str) -> None:
    make_rows(1)
    key = key_of(name.partition("/")[2])
    page = f"/admin/{name}/{key}"
    before = [model.objects.count() for model in (Session, AuditEntry, Group)]
    all_of_it = {"action": "delete_selected", "_selected_action": [key], "post": "yes"}

    assert pages.get(f"{page}/change/").status == 200
    assert pages.post(f"{page}/change/", {"name": "x"}).status == 403
    assert pages.post(f"{page}/delete/", {"post": "yes"}).status == 403
    pages.post(f"/admin/{name}/", all_of_it)
    after = [model.objects.count() for model in (Session, AuditEntry, Group)]
    assert before == after


def test_it_tells_no_hashes(pages: Pages, owner: User) -> None:
    sign_in()
    session = Session.objects.get()
    Session.objects.update(spent_hash="spent")

    page = text_of(pages.get(f"/admin/accounts/session/{session.pk}/change/"))

    assert "owner" in page
    assert session.refresh_hash not in page
    assert "spent" not in page
    assert "hash" not in page


def test_it_shows_what_a_role_may_do(pages: Pages) -> None:
    group = Group.objects.get(name=Role.MODERATOR)

    page = text_of(pages.get(f"/admin/auth/group/{group.pk}/change/"))

    assert "Can hide others' reviews" in page
