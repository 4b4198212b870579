"""Two weeks after a member left, nothing of them is in the database.

The database is read as PostgreSQL knows it, so that a table nobody thought of counts.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.sessions.models import Session as AdminSession
from django.utils import timezone
from procrastinate.contrib.django import app
from psycopg.types.json import Jsonb

from nexus.accounts import closing
from nexus.accounts.models import AuditEntry, Role, Session, User
from nexus.playlists.models import Playlist
from nexus.ratings.models import Rating
from tests.builders import NOW, PASSWORD, make_movie, make_rating, make_user
from tests.client import Answer, Api
from tests.everything import World, done, give_everything, make_world
from tests.tables import ask, columns, count_rows, dump, places_of, references_to
from tests.together import together

ME, LOGIN = "/api/profiles/me/", "/api/auth/login/"
RIGHT = {"password": PASSWORD}
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
AUDIT = "accounts_auditentry"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def make_grace() -> User:
    return make_user("grace-hopper", name="Rear Admiral Hopper", role=Role.ADMIN)


def leave(api: Api) -> None:
    """Take everything out, close the account, and let two weeks pass."""
    taken = api.get("/api/user/export/")
    assert len(b"".join(taken.response.streaming_content)) > 1000
    done(api.delete(ME, RIGHT))
    assert closing.erase_closed_accounts(now=timezone.now() + 14 * DAY) == 1


def close(user: User, *, at: datetime, **values: Any) -> User:
    User.objects.filter(pk=user.pk).update(closed_at=at, **values)
    return user


def traces_of(user: User) -> Iterator[str]:
    """Yield what would tell that there was this member."""
    yield from (user.username, user.email, f"new-{user.email}", user.name)
    yield from (user.password, "Compiles.", "Nanoseconds", "Moths!", "in the relay")
    for session in Session.objects.filter(user=user):
        yield from (str(session.pk), session.refresh_hash)
        yield from filter(None, (session.spent_hash, session.device))
    for playlist in Playlist.objects.filter(owner=user):
        yield from (str(playlist.pk), playlist.name)


def admin_sessions() -> list[str]:
    """Return the ids of the members who are signed in to the administration."""
    rows = AdminSession.objects.all()
    return [row.get_decoded()["_auth_user_id"] for row in rows]


def jobs_about(user_id: int) -> int:
    return count_rows("procrastinate_jobs", "args @> %s", Jsonb({"user_id": user_id}))


# --- Nothing is left


def test_it_works(world: World) -> None:
    grace = make_grace()
    api = give_everything(grace, world)
    traces = places_of(traces_of(grace))
    assert all(traces.values()), "what was never there is no proof"

    leave(api)

    left = {text: places for text, places in places_of(traces).items() if places}
    assert left == {}
    for table, column in references_to("accounts_user"):
        assert count_rows(table, f"{column} = %s", grace.pk) == 0, (table, column)
    assert jobs_about(grace.pk) == 0
    assert str(grace.pk) not in admin_sessions()


def test_it_proves_something(world: World) -> None:
    grace = make_grace()

    give_everything(grace, world)

    tables = {table for table, _ in columns()}
    assert {"django_admin_log", "django_session", "auth_group"} <= tables
    assert {"procrastinate_jobs", "procrastinate_events", "catalog_movie"} <= tables
    references = references_to("accounts_user")
    assert len(references) >= 12
    for table, column in references:
        assert count_rows(table, f"{column} = %s", grace.pk), (table, column)
    statuses = ask("SELECT DISTINCT status::text FROM procrastinate_jobs")
    assert set(statuses) == {("todo",), ("succeeded",), ("failed",)}
    assert jobs_about(grace.pk) >= 3
    assert str(grace.pk) in admin_sessions()


def test_it_leaves_everybody_else_as_they_were(world: World) -> None:
    give_everything(world.moderator, world)
    before = dump()

    leave(give_everything(make_grace(), world))

    after = dump()
    entries = after.pop(AUDIT) - before.pop(AUDIT)
    assert after == before
    told = [json.loads(entry) for entry in entries]
    assert Counter(entry["action"] for entry in told) == {
        "review_hidden": 1,
        "playlist_hidden": 1,
        "refresh_token_reused": 1,
        "email_change_requested": 1,
        "account_closed": 1,
        "account_erased": 1,
    }
    assert {entry["member_id"] for entry in told} == {None}
    assert {entry["actor_id"] for entry in told} == {None, world.moderator.pk}
    assert {entry["subject"] for entry in told} == {""}


def test_it_adds_to_the_audit_log_only(world: World) -> None:
    give_everything(world.moderator, world)
    before = dump()[AUDIT]

    leave(give_everything(make_grace(), world))

    assert before - dump()[AUDIT] == Counter()


def test_it_keeps_what_a_moderator_did(world: World) -> None:
    grace = make_grace()
    give_everything(grace, world)
    done(world.moderator_api.delete(ME, RIGHT))

    closing.erase_closed_accounts(now=timezone.now() + 14 * DAY)

    assert Rating.objects.filter(user=grace, hidden_reason="Not a moth.").exists()
    entries = AuditEntry.objects.filter(action="review_hidden")
    (entry,) = entries.values("actor", "member", "reason", "subject")
    rating = Rating.objects.get(user=grace, hidden_at__isnull=False)
    assert entry == {
        "actor": None,
        "member": grace.pk,
        "reason": "Not a moth.",
        "subject": f"rating {rating.pk}",
    }


# --- When, and whom


@pytest.mark.parametrize(
    ("ago", "erased"), [(14 * DAY - SECOND, 0), (14 * DAY, 1), (400 * DAY, 1)]
)
def test_it_waits_for_two_weeks(owner: User, ago: timedelta, erased: int) -> None:
    close(owner, at=NOW - ago)

    assert closing.erase_closed_accounts(now=NOW) == erased
    assert User.objects.filter(pk=owner.pk).count() == 1 - erased


def test_it_erases_nobody_who_stays(owner: User, stranger: User) -> None:
    close(stranger, at=NOW - 15 * DAY)

    closing.erase_closed_accounts(now=NOW)

    assert list(User.objects.all()) == [owner]


def test_it_erases_who_was_shut_out_meanwhile(owner: User) -> None:
    close(owner, at=NOW - 14 * DAY, is_active=False)

    assert closing.erase_closed_accounts(now=NOW) == 1


def test_it_leaves_who_was_shut_out_but_stays(owner: User) -> None:
    User.objects.update(is_active=False)

    assert closing.erase_closed_accounts(now=NOW) == 0


def test_it_can_be_repeated(owner: User, stranger: User) -> None:
    close(owner, at=NOW - 14 * DAY)

    erased = [closing.erase_closed_accounts(now=NOW) for _ in range(3)]

    assert erased == [1, 0, 0]
    assert AuditEntry.objects.filter(action="account_erased").count() == 1


def test_it_is_a_job(owner: User, stranger: User) -> None:
    close(owner, at=timezone.now() - 14 * DAY)
    close(stranger, at=timezone.now() - 13 * DAY)

    app.tasks["erase_closed_accounts"].func(timestamp=0)

    assert list(User.objects.all()) == [stranger]


def test_it_frees_address_and_username(owner: User, api: Api) -> None:
    close(owner, at=NOW - 14 * DAY)
    closing.erase_closed_accounts(now=NOW)

    again = {"name": "O", "username": "owner", "email": owner.email} | RIGHT
    answer = api.post("/api/auth/register/", again)

    assert answer.status == 201
    assert answer.json["user"]["id"] != owner.pk


# --- At the same moment


@pytest.mark.django_db(transaction=True)
def test_it_happens_once(owner: User) -> None:
    make_rating(owner, make_movie())
    close(owner, at=NOW - 14 * DAY)

    erased = together(*[partial(closing.erase_closed_accounts, now=NOW)] * 4)

    assert sorted(erased) == [0, 0, 0, 1]
    assert not Rating.objects.exists()
    assert AuditEntry.objects.filter(action="account_erased").count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_takes_all_or_nothing_where_the_member_comes_back() -> None:
    """By the clock of the sign-in there is time left, by the clock of the job none."""
    outcomes = Counter(come_back_at_the_last_moment(n) for n in range(8))

    assert sum(outcomes.values()) == 8
    assert outcomes.keys() <= {(200, 0), (401, 1)}


def come_back_at_the_last_moment(number: int) -> tuple[int, int]:
    """Return the sign-in's status and how many accounts were erased."""
    now = timezone.now()
    user = close(make_user(f"member-{number}"), at=now - 14 * DAY + timedelta(hours=1))
    make_rating(user, make_movie())
    login = RIGHT | {"username": user.username}
    later = now + timedelta(hours=2)

    answer, erased = together(
        partial(Api().post, LOGIN, login),
        partial(closing.erase_closed_accounts, now=later),
    )

    assert isinstance(answer, Answer)
    assert isinstance(erased, int)
    is_back = answer.status == 200
    assert User.objects.filter(pk=user.pk, closed_at=None).exists() == is_back
    assert Rating.objects.filter(user=user.pk).exists() == is_back
    assert Session.objects.filter(user=user.pk, ended_at=None).exists() == is_back
    return answer.status, erased
