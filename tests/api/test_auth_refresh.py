from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from nexus.accounts import sessions
from nexus.accounts.models import AuditEntry, Session, User
from tests.client import Answer
from tests.mailbox import run_jobs
from tests.together import together
from tests.tokens import bearer, refresh, sign_in, use

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


def test_it_gives_two_tabs_the_same_successor(owner: User) -> None:
    first = sign_in()["refresh"]

    one, other = refresh(first), refresh(first)

    assert (one.status, other.status) == (200, 200)
    assert one.json["refresh"] == other.json["refresh"]
    assert use(one.json["access"]).status == use(other.json["access"]).status == 200
    assert Session.objects.get().generation == 2


def test_it_does_not_prolong_the_grace(owner: User) -> None:
    token = sign_in()["refresh"]
    refresh(token)
    pass_time(timedelta(seconds=9))
    assert refresh(token).status == 200
    pass_time(timedelta(seconds=1))

    assert refresh(token).code == "refresh_token_reused"


def test_it_ends_the_session_on_reuse(owner: User) -> None:
    first = sign_in()
    second = refresh(first["refresh"]).json
    pass_time(sessions.GRACE)

    answer = refresh(first["refresh"])

    assert (answer.status, answer.code) == (401, "refresh_token_reused")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert use(first["access"]).status == 401
    assert use(second["access"]).code == "session_ended"
    assert refresh(second["refresh"]).code == "session_ended"


def test_it_takes_an_older_generation_for_a_copy_at_once(owner: User) -> None:
    first = sign_in()["refresh"]
    second = refresh(first).json["refresh"]
    third = refresh(second).json["refresh"]

    assert refresh(first).code == "refresh_token_reused"
    assert refresh(third).code == "session_ended"


def test_it_puts_thief_and_owner_out(owner: User) -> None:
    stolen = sign_in()["refresh"]
    thief = refresh(stolen).json
    thief = refresh(thief["refresh"]).json
    pass_time(timedelta(minutes=5))

    late_owner = refresh(stolen)

    assert late_owner.code == "refresh_token_reused"
    assert use(thief["access"]).code == "session_ended"
    assert refresh(thief["refresh"]).code == "session_ended"
    assert refresh(stolen).code == "session_ended"


def test_it_tells_the_member_and_the_log_of_a_reuse(
    owner: User, mailoutbox: list[EmailMessage]
) -> None:
    stolen = sign_in()["refresh"]
    refresh(stolen)
    pass_time(sessions.GRACE)

    refresh(stolen)
    refresh(stolen)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.member) == ("refresh_token_reused", owner)
    assert entry.subject == f"session {Session.objects.get().pk}"
    run_jobs()
    assert [mail.to for mail in mailoutbox] == [[owner.email]]
    assert "we ended that session" in str(mailoutbox[0].body)


def test_it_leaves_other_sessions_alone_on_reuse(owner: User) -> None:
    stolen, other = sign_in(), sign_in()
    refresh(stolen["refresh"])
    pass_time(sessions.GRACE)

    refresh(stolen["refresh"])

    assert use(other["access"]).status == 200
    assert refresh(other["refresh"]).status == 200


def test_it_ends_after_sixty_days_however_busy(owner: User) -> None:
    token = sign_in()["refresh"]
    for _ in range(6):
        pass_time(timedelta(days=9, hours=23))
        token = refresh(token).json["refresh"]
    session = Session.objects.get()
    assert session.expires_at == session.created_at + sessions.LONGEST
    pass_time(timedelta(hours=6))

    assert refresh(token).code == "session_ended"


def test_it_ends_after_two_idle_weeks(owner: User) -> None:
    token = sign_in()["refresh"]
    pass_time(sessions.IDLE)

    assert refresh(token).code == "session_ended"


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
def test_it_has_one_successor_for_200_simultaneous_uses(
    owner: User, count: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine the last of them may come late.
    monkeypatch.setattr(sessions, "GRACE", timedelta(minutes=5))
    token = sign_in()["refresh"]

    answers = queued_up(*[partial(refresh, token)] * 200)

    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["refresh"] for answer in answers}) == 1
    assert Session.objects.get().generation == 2
    for _ in answers:
        count("simultaneous uses of one refresh token got the one successor")


@pytest.mark.django_db(transaction=True)
def test_it_ends_a_session_once_for_simultaneous_reuses(owner: User) -> None:
    token = sign_in()["refresh"]
    refresh(token)
    pass_time(sessions.GRACE)

    answers = queued_up(*[partial(refresh, token)] * 8)

    codes = sorted(answer.code for answer in answers)
    assert codes == ["refresh_token_reused"] + ["session_ended"] * 7
    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_signs_nothing_for_a_session_that_ends_meanwhile(owner: User) -> None:
    for _ in range(10):
        held = sign_in()

        refreshed, _ = together(
            partial(refresh, held["refresh"]),
            partial(bearer(held["access"]).post, "/api/auth/logout/"),
        )

        if refreshed.status == 200:
            assert use(refreshed.json["access"]).code == "session_ended"


def pass_time(span: timedelta) -> None:
    """Make every session older by the span."""
    Session.objects.update(
        created_at=F("created_at") - span,
        last_used_at=F("last_used_at") - span,
        expires_at=F("expires_at") - span,
    )


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
