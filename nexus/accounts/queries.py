"""Reads of members and their sessions."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from nexus.accounts.models import AuditEntry, Session, User, Visibility, present
from nexus.accounts.permissions import VIEW_AUDIT, require_permission
from nexus.lib.errors import NotFoundError

KNOWN_FOR = timedelta(days=60)


class ProfileNotFound(NotFoundError):
    code = "profile_not_found"


class SessionNotFound(NotFoundError):
    code = "session_not_found"


def find_live_session(
    *, session_id: UUID, now: datetime, lock: bool = False
) -> Session | None:
    """Return the session with its member, in one query; None where it has ended."""
    live = Session.objects.select_related("user").filter(
        present("user__"), id=session_id, ended_at=None, expires_at__gt=now
    )
    if lock:
        live = live.select_for_update(of=("self",))
    return live.first()


def live_sessions(*, user: User, now: datetime) -> QuerySet[Session]:
    return user.sessions.filter(ended_at=None, expires_at__gt=now)


def lock_members(user_ids: Any) -> None:
    """Lock the members, given as a list or a query, until the transaction ends.

    Whatever touches what is theirs locks them first: no two wait for each other.
    """
    found = User.objects.filter(pk__in=user_ids).order_by("pk")
    list(found.select_for_update(no_key=True).values("pk"))


def audit_entries(
    *, viewer: User, action: str | None, member: str | None
) -> QuerySet[AuditEntry]:
    """Return the log of one action, about one member (None: any); raises NotAllowed."""
    require_permission(viewer, VIEW_AUDIT)
    found = AuditEntry.objects.select_related("actor", "member")
    if action is not None:
        found = found.filter(action=action)
    if member is not None:
        found = found.filter(member__username__iexact=member)
    return found


def get_member(*, user_id: int) -> User:
    """Return the member with all that they told of themselves."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise ProfileNotFound("This account was deleted.")
    return user


def get_visible_profile(*, viewer: User | None, username: str) -> User:
    """Return the member if the viewer may see them; a private profile is not found."""
    user = User.objects.filter(username__iexact=username).filter(present()).first()
    if user is None or not (user.visibility == Visibility.PUBLIC or user == viewer):
        raise ProfileNotFound(f"There is no public profile {username!r:.40}.")
    return user


def has_signed_in_from(*, login: str, network: str, now: datetime) -> bool:
    """Say whether a session opened there, of whom this names, was used lately.

    One query, whether or not the login is known: the time tells nothing.
    """
    member = Q(user__email=login.lower()) | Q(user__username__iexact=login)
    return Session.objects.filter(
        member, address_prefix=network, last_used_at__gt=now - KNOWN_FOR
    ).exists()
