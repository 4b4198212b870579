"""The watch over the logs of all tests, itself watched."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import signing

from nexus.accounts.models import User
from nexus.env import PROJECT_DIR
from tests.client import Api
from tests.logs import LOOKS, WATCH, is_secret, secrets_in
from tests.tmdb_server import TmdbServer

TOLD = {
    "a JSON web token": f'{{"exception": "no\\n{TmdbServer.token}"}}',
    "a mail address": "Key (email)=(ada@example.org) already exists",
    "a signed code": signing.dumps([1, "state"], salt="reset-password"),
    "the hash of a password": "argon2$argon2id$v=19$m=102400,t=2,p=8$OUtX$ts8z",
    "a hash": '{"exception": "refresh_hash\\n' + "0123456789abcdef" * 4 + '"}',
    "an Authorization header": "HTTP_AUTHORIZATION: Basic YWRhOnNlY3JldA==",
    "a password in an address": "connecting to postgresql://nexus:hidden@db/nexus",
    "a key in an address": "GET /3/movie/603?api_key=0123456789abcdef failed",
    "a random word": "-".join(["Az09_"] * 8),
}


@pytest.mark.parametrize(("look", "line"), TOLD.items(), ids=TOLD)
def test_it_knows_secrets_by_their_looks(look: str, line: str) -> None:
    assert look in secrets_in(line)


def test_it_knows_every_look() -> None:
    assert TOLD.keys() == LOOKS.keys()


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "request", "request_id": "b2c3417cce564d95b64eceb1aa93059e"}',
        'File "/home/ada/nexus/api/middleware.py", line 47, in __call__',
        "answered 401 with WWW-Authenticate: Bearer",
        "serving http://127.0.0.1:8000/swagger/ at 06:22:38",
        "test_it_covers_a_very_long_name_of_a_test_function_in_capitals_7",
    ],
)
def test_it_leaves_other_lines_alone(line: str) -> None:
    assert secrets_in(line) == []


@pytest.mark.parametrize(
    "line", ["said «pass word ä7»", '"said \\u00abpass word \\u00e47"']
)
def test_it_knows_what_was_sent(line: str) -> None:
    assert secrets_in(line, ["pass word ä7"]) == ["pass word ä7"]


@pytest.mark.parametrize("value", [None, 7, "short-1", "password", "12345678"])
def test_it_takes_nothing_common_for_a_secret(value: object) -> None:
    assert not is_secret(value)


def test_it_notes_what_clients_send(owner: User) -> None:
    api = Api(owner)

    answer = api.post("/api/auth/login/", {"email": "x", "password": "another-horse-8"})
    api.client.cookies["sessionid"] = "abcdefgh12345678"
    api.client.post("/admin/login/?next=1", {"password": "some-horse-9"})

    assert answer.status == 401  # the body reached the product, too
    token = api.headers["Authorization"].partition(" ")[2]
    sent = {"another-horse-8", "abcdefgh12345678", "some-horse-9", token}
    assert sent <= WATCH.sent


WATCHED = """
import logging

import pytest
from django.test import Client

from tests.builders import PASSWORD
from tests.launch.program import Program

logger = logging.getLogger("nexus.accounts")


def test_passes_without_secrets(caplog):
    logger.warning("member %s", 7)

    assert caplog.messages == ["member 7"]


def test_passes_where_production_is_silent():
    logging.getLogger("httpx").info(PASSWORD)


@pytest.mark.tells_secrets
def test_passes_where_it_is_on_purpose():
    logger.warning(PASSWORD)


def test_passes_after_others(caplog):
    assert not caplog.messages


def test_fails_with_a_secret(caplog):
    logger.warning("it is %s", PASSWORD)

    assert caplog.messages == [f"it is {PASSWORD}"]


def test_fails_with_what_only_developers_see():
    logger.debug("member", extra={"password": PASSWORD})


def test_fails_with_a_secret_of_others():
    logging.getLogger("some.library").warning(PASSWORD)


def test_fails_with_a_secret_in_an_exception():
    try:
        raise ValueError(PASSWORD)
    except ValueError:
        logger.exception("it failed")


def test_fails_with_what_was_sent():
    Client().post("/nowhere", {"password": "another-horse-8"}, "application/json")
    logger.warning("another-horse-8")


def test_passes_with_what_another_test_sent():
    logger.warning("another-horse-8")


def test_fails_with_what_a_program_wrote(tmp_path):
    (tmp_path / "home.stderr").write_text("all right\\nmail to ada@example.org\\n")


@pytest.fixture
def talkative():
    yield
    logger.warning(PASSWORD)


def test_passes_but_errs_with_its_fixture(talkative):
    pass
"""


def outcomes_of(folder: Path) -> tuple[list[tuple[str, str]], str]:
    """Run the tests as this suite is run; return what each came to, and all output."""
    (folder / "test_watched.py").write_text(WATCHED, encoding="utf-8")
    plugins = [f"-ptests.{name}" for name in ("environment", "counts", "logs")]
    options = ["-rA", "--ds=nexus.settings", "-pno:cacheprovider", "--basetemp=inside"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *options],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT_DIR)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found = re.findall(r"^([A-Z]+) test_watched.py::(\w+)", run.stdout, re.MULTILINE)
    return found, run.stdout


def test_it_fails_the_tests_that_tell_secrets(tmp_path: Path) -> None:
    outcomes, told = outcomes_of(tmp_path)

    passed = {name for outcome, name in outcomes if outcome == "PASSED"}
    failed = {name for outcome, name in outcomes if outcome == "FAILED"}
    assert len(passed) == len(failed) == 6, told
    assert all(name.startswith("test_passes_") for name in passed)
    assert all(name.startswith("test_fails_") for name in failed)
    assert ("ERROR", "test_passes_but_errs_with_its_fixture") in outcomes
    assert "12 log lines searched for secrets" in told
    assert "a mail address, in: mail to ada@example.org" in told
