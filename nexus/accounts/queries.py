"""Reads of members and their sessions."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from nexus.accounts.models import Session, User, Visibility
from nexus.lib.errors import NotFoundError


class ProfileNotFound(NotFoundError):
    code = "profile_not_found"


class SessionNotFound(NotFoundError):
    code = "session_not_found"


def find_live_session(*, session_id: UUID, now: datetime) -> Session | None:
    """Return the session with its member, in one query; None where it has ended."""
    live = Session.objects.select_related("user").filter(
        id=session_id, ended_at=None, expires_at__gt=now, user__is_active=True
    )
    return live.first()


def live_sessions(*, user: User, now: datetime) -> QuerySet[Session]:
    return user.sessions.filter(ended_at=None, expires_at__gt=now)


def get_visible_profile(*, viewer: User | None, username: str) -> User:
    """Return the member if the viewer may see them; a private profile is not found."""
    user = User.objects.filter(username__iexact=username, is_active=True).first()
    if user is None or not (user.visibility == Visibility.PUBLIC or user == viewer):
        raise ProfileNotFound(f"There is no public profile {username!r:.40}.")
    return user
