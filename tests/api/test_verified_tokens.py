"""Tokens that were verified a moment ago: how long, how many, by which keys."""

from uuid import uuid4

import pytest
from pytest_django import Settings

from nexus.accounts.models import Role
from nexus.api.tokens import BadToken, Claims, VerifiedTokens, read_access
from tests.tokens import sign_in

CLAIMS = Claims(1, uuid4(), Role.MEMBER, 0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    found = Clock()
    monkeypatch.setattr("nexus.api.tokens.time.time", found)
    return found


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_it_remembers_for_half_a_minute(clock: Clock) -> None:
    verified = VerifiedTokens()
    verified.keep("token", CLAIMS, expires_at=9_000)

    clock.now += 29
    assert verified.find("token") == CLAIMS
    assert verified.find("Token") is None
    clock.now += 1
    assert verified.find("token") is None


def test_it_never_remembers_past_the_end_of_a_token(clock: Clock) -> None:
    verified = VerifiedTokens()
    verified.keep("token", CLAIMS, expires_at=1_010)

    clock.now += 10

    assert verified.find("token") is None


def test_it_forgets_the_oldest_of_too_many(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VerifiedTokens, "LIMIT", 2)
    verified = VerifiedTokens()

    for name in ("first", "second", "third"):
        verified.keep(name, CLAIMS, expires_at=9_000)

    assert [verified.find(name) for name in ("first", "second", "third")] == [
        None,
        CLAIMS,
        CLAIMS,
    ]


def test_what_is_verified_again_is_the_newest(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VerifiedTokens, "LIMIT", 2)
    verified = VerifiedTokens()

    for name in ("first", "second", "first", "third"):
        verified.keep(name, CLAIMS, expires_at=9_000)

    assert verified.find("first") == CLAIMS
    assert verified.find("second") is None


@pytest.mark.django_db
def test_it_forgets_what_another_key_signed(owner: object, settings: Settings) -> None:
    access = sign_in()["access"]
    read_access(access)

    settings.SECRET_KEY = "another-key-of-more-than-thirty-two-characters"

    with pytest.raises(BadToken):
        read_access(access)
