from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone

from nexus.accounts.models import Session, User
from tests.client import Answer
from tests.together import together
from tests.tokens import refresh, sign_in, use

pytestmark = pytest.mark.django_db


def test_it_works(owner: User) -> None:
    first = sign_in()

    answer = refresh(first["refresh"])

    assert answer.status == 200
    assert set(answer.json) == set(first)
    assert answer.json["refresh"] != first["refresh"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert use(answer.json["access"]).status == 200


def test_it_goes_on_for_many_generations(owner: User) -> None:
    token = sign_in()["refresh"]

    for _ in range(5):
        token = refresh(token).json["refresh"]

    assert Session.objects.get().generation == 6


def test_it_keeps_the_session_alive(owner: User) -> None:
    token = sign_in()["refresh"]
    before = Session.objects.get()

    refresh(token)

    after = Session.objects.get()
    assert after.last_used_at > before.last_used_at
    assert after.expires_at > before.expires_at


def test_it_ends_the_session_on_reuse(owner: User) -> None:
    first = sign_in()
    second = refresh(first["refresh"]).json

    answer = refresh(first["refresh"])

    assert (answer.status, answer.code) == (401, "refresh_token_reused")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert use(first["access"]).status == 401
    assert use(second["access"]).code == "session_ended"
    assert refresh(second["refresh"]).code == "session_ended"


def test_it_leaves_other_sessions_alone_on_reuse(owner: User) -> None:
    stolen, other = sign_in(), sign_in()
    refresh(stolen["refresh"])

    refresh(stolen["refresh"])

    assert use(other["access"]).status == 200


@pytest.mark.parametrize("kind", ["access", "rubbish", "empty parts"])
def test_it_refuses_what_is_no_refresh_token(owner: User, kind: str) -> None:
    token = {
        "access": sign_in()["access"],
        "rubbish": "rubbish",
        "empty parts": "..",
    }[kind]

    answer = refresh(token)

    assert (answer.status, answer.code) == (401, "token_not_valid")


def test_it_refuses_expired_sessions(owner: User) -> None:
    token = sign_in()["refresh"]
    Session.objects.update(expires_at=timezone.now())

    assert refresh(token).code == "session_ended"


def test_it_refuses_members_who_were_shut_out(owner: User) -> None:
    token = sign_in()["refresh"]
    User.objects.update(is_active=False)

    answer = refresh(token)

    assert (answer.status, answer.code) == (401, "session_ended")


def test_it_refuses_members_who_left(owner: User) -> None:
    token = sign_in()["refresh"]
    owner.delete()

    assert refresh(token).code == "session_ended"


@pytest.mark.django_db(transaction=True)
def test_it_serves_one_of_simultaneous_uses(owner: User) -> None:
    for _ in range(5):
        token = sign_in()["refresh"]

        answers = queued_up(*[partial(refresh, token)] * 8)

        assert sorted(answer.status for answer in answers) == [200] + [401] * 7
        codes = {answer.code for answer in answers if answer.status == 401}
        assert codes <= {"refresh_token_reused", "session_ended"}
        assert not Session.objects.filter(ended_at=None).exists()


def queued_up(*calls: Callable[[], Answer]) -> list[Answer]:
    """Make the calls while the sessions are locked, and let all go on at once."""
    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            list(Session.objects.select_for_update())
            answers = pool.submit(together, *calls)
            while count_waiting() < len(calls):
                assert not answers.done()
        return answers.result()


def count_waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return int(cursor.fetchone()[0])
