from functools import partial

import pytest
from django.core.mail import EmailMessage
from django.test import Client, TestCase

from nexus.accounts.models import AuditEntry, Session, User
from tests.builders import PASSWORD
from tests.client import Answer, Api
from tests.mailbox import run_jobs
from tests.together import together
from tests.tokens import bearer, refresh, sign_in, use

NEW = "battery-staple-8"


def change(access: str, *, current: object = PASSWORD, new: object = NEW) -> Answer:
    body = {"current_password": current, "new_password": new}
    return bearer(access).post("/api/auth/password/change/", body)


def test_it_works(api: Api, owner: User) -> None:
    answer = change(sign_in()["access"])

    assert answer.status == 204
    old = api.post("/api/auth/login/", {"username": "owner", "password": PASSWORD})
    assert old.code == "invalid_credentials"
    assert sign_in(password=NEW)["user"]["id"] == owner.id


def test_it_ends_all_other_sessions(owner: User) -> None:
    here, elsewhere = sign_in(), sign_in()

    change(here["access"])

    assert use(here["access"]).status == 200
    assert refresh(here["refresh"]).status == 200
    assert use(elsewhere["access"]).code == "session_ended"
    assert refresh(elsewhere["refresh"]).code == "session_ended"


def test_it_leaves_strangers_signed_in(owner: User, stranger: User) -> None:
    theirs = sign_in("stranger")

    change(sign_in()["access"])

    assert use(theirs["access"]).status == 200


def test_it_wants_the_current_password(owner: User) -> None:
    here, elsewhere = sign_in(), sign_in()

    answer = change(here["access"], current="wrong-horse-7")

    assert answer.status == 400
    assert answer.field_code("current_password") == "wrong_password"
    assert use(elsewhere["access"]).status == 200
    assert sign_in()


@pytest.mark.parametrize("weak", ["short-1", "password123", "owner@example.org"])
def test_it_refuses_weak_passwords(owner: User, weak: str) -> None:
    answer = change(sign_in()["access"], new=weak)

    assert answer.field_code("new_password") == "weak_password"
    assert sign_in()


@pytest.mark.parametrize("bad", [None, 7, "", "x" * 257])
def test_it_refuses_bad_values(owner: User, bad: object) -> None:
    answer = change(sign_in()["access"], current=bad, new=bad)

    assert set(answer.json["errors"]) == {"current_password", "new_password"}


def test_it_wants_a_member(api: Api) -> None:
    assert api.post("/api/auth/password/change/", {}).status == 401


@pytest.mark.django_db(transaction=True)
def test_it_serves_one_of_simultaneous_changes(owner: User) -> None:
    access = sign_in()["access"]

    answers = together(*[partial(change, access, new=f"{NEW}{n}") for n in range(6)])

    assert sorted(answer.status for answer in answers) == [204] + [400] * 5
    (winner,) = (n for n, answer in enumerate(answers) if answer.status == 204)
    assert sign_in(password=f"{NEW}{winner}")


@pytest.mark.django_db(transaction=True)
def test_it_leaves_no_session_of_the_old_password(owner: User) -> None:
    access = sign_in()["access"]
    old = {"username": "owner", "password": PASSWORD}

    together(
        partial(change, access),
        *[partial(Api().post, "/api/auth/login/", old)] * 7,
    )

    assert Session.objects.filter(ended_at=None).count() == 1


def test_it_does_the_same_on_the_pages_for_administration(
    admin: User, mailoutbox: list[EmailMessage]
) -> None:
    desk, elsewhere = Client(), Api(admin)
    desk.force_login(admin)
    form = {
        "old_password": PASSWORD,
        "new_password1": "battery-staple-8",
        "new_password2": "battery-staple-8",
    }

    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = desk.post("/admin/password_change/", form)

    assert answer.status_code == 302
    assert desk.get("/admin/").status_code == 200
    assert elsewhere.get("/api/user/profile/").code == "session_ended"
    assert AuditEntry.objects.get().action == "password_changed"
    run_jobs()
    assert mailoutbox[0].to == [admin.email]
