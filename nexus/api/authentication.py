"""Who is asking: the member of the bearer token, if its session has not ended."""

from typing import Final

from django.conf import settings
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from nexus.accounts import access
from nexus.accounts.models import User
from nexus.accounts.queries import find_live_session
from nexus.accounts.sessions import SessionEnded
from nexus.api.buckets import take_if_believed
from nexus.api.limits import MEMBER
from nexus.api.tokens import BadToken, Claims, read_access
from nexus.valkey import ValkeyDown

CHARGED: Final = "nexus.charged"  # in META: the request has been counted


class BearerAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Claims] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise BadToken
        claims = read_access(words[1].decode("latin-1"))
        user = believed(claims, request) or looked_up(claims)
        request.META["nexus.member"] = user.pk
        return user, claims

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def believed(claims: Claims, request: Request) -> User | None:
    """Return the member as the token has them, unless something may have changed.

    Fields that the token does not know are read from the database when they are used.
    """
    if not is_believable(claims, request):
        return None
    known = {"id": claims.user_id, "role": claims.role, "is_active": True}
    return User.from_db("default", list(known), list(known.values()))


def is_believable(claims: Claims, request: Request) -> bool:
    """Ask Valkey, which also charges the member at once: see Endpoint."""
    who = {"user_id": claims.user_id, "version": claims.version}
    if not settings.RATE_LIMITS:
        return access.is_believable(**who)
    belief = access.belief(**who)
    if belief is None:
        return False
    try:
        charged = take_if_believed(MEMBER, str(claims.user_id), belief)
    except ValkeyDown:
        return False
    request.META[CHARGED] = charged
    return charged is not None


def looked_up(claims: Claims) -> User:
    """Return the member as stored; raises SessionEnded."""
    session = find_live_session(session_id=claims.session_id, now=timezone.now())
    if session is None or session.user_id != claims.user_id:
        raise SessionEnded
    access.remember(session.user)
    return session.user


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # untyped
    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
