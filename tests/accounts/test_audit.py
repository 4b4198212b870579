"""The audit log is only ever added to, and says no more and no less than happened."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from psycopg.sql import SQL, Identifier

from nexus.accounts import audit
from nexus.accounts.closing import erase_account
from nexus.accounts.models import AuditEntry, Role, Session, User
from nexus.accounts.roles import change_role, shut_out
from nexus.accounts.sessions import open_session
from nexus.ratings.operations import hide_review
from tests.builders import NOW, make_movie, make_rating, make_user

pytestmark = pytest.mark.django_db

CHANGE = SQL("UPDATE accounts_auditentry SET {} = %s")
TOO_LONG = "x" * 501


@pytest.fixture
def entry(admin: User, owner: User) -> AuditEntry:
    audit.record(
        "review_hidden",
        actor=admin,
        member=owner,
        subject="rating 1",
        reason="Rude.",
        now=NOW,
    )
    return AuditEntry.objects.get()


def set_by_hand(column: str, value: Any) -> None:
    with connection.cursor() as cursor:
        statement: Any = CHANGE.format(Identifier(column))
        cursor.execute(statement, [value])


def delete_by_hand() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_auditentry")


def refuses(call: Callable[[], object]) -> None:
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
    ):
        call()


def test_it_works(entry: AuditEntry, admin: User, owner: User) -> None:
    assert (entry.actor, entry.member) == (admin, owner)
    assert (entry.action, entry.subject) == ("review_hidden", "rating 1")
    assert (entry.reason, entry.created_at) == ("Rude.", NOW)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", "review_shown"),
        ("reason", "Kind."),
        ("subject", "rating 2"),
        ("subject", ""),
        ("created_at", NOW.replace(year=2020)),
        ("id", 1),
    ],
)
def test_it_refuses_changes(entry: AuditEntry, column: str, value: Any) -> None:
    refuses(partial(set_by_hand, column, value))
    refuses(partial(AuditEntry.objects.update, **{column: value}))
    assert AuditEntry.objects.filter(pk=entry.pk, subject="rating 1").exists()


def test_it_refuses_saving(entry: AuditEntry) -> None:
    entry.reason = "Kind."

    refuses(entry.save)

    assert AuditEntry.objects.get().reason == "Rude."


def test_it_refuses_deletion(entry: AuditEntry) -> None:
    refuses(delete_by_hand)
    refuses(AuditEntry.objects.all().delete)
    refuses(entry.delete)

    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("who", ["actor_id", "member_id"])
def test_it_refuses_another_member(entry: AuditEntry, stranger: User, who: str) -> None:
    refuses(partial(set_by_hand, who, stranger.pk))

    assert not AuditEntry.objects.filter(**{who: stranger.pk}).exists()


@pytest.mark.parametrize("who", ["actor_id", "member_id"])
def test_a_member_can_be_forgotten_for_good(
    entry: AuditEntry, owner: User, who: str
) -> None:
    set_by_hand(who, None)

    assert AuditEntry.objects.filter(pk=entry.pk, **{who: None}).exists()

    refuses(partial(set_by_hand, who, owner.pk))


def test_what_was_the_members_goes_with_them(entry: AuditEntry) -> None:
    refuses(partial(AuditEntry.objects.update, member=None, subject="rating 2"))

    AuditEntry.objects.update(member=None, subject="")

    entry.refresh_from_db()
    assert (entry.member, entry.subject, entry.reason) == (None, "", "Rude.")


def test_it_outlives_accounts(entry: AuditEntry, admin: User, owner: User) -> None:
    for user in (admin, owner):
        erase_account(user_id=user.pk, now=NOW)

    entry.refresh_from_db()
    assert (entry.actor, entry.member, entry.reason) == (None, None, "Rude.")


# --- In the transaction of what it tells


def test_a_role_does_not_change_without_its_entry(owner: User) -> None:
    with pytest.raises(DataError), transaction.atomic():
        change_role(
            actor=None, user_id=owner.pk, role=Role.ADMIN, reason=TOO_LONG, now=NOW
        )

    owner.refresh_from_db()
    assert (owner.role, owner.token_version) == ("member", 1)


def test_nobody_is_shut_out_without_an_entry(admin: User, owner: User) -> None:
    open_session(user=owner, device="", address="", now=NOW)

    with pytest.raises(DataError), transaction.atomic():
        shut_out(actor=admin, user_id=owner.pk, reason=TOO_LONG, now=NOW)

    owner.refresh_from_db()
    assert owner.is_active
    assert Session.objects.get().ended_at is None


def test_nothing_is_hidden_without_an_entry(moderator: User, owner: User) -> None:
    rating = make_rating(owner, make_movie(), review="Rude.")

    with pytest.raises(DataError), transaction.atomic():
        hide_review(moderator=moderator, rating=rating, reason=TOO_LONG, now=NOW)

    rating.refresh_from_db()
    assert rating.hidden_at is None


def test_an_act_that_fails_has_no_entry(admin: User) -> None:
    make_user("away", role=Role.ADMIN, is_active=False)

    with pytest.raises(Exception, match="remain an admin"):
        shut_out(actor=admin, user_id=admin.pk, reason="Rude.", now=NOW)

    assert not AuditEntry.objects.exists()
