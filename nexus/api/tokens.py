"""JSON web tokens: signed and verified by SimpleJWT, about sessions of ours."""

from datetime import datetime, timedelta
from uuid import UUID

from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import (
    AccessToken,
    RefreshToken,
    Token,
    UntypedToken,
)

from nexus.accounts.sessions import SignIn, is_current
from nexus.lib.errors import UnauthenticatedError


class BadToken(UnauthenticatedError):
    code = "token_not_valid"

    def __init__(self) -> None:
        super().__init__("The token is not valid, or no longer.")


def token_pair(sign_in: SignIn) -> dict[str, object]:
    """Return the token part of a sign-in's answer."""
    session = sign_in.session
    access, refresh = AccessToken(), RefreshToken()
    for token in (access, refresh):
        token["sub"] = str(session.user_id)
        token["sid"] = str(session.pk)
    access["role"] = session.user.role
    refresh["secret"] = sign_in.secret
    refresh["generation"] = session.generation
    lifetime: timedelta = access.lifetime
    return {
        "access": str(access),
        "refresh": str(refresh),
        "token_type": "Bearer",
        "expires_in": int(lifetime.total_seconds()),
    }


def read(kind: type[Token], raw: str) -> Token:
    try:
        return kind(raw)  # type: ignore[arg-type]  # the stub asks for bytes or a Token
    except TokenError as error:
        raise BadToken from error


def verify(raw: str, *, now: datetime) -> None:
    """Raise BadToken unless the token, of either kind, would be accepted now."""
    token = read(UntypedToken, raw)
    session_id, secret = session_id_of(token), token.get("secret")
    if not is_current(session_id=session_id, secret=secret, now=now):
        raise BadToken


def session_of_access(raw: str) -> UUID:
    return session_id_of(read(AccessToken, raw))


def secret_of_refresh(raw: str) -> tuple[UUID, str]:
    token = read(RefreshToken, raw)
    return session_id_of(token), str(token.get("secret", ""))


def session_id_of(token: Token) -> UUID:
    try:
        return UUID(str(token.get("sid")))
    except ValueError as error:
        raise BadToken from error
