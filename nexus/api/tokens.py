"""JSON web tokens: signed and verified by SimpleJWT, about sessions of ours."""

import hashlib
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.utils.crypto import salted_hmac
from rest_framework_simplejwt import tokens as simplejwt
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings

from nexus.accounts.models import Role
from nexus.accounts.sessions import SignIn, hash_of, is_current
from nexus.lib.errors import UnauthenticatedError

ALGORITHM = "HS256"


class BadToken(UnauthenticatedError):
    code = "token_not_valid"

    def __init__(self) -> None:
        super().__init__("The token is not valid, or no longer.")


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says; `version` is that of the member's access."""

    user_id: int
    session_id: UUID
    role: Role
    version: int


class VerifiedTokens:
    """What tokens said that were verified a moment ago, in bounded memory.

    The hash of the whole token names it: nothing here can be sent in its place.
    """

    LIMIT = 10_000
    KEPT_S = 30.0

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: dict[bytes, tuple[Claims, float]] = {}

    def find(self, raw: str) -> Claims | None:
        claims, until = self.found.get(digest_of(raw), (None, 0.0))
        return claims if time.time() < until else None

    def keep(self, raw: str, claims: Claims, *, expires_at: float) -> None:
        until = min(time.time() + self.KEPT_S, expires_at)
        digest = digest_of(raw)
        with self.lock:
            self.found.pop(digest, None)  # else it kept its place, and went first
            self.found[digest] = (claims, until)
            if len(self.found) > self.LIMIT:
                del self.found[next(iter(self.found))]


def digest_of(raw: str) -> bytes:
    return hashlib.sha256(raw.encode()).digest()


class KeyRing(TokenBackend):
    """Signs with the newest key and names it; verifies with the key that is named."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self.verified = VerifiedTokens()
        self.keys = {name_of(key): key for key in map(signing_key, secrets)}
        self.newest = next(iter(self.keys))
        super().__init__(
            ALGORITHM,
            signing_key=self.keys[self.newest],
            issuer=api_settings.ISSUER,
            audience=api_settings.AUDIENCE,
        )

    def encode(self, payload: dict[str, Any]) -> str:
        claims = payload | {"iss": self.issuer, "aud": self.audience}
        key = self.keys[self.newest]
        return jwt.encode(claims, key, ALGORITHM, headers={"kid": self.newest})

    def get_verifying_key(self, token: Any) -> str:
        """Return the key that the token names; raises jwt.InvalidTokenError."""
        name = jwt.get_unverified_header(token).get("kid")
        if name not in self.keys:
            raise jwt.InvalidTokenError("No key of ours has this name.")
        return self.keys[name]


def signing_key(secret: str) -> str:
    """Derive a key for tokens alone, so that what leaks of one use harms no other."""
    return salted_hmac(
        "nexus.tokens", "", secret=secret, algorithm="sha256"
    ).hexdigest()


def name_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]


key_ring = lru_cache(maxsize=4)(KeyRing)


def our_keys(_: simplejwt.Token | None = None) -> KeyRing:
    return key_ring((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


class AccessToken(simplejwt.AccessToken):
    get_token_backend = our_keys


class RefreshToken(simplejwt.RefreshToken):
    get_token_backend = our_keys


class AnyToken(simplejwt.UntypedToken):
    get_token_backend = our_keys


def token_pair(sign_in: SignIn, *, now: datetime) -> dict[str, object]:
    """Return the token part of a sign-in's answer."""
    access = access_token(sign_in, now=now)
    return {
        "access": str(access),
        "refresh": str(refresh_token(sign_in)),
        "token_type": "Bearer",
        "expires_in": access["exp"] - access["iat"],
    }


def access_token(sign_in: SignIn, *, now: datetime) -> AccessToken:
    session, token = sign_in.session, AccessToken()
    token["sub"] = str(session.user_id)
    token["sid"] = str(session.pk)
    token["role"] = session.user.role
    token["ver"] = session.user.token_version
    token.set_iat(at_time=now)
    lifetime: timedelta = min(token.lifetime, session.expires_at - now)
    token.set_exp(from_time=now, lifetime=lifetime)
    return token


def refresh_token(sign_in: SignIn) -> RefreshToken:
    """Build it from the session alone: asking twice gives the same bytes."""
    session, token = sign_in.session, RefreshToken()
    token["sub"] = str(session.user_id)
    token["sid"] = str(session.pk)
    token["secret"] = sign_in.secret
    token.set_iat(at_time=session.last_used_at)
    token.set_exp(from_time=session.expires_at, lifetime=timedelta(0))
    token["jti"] = hash_of(sign_in.secret)[:32]
    return token


def read(kind: type[simplejwt.Token], raw: str) -> simplejwt.Token:
    try:
        return kind(raw)  # type: ignore[arg-type]  # the stub asks for bytes or a Token
    except TokenError as error:
        raise BadToken from error


def verify(raw: str, *, now: datetime) -> None:
    """Raise BadToken unless the token, of either kind, would be accepted now."""
    token = read(AnyToken, raw)
    session_id, secret = session_id_of(token), token.get("secret")
    if not is_current(session_id=session_id, secret=secret, now=now):
        raise BadToken


def read_access(raw: str) -> Claims:
    """Return what the token says; raises BadToken."""
    verified = our_keys().verified
    claims = verified.find(raw)
    if claims is None:
        token = read(AccessToken, raw)
        claims = claims_of(token)
        verified.keep(raw, claims, expires_at=token["exp"])
    return claims


def claims_of(token: simplejwt.Token) -> Claims:
    try:
        return Claims(
            user_id=int(token["sub"]),
            session_id=session_id_of(token),
            role=Role(token["role"]),
            version=int(token["ver"]),
        )
    except (KeyError, ValueError) as error:
        raise BadToken from error


def secret_of_refresh(raw: str) -> tuple[UUID, str]:
    token = read(RefreshToken, raw)
    return session_id_of(token), str(token.get("secret", ""))


def session_id_of(token: simplejwt.Token) -> UUID:
    try:
        return UUID(str(token.get("sid")))
    except ValueError as error:
        raise BadToken from error
