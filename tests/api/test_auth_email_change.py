from datetime import timedelta
from functools import partial

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from nexus.accounts.models import AuditEntry, EmailChange, User
from tests.builders import PASSWORD, make_user
from tests.client import Answer, Api
from tests.mailbox import code_in, run_jobs
from tests.together import together
from tests.tokens import sign_in

CHANGE, CONFIRM = "/api/auth/email/change/", "/api/auth/email/change/confirm/"
OLD, NEW = "owner@example.org", "new@example.org"


def ask(api: Api, new_email: str = NEW, password: str = PASSWORD) -> Answer:
    return api.post(CHANGE, {"new_email": new_email, "password": password})


def confirm(code: str) -> Answer:
    return Api().post(CONFIRM, {"token": code})


def codes(mails: list[EmailMessage]) -> dict[str, str]:
    """Do what is queued; return the newest code that each address got."""
    run_jobs()
    return {mail.to[0]: code_in(mail) for mail in mails}


def test_it_works(owner_api: Api, mailoutbox: list[EmailMessage]) -> None:
    answer = ask(owner_api)

    assert (answer.status, answer.json) == (202, {})
    sent = codes(mailoutbox)
    assert set(sent) == {OLD, NEW}
    assert confirm(sent[OLD]).json == {"is_changed": False}
    assert owner_api.get("/api/user/profile/").json["email"] == OLD
    assert confirm(sent[NEW]).json == {"is_changed": True}
    profile = owner_api.get("/api/user/profile/").json
    assert (profile["email"], profile["is_verified"]) == (NEW, True)
    assert sign_in(NEW)["user"]["username"] == "owner"
    assert not EmailChange.objects.exists()


def test_it_takes_the_codes_in_either_order(
    owner_api: Api, mailoutbox: list[EmailMessage]
) -> None:
    ask(owner_api)
    sent = codes(mailoutbox)

    answers = [confirm(sent[NEW]), confirm(sent[OLD])]

    assert [answer.json["is_changed"] for answer in answers] == [False, True]


@pytest.mark.parametrize("address", [OLD, NEW])
def test_it_takes_each_code_once(
    owner_api: Api, mailoutbox: list[EmailMessage], address: str
) -> None:
    ask(owner_api)
    sent = codes(mailoutbox)
    confirm(sent[address])

    again = confirm(sent[address])

    assert (again.status, again.field_code("token")) == (400, "invalid_token")
    assert owner_api.get("/api/user/profile/").json["email"] == OLD


def test_it_forgets_an_earlier_wish(
    owner_api: Api, mailoutbox: list[EmailMessage]
) -> None:
    ask(owner_api, "first@example.org")
    first = codes(mailoutbox)
    ask(owner_api)

    assert confirm(first[OLD]).status == 400
    assert confirm(first["first@example.org"]).status == 400


def test_it_forgets_the_wish_when_the_password_changes(
    owner_api: Api, mailoutbox: list[EmailMessage]
) -> None:
    ask(owner_api)
    sent = codes(mailoutbox)
    change = {"current_password": PASSWORD, "new_password": "battery-staple-8"}
    owner_api.post("/api/auth/password/change/", change)

    assert confirm(sent[NEW]).status == 400


def test_it_wants_the_password(owner_api: Api) -> None:
    answer = ask(owner_api, password="wrong-1")

    assert (answer.status, answer.field_code("password")) == (400, "wrong_password")
    assert not EmailChange.objects.exists()


@pytest.mark.parametrize(
    "address", ["", "no address", "a@b", None, 7, "ü@example.org "]
)
def test_it_refuses_what_is_no_address(owner_api: Api, address: object) -> None:
    answer = owner_api.post(CHANGE, {"new_email": address, "password": PASSWORD})

    assert answer.status == 400
    assert "new_email" in answer.json["errors"]


def test_it_answers_alike_where_the_address_is_somebodys(
    owner_api: Api, stranger: User, mailoutbox: list[EmailMessage]
) -> None:
    answer = ask(owner_api, stranger.email.upper())

    assert (answer.status, answer.json) == (202, {})
    run_jobs()
    told = {mail.to[0]: str(mail.body) for mail in mailoutbox}
    assert "It belongs to\nyours" in told[stranger.email]
    assert "owner" not in told[stranger.email]


def test_it_refuses_an_address_that_was_taken_meanwhile(
    owner_api: Api, mailoutbox: list[EmailMessage]
) -> None:
    ask(owner_api)
    sent = codes(mailoutbox)
    make_user("faster", email=NEW)
    confirm(sent[OLD])

    answer = confirm(sent[NEW])

    assert (answer.status, answer.field_code("email")) == (400, "unique")
    assert owner_api.get("/api/user/profile/").json["email"] == OLD


def test_it_refuses_codes_for_other_purposes(
    owner_api: Api, mailoutbox: list[EmailMessage]
) -> None:
    owner_api.post("/api/auth/email/verify/")
    code = codes(mailoutbox)[OLD]

    assert confirm(code).field_code("token") == "invalid_token"


def test_it_keeps_old_codes_from_working(
    owner_api: Api, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(owner_api)
    sent = codes(mailoutbox)
    a_day_later = timezone.now().timestamp() + timedelta(days=1).total_seconds() + 1
    monkeypatch.setattr("django.core.signing.time.time", lambda: a_day_later)

    assert confirm(sent[OLD]).field_code("token") == "invalid_token"


def test_it_is_for_members(api: Api) -> None:
    assert ask(api).status == 401


def test_it_writes_the_log(owner_api: Api, mailoutbox: list[EmailMessage]) -> None:
    ask(owner_api)
    for code in codes(mailoutbox).values():
        confirm(code)

    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["email_change_requested", "email_changed"]


@pytest.mark.django_db(transaction=True)
def test_it_changes_when_both_codes_come_at_once(
    owner: User, mailoutbox: list[EmailMessage]
) -> None:
    ask(Api(owner))
    sent = codes(mailoutbox)

    answers = together(*[partial(confirm, code) for code in sent.values()])

    assert sorted(answer.json["is_changed"] for answer in answers) == [False, True]
    owner.refresh_from_db()
    assert owner.email == NEW
