"""Registration, sign-in, tokens, sessions, passwords."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from nexus.accounts import operations, sessions
from nexus.accounts.email_change import confirm_email_change, request_email_change
from nexus.accounts.models import User
from nexus.accounts.queries import live_sessions
from nexus.api import tokens
from nexus.api.endpoint import Endpoint, operation
from nexus.api.limits import LOGIN_ADDRESS, MAIL, REGISTER
from nexus.api.login_guard import guard_login, guard_password
from nexus.api.paging import CursorParams, Keyset, cursor_body
from nexus.api.reply import NEVER_STORE, Reply
from nexus.api.shapes import accounts as shapes
from nexus.api.shapes.common import cursor_page_of

SessionPage = cursor_page_of(shapes.SessionOutput, "SessionPage")
SESSIONS = Keyset("sessions", "last_used_at", read_key=UUID)


class TokenEndpoint(Endpoint):
    """Open to anyone, and its answers are secrets."""

    authentication_classes = []
    permission_classes = [AllowAny]
    cache_control = NEVER_STORE

    def sign_in(self, user: User, *, now: datetime) -> dict[str, Any]:
        device = self.request.headers.get("User-Agent", "")
        sign_in = sessions.open_session(
            user=user, device=device, address=self.address, now=now
        )
        return token_body(sign_in, now=now)


def token_body(sign_in: sessions.SignIn, *, now: datetime) -> dict[str, Any]:
    user = shapes.UserOutput(sign_in.session.user).data
    return {"user": user} | tokens.token_pair(sign_in, now=now)


class Register(TokenEndpoint):
    limit = REGISTER

    @operation("Register", body=shapes.RegisterInput, answers={201: shapes.TokenOutput})
    def post(self, request: Request) -> Reply:
        values = {"username": None} | self.body
        now = timezone.now()
        user = operations.register(**values, now=now)
        return Reply(self.sign_in(user, now=now), status=201)


class Login(TokenEndpoint):
    limit = LOGIN_ADDRESS

    @operation(
        "Sign in",
        description=(
            "Send `access` as `Authorization: Bearer ...`; it lasts ten minutes. "
            "`refresh` buys the next pair, once. A session ends after 14 days without "
            "use and after 60 in any case. An account that was closed less than 14 "
            "days ago is open again. Wrong passwords are limited by address and by "
            "account."
        ),
        body=shapes.LoginInput,
        answers={200: shapes.TokenOutput},
        failures=[401],
    )
    def post(self, request: Request) -> Reply:
        login, now = self.body["login"], timezone.now()
        with guard_login(login=login, address=self.address, told=self.told, now=now):
            user = operations.authenticate(**self.body, now=now)
        return Reply(self.sign_in(user, now=now))


class Refresh(TokenEndpoint):
    @operation(
        "Spend a refresh token for a new pair",
        description=(
            "Whoever brings the same token within ten seconds gets the same new one, "
            "as two tabs of one browser do. After that it is taken for a stolen copy: "
            "`refresh_token_reused`, and the session ends."
        ),
        body=shapes.RefreshInput,
        answers={200: shapes.TokenOutput},
        failures=[401],
    )
    def post(self, request: Request) -> Reply:
        now = timezone.now()
        session_id, secret = tokens.secret_of_refresh(self.body["refresh"])
        sign_in = sessions.rotate(session_id=session_id, secret=secret, now=now)
        return Reply(token_body(sign_in, now=now))


class Verify(TokenEndpoint):
    @operation(
        "Say whether a token is valid",
        body=shapes.VerifyInput,
        answers={200: shapes.EmptyOutput},
        failures=[401],
    )
    def post(self, request: Request) -> Reply:
        tokens.verify(self.body["token"], now=timezone.now())
        return Reply({})


class Logout(Endpoint):
    @operation("End this session", body=shapes.LogoutInput, answers={204: None})
    def post(self, request: Request) -> Reply:
        sessions.log_out(user=self.user, session_id=self.session_id, now=timezone.now())
        return Reply(status=204)


class Sessions(Endpoint):
    @operation(
        "List where I am signed in", params=CursorParams, answers={200: SessionPage}
    )
    def get(self, request: Request) -> Reply:
        rows = live_sessions(user=self.user, now=timezone.now())
        body = cursor_body(request, self.params, rows, SESSIONS, render=self.render)
        return Reply(body)

    def render(self, rows: list[Any]) -> Any:
        context = {"session_id": self.session_id}
        return shapes.SessionOutput(rows, many=True, context=context).data

    @operation("End all other sessions", answers={204: None})
    def delete(self, request: Request) -> Reply:
        sessions.end_sessions(user=self.user, keep=self.session_id, now=timezone.now())
        return Reply(status=204)


class OneSession(Endpoint):
    @operation("End one session", answers={204: None})
    def delete(self, request: Request, session_id: UUID) -> Reply:
        sessions.end_session(user=self.user, session_id=session_id, now=timezone.now())
        return Reply(status=204)


class PasswordChange(Endpoint):
    @operation(
        "Change my password, ending all other sessions",
        body=shapes.PasswordChangeInput,
        answers={204: None},
    )
    def post(self, request: Request) -> Reply:
        own, now = {"session_id": self.session_id, **self.body}, timezone.now()
        with guard_password(user_id=self.user.pk, told=self.told):
            operations.change_password(user=self.user, now=now, **own)
        return Reply(status=204)


class PasswordReset(TokenEndpoint):
    limit = LOGIN_ADDRESS

    @operation(
        "Ask for a code to set a new password",
        description=(
            "The code lasts an hour and goes to `/api/auth/password/reset/confirm/`. "
            "The answer is the same whether or not the address is known."
        ),
        body=shapes.PasswordResetInput,
        answers={202: shapes.EmptyOutput},
    )
    def post(self, request: Request) -> Reply:
        self.charge(MAIL, f"to:{self.body['email']}")
        operations.request_password_reset(email=self.body["email"])
        return Reply({}, status=202)


class PasswordResetConfirm(TokenEndpoint):
    limit = LOGIN_ADDRESS

    @operation(
        "Set a new password with the code, ending all sessions",
        body=shapes.PasswordResetConfirmInput,
        answers={204: None},
    )
    def post(self, request: Request) -> Reply:
        operations.reset_password(**self.body, address=self.address, now=timezone.now())
        return Reply(status=204)


class EmailVerify(Endpoint):
    @operation(
        "Ask for a code that confirms my address", answers={202: shapes.EmptyOutput}
    )
    def post(self, request: Request) -> Reply:
        self.charge(MAIL, f"to:{self.user.email}")
        operations.request_verification(user=self.user)
        return Reply({}, status=202)


class EmailVerifyConfirm(TokenEndpoint):
    @operation(
        "Confirm an address with the code",
        body=shapes.EmailVerifyInput,
        answers={204: None},
    )
    def post(self, request: Request) -> Reply:
        operations.verify_email(**self.body, now=timezone.now())
        return Reply(status=204)


class EmailChange(Endpoint):
    @operation(
        "Ask to use another address: a code goes to the old and to the new one",
        description=(
            "Both codes go to `/api/auth/email/change/confirm/`, in any order, within "
            "a day. Whether the address is somebody else's shows only in mailboxes."
        ),
        body=shapes.EmailChangeInput,
        answers={202: shapes.EmptyOutput},
    )
    def post(self, request: Request) -> Reply:
        with guard_password(user_id=self.user.pk, told=self.told):
            self.charge(MAIL, f"from:{self.user.pk}")
            self.charge(MAIL, f"to:{self.body['new_email']}")
            request_email_change(user=self.user, now=timezone.now(), **self.body)
        return Reply({}, status=202)


class EmailChangeConfirm(TokenEndpoint):
    limit = LOGIN_ADDRESS

    @operation(
        "Confirm another address with a code; the second of the two codes changes it",
        body=shapes.EmailVerifyInput,
        answers={200: shapes.EmailChangeOutput},
    )
    def post(self, request: Request) -> Reply:
        is_changed = confirm_email_change(**self.body, now=timezone.now())
        return Reply({"is_changed": is_changed})
