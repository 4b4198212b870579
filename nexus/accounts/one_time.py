"""Tokens sent by mail: signed, short-lived, and void once they have been used."""

from typing import Final, Literal

from django.core import signing
from django.utils.crypto import salted_hmac

from nexus.accounts.models import User
from nexus.lib.errors import InvalidError

Purpose = Literal["reset-password", "verify-email"]
KEEP_S: Final[dict[Purpose, int]] = {"reset-password": 3600, "verify-email": 3 * 86400}


class BadToken(InvalidError):
    code = "invalid_token"

    def __init__(self) -> None:
        super().__init__("This code is not valid, or no longer.", field="token")


def make_token(user: User, purpose: Purpose) -> str:
    return signing.dumps([user.pk, state_of(user, purpose)], salt=purpose)


def read_token(token: str, purpose: Purpose) -> User:
    """Return the member the token was made for, locked; raises BadToken.

    The lock lets one of simultaneous uses see the state that the token was made in.
    """
    try:
        user_id, state = signing.loads(token, salt=purpose, max_age=KEEP_S[purpose])
    except signing.BadSignature as error:
        raise BadToken from error
    members = User.objects.select_for_update().filter(pk=user_id, is_active=True)
    user = members.first()
    if user is None or state != state_of(user, purpose):
        raise BadToken
    return user


def state_of(user: User, purpose: Purpose) -> str:
    """Digest what the purpose changes, so that a used token no longer matches."""
    parts = (
        [user.email, str(user.is_verified)]
        if purpose == "verify-email"
        else [user.password]
    )
    return salted_hmac(purpose, "\n".join(parts), algorithm="sha256").hexdigest()[:24]
