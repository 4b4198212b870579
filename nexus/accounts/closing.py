"""Leaving: an account is closed at once, can be had back for a while, then erased."""

import logging
from datetime import datetime, timedelta

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session as AdminSession
from django.db import DatabaseError, transaction
from django.db.models import Q

from nexus.accounts import audit
from nexus.accounts.models import AuditEntry, User
from nexus.queue import do_later, forget_jobs

logger = logging.getLogger(__name__)

UNDO = timedelta(days=14)


def still_open(now: datetime) -> Q:
    """Match members who can sign in: nobody shut them out, or left for good."""
    return Q(is_active=True) & (Q(closed_at=None) | Q(closed_at__gt=now - UNDO))


def close(user: User, *, now: datetime) -> None:
    """Mark the member, locked by the caller, as leaving."""
    user.closed_at = now
    user.save(update_fields=["closed_at"])
    # Coming back must not bring this back: the cookie may be on a lost device.
    forget_admin_sessions(user)
    audit.record("account_closed", actor=user, member=user, now=now)
    do_later("send_closing_notice", arguments={"user_id": user.pk})


def reopen(user: User, *, now: datetime) -> None:
    """Take a leaving member, locked by the caller, back."""
    if user.closed_at is None:
        return
    user.closed_at = None
    user.save(update_fields=["closed_at"])
    audit.record("account_reopened", actor=user, member=user, now=now)


def erase_closed_accounts(*, now: datetime) -> int:
    """Erase who left longer ago than they can undo; return how many.

    One that cannot be erased now keeps nobody else from it.
    """
    over = Q(closed_at__lte=now - UNDO)
    erased = 0
    for user_id in list(User.objects.filter(over).values_list("pk", flat=True)):
        try:
            erased += erase_account(user_id=user_id, only=over, now=now)
        except DatabaseError:
            logger.exception("a closed account could not be erased")
    return erased


@transaction.atomic
def erase_account(
    *, user_id: int, now: datetime, only: Q | None = None, actor: User | None = None
) -> bool:
    """Remove every row of the member, in whatever table; say whether there was one.

    `only` is looked at again under the lock: somebody may have signed in meanwhile.
    """
    user = User.objects.select_for_update().filter(only or Q(), pk=user_id).first()
    if user is None:
        return False
    audit.record("account_erased", actor=actor, now=now)
    forget_traces(user)
    user.delete()
    return True


def forget_traces(user: User) -> None:
    """Remove what knows the member without a foreign key, or what is theirs by name."""
    forget_jobs(arguments={"user_id": user.pk})
    # Subjects name rows of theirs, such as sessions.
    AuditEntry.objects.filter(member=user).update(member=None, subject="")
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(user.pk)).delete()
    forget_admin_sessions(user)


def forget_admin_sessions(user: User) -> None:
    """End where the member is signed in to the pages for administration.

    Such sessions know their member by what they hold only; there are few of them.
    """
    for row in AdminSession.objects.iterator():
        if row.get_decoded().get("_auth_user_id") == str(user.pk):
            row.delete()
