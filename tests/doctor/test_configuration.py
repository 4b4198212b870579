"""What Django has against the settings is told in the words of our variables."""

import re

import pytest
from django.core.checks import Warning as Caution
from django.test import override_settings

from nexus.doctor.parts import configuration, words_of

DJANGOS = re.compile(r"SECURE_|_COOKIE_|INSTALLED_APPS|MIDDLEWARE")


@override_settings(
    DEBUG=True,
    SECRET_KEY="a" * 40,
    SECRET_KEY_FALLBACKS=["b" * 40],
    SECURE_HSTS_SECONDS=0,
    SECURE_SSL_REDIRECT=False,
    SESSION_COOKIE_SECURE=False,
    CSRF_COOKIE_SECURE=False,
)
def test_it_names_our_variables() -> None:
    found = list(configuration(deploy=True))

    told = "\n".join(f"{one.message} {one.remedy}" for one in found)
    assert not DJANGOS.search(told)
    for variable in ("HTTPS=on", "DEBUG=off", "SECRET_KEY ", "SECRET_KEY_FALLBACKS"):
        assert variable in told
    assert len(set(re.findall(r"security\.W\d{3}", told))) >= 6


def test_it_tells_the_same_fault_once() -> None:
    insecure = override_settings(
        SECURE_HSTS_SECONDS=0, SECURE_SSL_REDIRECT=False, CSRF_COOKIE_SECURE=False
    )
    with insecure:
        found = [one.message for one in configuration(deploy=True)]

    (https,) = [message for message in found if message.startswith("HTTPS is off")]
    assert "(security.W004, security.W008, " in https


@pytest.mark.parametrize("hint", ["Ask.", None])
def test_it_passes_on_what_it_does_not_know(hint: str | None) -> None:
    one = Caution("A line\n  that is broken.", hint=hint, id="other.W001")

    assert words_of(one) == ("A line that is broken.", hint or "See .env.example.")
