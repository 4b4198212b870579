"""Sign-ins: one row per device, whose refresh secret is spent by each use."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from secrets import token_urlsafe
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Least

from nexus.accounts import audit
from nexus.accounts.access import outdate_tokens, remember
from nexus.accounts.closing import forget_admin_sessions, reopen, still_open
from nexus.accounts.models import Session, User
from nexus.accounts.queries import (
    SessionNotFound,
    find_live_session,
    live_sessions,
    lock_members,
)
from nexus.lib.errors import UnauthenticatedError
from nexus.queue import do_later

IDLE = timedelta(days=14)
LONGEST = timedelta(days=60)
GRACE = timedelta(seconds=10)
KEEP_ENDED = timedelta(days=60)
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
    """Sign the member in; raises SessionEnded if their password just changed.

    Whoever was leaving is back by it.
    """
    # The update locks the row: a change of password that comes later ends this session.
    unchanged = User.objects.filter(still_open(now), pk=user.pk, password=user.password)
    if not unchanged.update(last_login=now):
        raise SessionEnded
    user.refresh_from_db(fields=["role", "token_version", "closed_at"])
    reopen(user, now=now)
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
    remember(user)
    return SignIn(session, secret)


def note_network(*, user: User, address: str, now: datetime) -> None:
    """Remember where the member proved who they are, as a sign-in that is over.

    Whoever guesses their password elsewhere cannot keep them from signing in there.
    """
    Session.objects.create(
        user=user,
        refresh_hash="",
        address_prefix=prefix_of(address),
        created_at=now,
        last_used_at=now,
        expires_at=now,
        ended_at=now,
    )


def rotate(*, session_id: UUID, secret: str, now: datetime) -> SignIn:
    """Spend the secret for the next one; raises SessionEnded or RefreshTokenReused.

    One conditional statement decides, so that of simultaneous uses exactly one wins.
    For ten seconds after it the others get the same successor: two tabs of one browser.
    A secret spent before that is a copy in somebody's hands, and the session ends.
    """
    if not spend(session_id=session_id, secret=secret, now=now):
        return second_use(session_id=session_id, secret=secret, now=now)
    # Session and member in one statement: were it ended meanwhile, a newer version of
    # the member's tokens would not pass unnoticed.
    session = find_live_session(session_id=session_id, now=now)
    if session is None:
        raise SessionEnded
    remember(session.user)
    return SignIn(session, successor_of(secret, settings.SECRET_KEY))


def spend(*, session_id: UUID, secret: str, now: datetime) -> bool:
    """Replace the secret by its successor; say whether it was the current one."""
    # No condition on the member here: a join would move the others into a subquery,
    # which PostgreSQL does not look at again after it waited for a rival.
    current = Session.objects.filter(
        id=session_id, refresh_hash=hash_of(secret), ended_at=None, expires_at__gt=now
    )
    return bool(
        current.update(
            refresh_hash=hash_of(successor_of(secret, settings.SECRET_KEY)),
            spent_hash=F("refresh_hash"),
            generation=F("generation") + 1,
            last_used_at=now,
            expires_at=Least(Value(now + IDLE), F("created_at") + LONGEST),
        )
    )


def second_use(*, session_id: UUID, secret: str, now: datetime) -> SignIn:
    """Answer a secret that is not the current one; raises as `rotate` does."""
    with transaction.atomic():
        lock_members(Session.objects.filter(pk=session_id).values("user"))
        session = find_live_session(session_id=session_id, now=now, lock=True)
        if session is None:
            raise SessionEnded
        if session.spent_hash == hash_of(secret) and now < session.last_used_at + GRACE:
            for successor in successors_of(secret):
                if session.refresh_hash == hash_of(successor):
                    return SignIn(session, successor)
        end_stolen(session, now=now)
    raise RefreshTokenReused


def end_stolen(session: Session, *, now: datetime) -> None:
    end(Session.objects.filter(pk=session.pk), user=session.user, now=now)
    subject = f"session {session.pk}"
    audit.record("refresh_token_reused", member=session.user, subject=subject, now=now)
    do_later("send_theft_notice", arguments={"user_id": session.user_id})


def successor_of(secret: str, key: str) -> str:
    """Derive the next secret, so that whoever is allowed to ask again gets the same.

    Without our key nobody can: an HMAC (RFC 2104) of the spent secret.
    """
    digest = hmac.digest(key.encode(), b"nexus.refresh:" + secret.encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def successors_of(secret: str) -> Iterator[str]:
    """Yield what the secret may have become, also by a key that was just replaced."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield successor_of(secret, key)


def is_current(*, session_id: UUID, secret: str | None, now: datetime) -> bool:
    """Say whether the session lives and the secret, if one is given, is unspent."""
    session = find_live_session(session_id=session_id, now=now)
    if session is None:
        return False
    return secret is None or session.refresh_hash == hash_of(secret)


@transaction.atomic
def end_session(*, user: User, session_id: UUID, now: datetime) -> None:
    """End one of the member's sessions; raises SessionNotFound."""
    found = live_sessions(user=user, now=now).filter(id=session_id)
    if not end(found, user=user, now=now):
        raise SessionNotFound("There is no such session of yours.")


@transaction.atomic
def log_out(*, user: User, session_id: UUID, now: datetime) -> None:
    """End the session; nothing happens where somebody ended it meanwhile."""
    end(user.sessions.filter(pk=session_id), user=user, now=now)


@transaction.atomic
def end_sessions(*, user: User, keep: UUID | None, now: datetime) -> None:
    """End every session of the member but the one to keep (None: all).

    Those of the pages for administration end in any case.
    """
    forget_admin_sessions(user)
    ending = user.sessions.all()
    if keep is not None:
        ending = ending.exclude(id=keep)
    end(ending, user=user, now=now)


def end(sessions: QuerySet[Session], *, user: User, now: datetime) -> int:
    """End those that live; from then on their access tokens are looked up.

    The member is locked before their sessions, here as everywhere: no two can wait for
    each other.
    """
    lock_members([user.pk])
    ended = sessions.filter(ended_at=None).update(ended_at=now)
    if ended:
        outdate_tokens(user)
    return ended


def purge_sessions(*, now: datetime) -> int:
    """Delete the rows of sessions that were over two months ago; return how many.

    Those of the administration's pages go as soon as they are over.
    """
    SessionStore.clear_expired()
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
