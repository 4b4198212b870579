"""Who is asking: the bearer token's session, if it has not ended."""

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from nexus.accounts.models import Session, User
from nexus.accounts.queries import find_live_session
from nexus.accounts.sessions import SessionEnded
from nexus.api.tokens import BadToken, session_of_access


class BearerAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise BadToken
        session_id = session_of_access(words[1].decode("latin-1"))
        session = find_live_session(session_id=session_id, now=timezone.now())
        if session is None:
            raise SessionEnded
        request.META["nexus.member"] = session.user_id
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # untyped
    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
