from functools import partial

import pytest
from django.core import mail

from nexus.accounts.models import User
from nexus.accounts.one_time import make_token
from tests.client import Answer, Api
from tests.mailbox import code_in, run_jobs
from tests.together import together

ASK = "/api/auth/email/verify/"

pytestmark = pytest.mark.django_db


def confirm(token: object) -> Answer:
    return Api().post("/api/auth/email/verify/confirm/", {"token": token})


def test_it_works(owner: User, owner_api: Api) -> None:
    asked = owner_api.post(ASK)
    run_jobs()
    confirmed = confirm(code_in(mail.outbox[0]))

    assert (asked.status, asked.json) == (202, {})
    assert mail.outbox[0].to == [owner.email]
    assert confirmed.status == 204
    assert owner_api.get("/api/user/profile/").json["is_verified"] is True


def test_it_needs_no_mail_when_verified(owner: User, owner_api: Api) -> None:
    User.objects.update(is_verified=True)

    answer = owner_api.post(ASK)
    run_jobs()

    assert answer.status == 202
    assert mail.outbox == []


def test_it_writes_nothing_to_members_who_left(owner: User, owner_api: Api) -> None:
    owner_api.post(ASK)
    owner.delete()

    run_jobs()

    assert mail.outbox == []


def test_it_wants_a_member(api: Api) -> None:
    assert api.post(ASK).code == "not_authenticated"


def test_it_takes_a_code_once(owner: User) -> None:
    token = make_token(owner, "verify-email")
    confirm(token)

    assert confirm(token).field_code("token") == "invalid_token"


@pytest.mark.parametrize("token", ["rubbish", "a:b:c", None, 7, "", "x" * 501])
def test_it_refuses_rubbish(token: object) -> None:
    answer = confirm(token)

    assert answer.status == 400
    assert answer.field_code("token")


def test_it_refuses_codes_for_another_purpose(owner: User) -> None:
    token = make_token(owner, "reset-password")

    assert confirm(token).field_code("token") == "invalid_token"


def test_it_voids_a_code_when_the_address_changes(owner: User) -> None:
    token = make_token(owner, "verify-email")
    User.objects.filter(pk=owner.pk).update(email="moved@example.org")

    assert confirm(token).field_code("token") == "invalid_token"


def test_it_survives_a_new_password(owner: User) -> None:
    token = make_token(owner, "verify-email")
    owner.set_password("battery-staple-8")
    owner.save()

    assert confirm(token).status == 204


@pytest.mark.django_db(transaction=True)
def test_it_takes_a_code_once_of_simultaneous_uses(owner: User) -> None:
    token = make_token(owner, "verify-email")

    answers = together(*[partial(confirm, token)] * 4)

    assert sorted(answer.status for answer in answers) == [204, 400, 400, 400]
