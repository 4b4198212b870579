"""Tokens sent by mail: signed, short-lived, and void once they have been used."""

from datetime import datetime
from typing import Final, Literal

from django.conf import settings
from django.core import signing
from django.utils.crypto import salted_hmac

from nexus.accounts.closing import still_open
from nexus.accounts.models import EmailChange, User, present
from nexus.lib.errors import InvalidError

Purpose = Literal[
    "reset-password", "verify-email", "leave-old-address", "take-new-address"
]
KEEP_S: Final[dict[Purpose, int]] = {
    "reset-password": 3600,
    "verify-email": 3 * 86400,
    "leave-old-address": 86400,
    "take-new-address": 86400,
}


class BadToken(InvalidError):
    code = "invalid_token"

    def __init__(self) -> None:
        super().__init__("This code is not valid, or no longer.", field="token")


def make_token(user: User, purpose: Purpose) -> str:
    return signing.dumps([user.pk, states_of(user, purpose)[0]], salt=purpose)


def read_token(token: str, *purposes: Purpose, now: datetime) -> tuple[User, Purpose]:
    """Return the member the token was made for, locked, and what for; raises BadToken.

    The lock lets one of simultaneous uses see the state that the token was made in.
    """
    for purpose in purposes:
        try:
            found = signing.loads(token, salt=purpose, max_age=KEEP_S[purpose])
        except signing.BadSignature:
            continue
        user_id, state = found
        return user_in_state(user_id, state, purpose, now=now), purpose
    raise BadToken


def user_in_state(user_id: int, state: str, purpose: Purpose, *, now: datetime) -> User:
    """Return the member, locked, if the token's purpose is not fulfilled yet.

    Who is leaving may still set a new password: they need it to come back.
    """
    allowed = still_open(now) if purpose == "reset-password" else present()
    members = User.objects.select_for_update().filter(allowed, pk=user_id)
    user = members.first()
    if user is None or state not in states_of(user, purpose):
        raise BadToken
    return user


def states_of(user: User, purpose: Purpose) -> list[str]:
    """Digest what the purpose changes, so that a used token no longer matches.

    The first is by the key of now, the others by those of before.
    """
    parts = "\n".join(parts_of(user, purpose))
    return [
        salted_hmac(purpose, parts, secret=key, algorithm="sha256").hexdigest()[:24]
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def parts_of(user: User, purpose: Purpose) -> list[str]:
    match purpose:
        case "reset-password":
            return [user.password, user.email]
        case "verify-email":
            return [user.email, str(user.is_verified)]
        case "leave-old-address" | "take-new-address":
            return state_of_change(user, purpose)


def state_of_change(user: User, purpose: Purpose) -> list[str]:
    change = EmailChange.objects.filter(user=user).first()
    if change is None:
        return ["none"]
    is_old = purpose == "leave-old-address"
    confirmed_at = change.old_confirmed_at if is_old else change.new_confirmed_at
    return [
        user.email,
        change.new_email,
        change.requested_at.isoformat(),
        str(confirmed_at),
    ]
