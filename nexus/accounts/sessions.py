"""Sign-ins: one row per device, whose refresh secret is spent by each use."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from secrets import token_urlsafe
from uuid import UUID

from django.db.models import F

from nexus.accounts.models import Session, User
from nexus.accounts.queries import SessionNotFound, find_live_session
from nexus.lib.errors import UnauthenticatedError

IDLE = timedelta(days=14)
PREFIX_BITS = {4: 24, 6: 48}


class SessionEnded(UnauthenticatedError):
    code = "session_ended"

    def __init__(self) -> None:
        super().__init__("This session has ended: sign in again.")


class RefreshTokenReused(UnauthenticatedError):
    code = "refresh_token_reused"

    def __init__(self) -> None:
        super().__init__(
            "This refresh token was used before, so its session was ended."
        )


@dataclass(frozen=True, slots=True)
class SignIn:
    """A session and the secret of its next refresh, which we keep only as a hash."""

    session: Session
    secret: str


def open_session(*, user: User, device: str, address: str, now: datetime) -> SignIn:
    secret = token_urlsafe(32)
    session = Session.objects.create(
        user=user,
        refresh_hash=hash_of(secret),
        device=device[:200],
        address_prefix=prefix_of(address),
        created_at=now,
        last_used_at=now,
        expires_at=now + IDLE,
    )
    return SignIn(session, secret)


def rotate(*, session_id: UUID, secret: str, now: datetime) -> SignIn:
    """Spend the secret for the next one; raises SessionEnded or RefreshTokenReused.

    One conditional statement decides, so that of simultaneous uses exactly one wins. A
    secret of this session that is not the current one was spent before: somebody holds a
    copy, and the session ends.
    """
    successor = token_urlsafe(32)
    live = Session.objects.filter(
        id=session_id, ended_at=None, expires_at__gt=now, user__is_active=True
    )
    won = live.filter(refresh_hash=hash_of(secret)).update(
        refresh_hash=hash_of(successor),
        generation=F("generation") + 1,
        last_used_at=now,
        expires_at=now + IDLE,
    )
    if not won:
        if live.update(ended_at=now):
            raise RefreshTokenReused
        raise SessionEnded
    session = find_live_session(session_id=session_id, now=now)
    if session is None:
        raise SessionEnded
    return SignIn(session, successor)


def end_session(*, user: User, session_id: UUID, now: datetime) -> None:
    """End one of the member's sessions; raises SessionNotFound."""
    if not user.sessions.filter(id=session_id, ended_at=None).update(ended_at=now):
        raise SessionNotFound("There is no such session of yours.")


def end_sessions(*, user: User, keep: object, now: datetime) -> None:
    """End every session of the member but the one to keep (None: all)."""
    user.sessions.filter(ended_at=None).exclude(id=keep).update(ended_at=now)


def purge_sessions(*, now: datetime) -> int:
    """Delete rows that ended or expired a month ago; return how many."""
    limit = now - timedelta(days=30)
    deleted, _ = Session.objects.filter(expires_at__lt=limit).delete()
    return deleted


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def prefix_of(address: str) -> str:
    """Return the network a client came from, enough to recognise and no more."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    network = ip_network((parsed, PREFIX_BITS[parsed.version]), strict=False)
    return str(network)
