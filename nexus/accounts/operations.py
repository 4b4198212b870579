"""Registration, passwords and what a member tells of themselves."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from secrets import randbelow
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q

from nexus.accounts import audit
from nexus.accounts.closing import close, still_open
from nexus.accounts.models import EmailChange, User, present
from nexus.accounts.one_time import read_token
from nexus.accounts.sessions import SessionEnded, end_sessions, note_network
from nexus.lib.errors import InvalidError, UnauthenticatedError
from nexus.queue import do_later

RESERVED_USERNAMES = frozenset(
    {"me", "stats", "admin", "moderator", "nexus", "root", "api"}
)
LONGEST_USERNAME = 30
FIELD_OF_CONSTRAINT = {
    "accounts_user_email_key": "email",
    "user_username_unique": "username",
}


class InvalidCredentials(UnauthenticatedError):
    code = "invalid_credentials"

    def __init__(self) -> None:
        super().__init__("No account matches this name and password.")


class Taken(InvalidError):
    code = "unique"


class WeakPassword(InvalidError):
    code = "weak_password"


class WrongPassword(InvalidError):
    code = "wrong_password"


@transaction.atomic
def register(
    *, name: str, email: str, password: str, username: str | None, now: datetime
) -> User:
    """Create a member; raises Taken or WeakPassword.

    Uniqueness is the database's word: of two simultaneous registrations one wins.
    """
    user = User(name=name, email=email.lower(), created_at=now)
    user.username = username or free_username(user.email)
    refuse_reserved(user.username)
    refuse_weak(password, user)
    user.set_password(password)
    insert(user, may_rename=username is None)
    do_later("send_verification", arguments={"user_id": user.pk})
    return user


def refuse_reserved(username: str) -> None:
    if username.lower() in RESERVED_USERNAMES:
        raise Taken("This username is taken.", field="username")


def refuse_weak(password: str, user: User, *, field: str = "password") -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages), field=field) from error


def insert(user: User, *, may_rename: bool) -> None:
    try:
        with naming_the_taken():
            user.save(force_insert=True)
    except Taken as error:
        if error.field != "username" or not may_rename:
            raise
        user.username = free_username(user.email)
        insert(user, may_rename=True)


@contextmanager
def naming_the_taken() -> Iterator[None]:
    """Turn the database's refusal of a second one into Taken."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        field = FIELD_OF_CONSTRAINT.get(getattr(diagnosis, "constraint_name", ""))
        if field is None:
            raise
        raise Taken(f"This {field} is taken.", field=field) from error


def free_username(email: str) -> str:
    """Make a name from the address, with a number where it is taken or too short."""
    base = re.sub(r"[^a-z0-9_.-]+", "", email.partition("@")[0])[: LONGEST_USERNAME - 7]
    candidate = base
    while (
        len(candidate) < 3
        or candidate in RESERVED_USERNAMES
        or User.objects.filter(username__iexact=candidate).exists()
    ):
        candidate = f"{base or 'member'}-{randbelow(10**6)}"
    return candidate


def authenticate(*, login: str, password: str, now: datetime) -> User:
    """Return the member with this e-mail or username; raises InvalidCredentials.

    An unknown name costs the same hashing as a wrong password: the time tells nothing.
    """
    named = Q(email=login.lower()) | Q(username__iexact=login)
    user = User.objects.filter(still_open(now)).filter(named).first()
    if user is None:
        make_password(password)
        raise InvalidCredentials
    if not user.check_password(password):
        raise InvalidCredentials
    return user


def locked(user: User) -> User:
    """Return the member as stored now, nobody else's until the transaction ends."""
    found = User.objects.select_for_update().filter(present(), pk=user.pk).first()
    if found is None:
        raise SessionEnded
    return found


@transaction.atomic
def change_password(
    *,
    user: User,
    current_password: str,
    new_password: str,
    session_id: UUID | None,
    now: datetime,
) -> None:
    """Set a new password and end every session of the member but that (None: all)."""
    user = locked(user)
    require_password(user, current_password, field="current_password")
    refuse_weak(new_password, user, field="new_password")
    user.set_password(new_password)
    user.save(update_fields=["password"])
    end_sessions(user=user, keep=session_id, now=now)
    forget_email_change(user)
    audit.record("password_changed", actor=user, member=user, now=now)
    do_later("send_password_notice", arguments={"user_id": user.pk})


def forget_email_change(user: User) -> None:
    """Drop a wish for another address: it may have been a thief's."""
    EmailChange.objects.filter(user=user).delete()


def require_password(user: User, password: str, *, field: str = "password") -> None:
    if not user.check_password(password):
        raise WrongPassword("This is not your password.", field=field)


def request_password_reset(*, email: str) -> None:
    """Queue the mail; whether the address is known shows only in that mailbox.

    A job is queued for nobody too, so that the time tells nothing either. It carries no
    address: jobs are logged.
    """
    known = User.objects.filter(email=email.lower()).values_list("pk", flat=True)
    do_later("send_password_reset", arguments={"user_id": known.first() or 0})


@transaction.atomic
def reset_password(
    *, token: str, new_password: str, address: str, now: datetime
) -> None:
    """Set a new password and end all sessions; raises BadToken or WeakPassword."""
    user, _ = read_token(token, "reset-password", now=now)
    refuse_weak(new_password, user, field="new_password")
    user.set_password(new_password)
    # Whoever reads the mail at this address has just shown that it is theirs.
    user.is_verified = True
    user.save(update_fields=["password", "is_verified"])
    end_sessions(user=user, keep=None, now=now)
    note_network(user=user, address=address, now=now)
    forget_email_change(user)
    audit.record("password_reset", actor=user, member=user, now=now)
    do_later("send_password_notice", arguments={"user_id": user.pk})


def request_verification(*, user: User) -> None:
    if not user.is_verified:
        do_later("send_verification", arguments={"user_id": user.pk})


@transaction.atomic
def verify_email(*, token: str, now: datetime) -> None:
    user, _ = read_token(token, "verify-email", now=now)
    user.is_verified = True
    user.save(update_fields=["is_verified"])


@transaction.atomic
def update_profile(*, user: User, changes: Mapping[str, str]) -> User:
    """Change what the member tells of themselves; raises Taken."""
    if "username" in changes and changes["username"].lower() != user.username.lower():
        refuse_reserved(changes["username"])
    user = locked(user)
    for field, value in changes.items():
        setattr(user, field, value)
    with naming_the_taken():
        user.save(update_fields=list(changes))
    return user


def replace_profile(*, user: User, values: Mapping[str, str]) -> User:
    """Set the profile; what is left out returns to its default. Raises Taken.

    Who may see it stays as it is: forgetting a field must not publish a profile.
    """
    empty = User()
    names = ("bio", "region", "language", "timezone")
    defaults = {name: getattr(empty, name) for name in names}
    return update_profile(user=user, changes=defaults | dict(values))


@transaction.atomic
def delete_account(*, user: User, password: str, now: datetime) -> None:
    """Close the account; signing in undoes it for two weeks. Raises WrongPassword."""
    user = locked(user)
    require_password(user, password)
    close(user, now=now)
    end_sessions(user=user, keep=None, now=now)
