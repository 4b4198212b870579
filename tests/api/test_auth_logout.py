from functools import partial

import pytest

from nexus.accounts.models import Session, User
from tests.client import Answer, Api
from tests.together import together
from tests.tokens import bearer, refresh, sign_in, use


def log_out(access: str, body: object = None) -> Answer:
    return bearer(access).post("/api/auth/logout/", body)


def test_it_works(owner: User) -> None:
    tokens = sign_in()

    answer = log_out(tokens["access"], {"refresh": tokens["refresh"]})

    assert answer.status == 204
    assert use(tokens["access"]).code == "session_ended"
    assert refresh(tokens["refresh"]).code == "session_ended"


@pytest.mark.parametrize("body", [None, {}])
def test_it_needs_no_body(owner: User, body: object) -> None:
    access = sign_in()["access"]

    assert log_out(access, body).status == 204
    assert use(access).status == 401


def test_it_ends_only_this_session(owner: User) -> None:
    here, elsewhere = sign_in(), sign_in()

    log_out(here["access"], {"refresh": elsewhere["refresh"]})

    assert use(elsewhere["access"]).status == 200


def test_it_wants_a_member(api: Api) -> None:
    assert api.post("/api/auth/logout/").code == "not_authenticated"


@pytest.mark.django_db(transaction=True)
def test_it_may_happen_twice_at_once(owner: User) -> None:
    access = sign_in()["access"]

    answers = together(*[partial(log_out, access)] * 4)

    assert {answer.status for answer in answers} <= {204, 401}
    assert 204 in {answer.status for answer in answers}
    assert Session.objects.get().ended_at is not None
