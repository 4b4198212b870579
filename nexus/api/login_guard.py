"""Guessing passwords is slow, and still the owner of the account is not kept out.

Every try takes from buckets of its address and of its account, before the password is
looked at. Two of them last for a day and get back what a right password took.
"""

import unicodedata
from datetime import datetime

from django.conf import settings
from rest_framework.exceptions import Throttled

from nexus.accounts.hashing import TooManyPasswords
from nexus.accounts.queries import has_signed_in_from
from nexus.accounts.sessions import prefix_of
from nexus.api.buckets import Charged, charge, give_back
from nexus.api.limits import (
    LOGIN_ACCOUNT,
    WRONG_ACCOUNT,
    WRONG_ADDRESS,
    Limit,
    network_of,
)


class Attempt:
    """A try at a password: a wrong one, unless its block ends well.

    It is no try at all if nobody came to look at the password.
    """

    def __init__(self, told: list[Charged]) -> None:
        self.told = told
        self.tried: list[Charged] = []
        self.taken: list[Charged] = []

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.forgive()
        elif issubclass(kind, TooManyPasswords):
            self.undo()

    def count(self, limit: Limit, caller: str) -> None:
        charge(limit, caller, told=self.told)
        self.tried.append(self.told[-1])

    def take(self, limit: Limit, caller: str) -> None:
        charge(limit, caller, told=self.told)
        self.taken.append(self.told[-1])

    def forgive(self) -> None:
        """Give back what only wrong passwords cost."""
        self.give_back(self.taken)

    def undo(self) -> None:
        """Give back what all tries cost."""
        self.give_back([*self.taken, *self.tried])

    def give_back(self, all_charged: list[Charged]) -> None:
        for charged in all_charged:
            self.told[self.told.index(charged)] = give_back(charged)


def guard_login(
    *, login: str, address: str, told: list[Charged], now: datetime
) -> Attempt:
    """Count a try, so that of simultaneous ones no more pass; raises Throttled.

    The address comes first: one that has no more tries cannot use up the account's.
    """
    attempt = Attempt(told)
    if not settings.RATE_LIMITS:
        return attempt
    account = account_of(login, address, now=now)
    try:
        attempt.take(WRONG_ADDRESS, network_of(address))
        attempt.count(LOGIN_ACCOUNT, account)
        attempt.take(WRONG_ACCOUNT, account)
    except Throttled:
        attempt.forgive()  # no password was looked at
        raise
    return attempt


def guard_password(*, user_id: int, told: list[Charged]) -> Attempt:
    """Count a try of a signed-in member's own password; raises Throttled.

    Whoever has their session only shall not find out the password with it.
    """
    attempt = Attempt(told)
    if settings.RATE_LIMITS:
        account = f"password:{user_id}"
        attempt.count(LOGIN_ACCOUNT, account)
        attempt.take(WRONG_ACCOUNT, account)
    return attempt


def account_of(login: str, address: str, *, now: datetime) -> str:
    """Return whose bucket a try at the account takes from.

    Where the member was signed in lately they have one for themselves, which no
    stranger elsewhere can empty. E-mail and username have a bucket each, since a shared
    one would tell strangers which address belongs to which name. What the caller typed
    comes last, so that it cannot spell another key.
    """
    login, network = login.strip(), prefix_of(address)
    if network and has_signed_in_from(login=login, network=network, now=now):
        return f"login-from:{network}:{spelled_alike(login)}"
    return f"login:{spelled_alike(login)}"


def spelled_alike(login: str) -> str:
    """Return one spelling for all that the database or a form takes for equal."""
    text = unicodedata.normalize("NFKC", login)
    return text.upper().lower()  # some letters become equal in upper case only
