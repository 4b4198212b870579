"""Sign-ins: one row per device, whose refresh secret is spent by each use."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from secrets import token_urlsafe
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from nexus.accounts.models import Session, User
from nexus.accounts.queries import SessionNotFound, find_live_session, live_sessions
from nexus.lib.errors import UnauthenticatedError

IDLE = timedelta(days=14)
KEEP_ENDED = timedelta(days=30)
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


@transaction.atomic
def open_session(*, user: User, device: str, address: str, now: datetime) -> SignIn:
    """Sign the member in; raises SessionEnded if their password just changed."""
    # The update locks the row: a change of password that comes later ends this session.
    unchanged = User.objects.filter(pk=user.pk, password=user.password, is_active=True)
    if not unchanged.update(last_login=now):
        raise SessionEnded
    secret = token_urlsafe(32)
    session = Session.objects.create(
        user=user,
        refresh_hash=hash_of(secret),
        device="".join(filter(str.isprintable, device))[:200],
        address_prefix=prefix_of(address),
        created_at=now,
        last_used_at=now,
        expires_at=now + IDLE,
    )
    return SignIn(session, secret)


def rotate(*, session_id: UUID, secret: str, now: datetime) -> SignIn:
    """Spend the secret for the next one; raises SessionEnded or RefreshTokenReused.

    One conditional statement decides, so that of simultaneous uses exactly one wins. A
    secret of this session that is not the current one was spent before: somebody holds
    a copy, and the session ends.
    """
    successor = token_urlsafe(32)
    # No condition on the member here: a join would move the others into a subquery,
    # which PostgreSQL does not look at again after it waited for a rival.
    live = Session.objects.filter(id=session_id, ended_at=None, expires_at__gt=now)
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
    session = Session.objects.select_related("user").filter(id=session_id).first()
    if session is None or not session.user.is_active:
        raise SessionEnded
    return SignIn(session, successor)


def is_current(*, session_id: UUID, secret: str | None, now: datetime) -> bool:
    """Say whether the session lives and the secret, if one is given, is unspent."""
    session = find_live_session(session_id=session_id, now=now)
    if session is None:
        return False
    return secret is None or session.refresh_hash == hash_of(secret)


def end_session(*, user: User, session_id: UUID, now: datetime) -> None:
    """End one of the member's sessions; raises SessionNotFound."""
    if not live_sessions(user=user, now=now).filter(id=session_id).update(ended_at=now):
        raise SessionNotFound("There is no such session of yours.")


def log_out(*, session: Session, now: datetime) -> None:
    """End the session; nothing happens where somebody ended it meanwhile."""
    Session.objects.filter(pk=session.pk, ended_at=None).update(ended_at=now)


def end_sessions(*, user: User, keep: UUID | None, now: datetime) -> None:
    """End every session of the member but the one to keep (None: all)."""
    ending = user.sessions.filter(ended_at=None)
    if keep is not None:
        ending = ending.exclude(id=keep)
    ending.update(ended_at=now)


def purge_sessions(*, now: datetime) -> int:
    """Delete the rows of sessions that were over a month ago; return how many."""
    limit = now - KEEP_ENDED
    over = Q(expires_at__lt=limit) | Q(ended_at__lt=limit)
    deleted, _ = Session.objects.filter(over).delete()
    return deleted


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def prefix_of(address: str) -> str:
    """Return the network a client came from, enough to recognise and no more."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return str(ip_network(f"{parsed}/{PREFIX_BITS[parsed.version]}", strict=False))
