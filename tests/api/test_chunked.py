"""Bodies whose length nobody announced."""

from io import BytesIO
from typing import Any

import pytest
from django.test import RequestFactory

from nexus.wsgi import application
from tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def send(body: bytes) -> int:
    """Send a body in chunks and return the status."""
    told: list[str] = []
    environ: dict[str, Any] = RequestFactory().post("/auth/login/").environ | {
        "CONTENT_LENGTH": "",
        "CONTENT_TYPE": "application/json",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": BytesIO(body),
    }

    b"".join(application(environ, lambda status, headers: told.append(status)))

    return int(told[0].split()[0])


def test_it_reads_them() -> None:
    user = make_user("ada-lovelace")

    body = f'{{"email": "{user.email}", "password": "{PASSWORD}"}}'
    assert send(body.encode()) == 200


def test_it_refuses_those_that_are_too_large() -> None:
    assert send(b" " * 1_100_000) == 413
