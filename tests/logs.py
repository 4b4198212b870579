"""Fails the test during which a log told a secret or something personal.

Each record is looked at as the line that production would write, and those of our own
loggers from DEBUG on. So is what the real program writes beside the test. What counts
is what looks like a secret, and what the test sent as one. A test that tells secrets on
purpose is marked `tells_secrets`.
"""

import json
import logging
import re
from collections.abc import Generator, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import parse_qsl

import pytest
from django.conf import settings
from django.core.signals import request_started
from django.test.client import FakePayload

from nexus.lib.logs import JsonLines
from tests.counts import COUNTED

LOOKS: Final = {
    name: re.compile(pattern)
    for name, pattern in {
        "a JSON web token": r"(?<![\w-])eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*",
        "a mail address": r"(?<![\w.+%-])[\w.+%-]+@[\w-]+(\.[\w-]+)+",
        "a signed code": r"(?<![\w-])[\w-]{4,}:[0-9A-Za-z]{6}:[\w-]{43}",
        "the hash of a password": r"\b(argon2|bcrypt\w*|md5|pbkdf2_\w+|scrypt)\$\S{8,}",
        "a hash": r"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])",
        "an Authorization header": r"(?i)\b(basic|bearer) [\w.~+/-]{8,}",
        "a password in an address": r"\w://[^/\s:@]*:[^/\s@]+@",
        "a key in an address": (
            r"(?i)[?&](?:api_?key|key|password|secret|token)=[^\s&\"]{8,}"
        ),
        "a random word": (
            r"(?<![\w-])(?=[\w-]{43})(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]*[A-Z]"
        ),
    }.items()
}
SENT_AS: Final = frozenset(
    {"access", "bio", "code", "current_password", "email", "name", "new_password"}
    | {"note", "password", "query", "refresh", "review", "search", "token", "username"}
)
PART: Final = re.compile(r'name="(\w+)"\r\n\r\n(.*?)\r\n--', re.DOTALL)  # of a form
SHORTEST: Final = 8  # what is shorter stands in many a harmless line
SETTINGS: Final = (
    "EMAIL_HOST_PASSWORD",
    "METRICS_TOKEN",
    "SECRET_KEY",
    "SENTRY_DSN",
    "TMDB_API_KEY",
)
MOST_SHOWN: Final = 2000


class SecretTold(AssertionError):
    pass


def secrets_in(line: str, values: Iterable[str] = ()) -> list[str]:
    """Return what the line tells, by the names of LOOKS, or as the value itself."""
    text = line.replace("\\n", "\n").replace("\\t", "\t")  # of JSON: words end there
    looks = [name for name, pattern in LOOKS.items() if pattern.search(text)]
    told = [value for value in values if value in line or escaped(value) in line]
    return looks + told


def escaped(value: str) -> str:
    return json.dumps(value)[1:-1]


def is_secret(value: object) -> bool:
    """Say whether the value is long and odd enough to be known by itself."""
    return (
        isinstance(value, str)
        and len(value) >= SHORTEST
        and any(map(str.isalpha, value))
        and not value.isalpha()
    )


class Watch(logging.Handler):
    """`told` is what has been told since somebody took it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.sent: set[str] = set()
        self.told: list[str] = []
        self.seen: set[str] = set()
        self.folder: Path | None = None
        self.database_log: TextIO | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= level_of(record.name):
            self.look_at(self.format(record))

    def look_at(self, line: str) -> None:
        COUNTED["log lines searched for secrets"] += 1
        values = {*list(self.sent), *known_secrets(), *secrets_of_settings()}
        if found := secrets_in(line, values):
            self.told.append(f"{', '.join(found)}, in: {line[:MOST_SHOWN]}")

    def look_into_files(self) -> None:
        """Look at what programs and their databases wrote since the last time."""
        for path in self.files():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            for line in lines:
                if line not in self.seen:
                    self.look_at(line)
            self.seen.update(lines)

    def files(self) -> Iterator[Path]:
        """Find each `<home>.stderr`, and the database's log in that home.

        A home is in a test's folder, or one below.
        """
        if self.folder is not None:
            for depth in ("*", "*/*"):
                for path in self.folder.glob(f"{depth}/*.stderr"):
                    yield path
                    yield from path.with_suffix("").glob("postgres.log")

    def look_into_database_log(self) -> None:
        """Look at what the database of the tests wrote since the last time."""
        path = settings.HOME.postgres_log
        if self.database_log is None and path.is_file():
            self.database_log = path.open(encoding="utf-8", errors="replace")
        for line in self.database_log or ():
            self.look_at(line)

    def take(self) -> list[str]:
        told = list(self.told)
        del self.told[: len(told)]  # other threads may be telling more
        return told


WATCH: Final = Watch()


@cache
def level_of(name: str) -> int:
    """Return the level from which on the logger's records are looked at."""
    if name.partition(".")[0] == "nexus":
        return logging.DEBUG
    config: dict[str, Any] = settings.LOGGING
    while name and name not in config["loggers"]:
        name = name.rpartition(".")[0]
    found = config["loggers"].get(name, config["root"])
    return logging.getLevelNamesMapping()[found["level"]]


@cache
def known_secrets() -> frozenset[str]:
    # Not above: the cast needs Django's apps, which are not ready so early.
    from tests.builders import PASSWORD  # noqa: PLC0415
    from tests.tmdb_server import TmdbServer  # noqa: PLC0415

    return frozenset({PASSWORD, TmdbServer.key, TmdbServer.token})


def secrets_of_settings() -> set[str]:
    found = {getattr(settings, name, "") for name in SETTINGS}
    passwords = {one.get("PASSWORD", "") for one in settings.DATABASES.values()}
    return (found | passwords | {*settings.SECRET_KEY_FALLBACKS}) - {"", None}


def note_request(environ: dict[str, Any], **_: object) -> None:
    """Remember what a request of Django's test client says; its body stays unread."""
    found = [*fields_of(environ), *words_of_headers(environ)]
    WATCH.sent.update(value for value in found if is_secret(value))


def fields_of(environ: dict[str, Any]) -> Iterator[Any]:
    fields = parse_qsl(environ.get("QUERY_STRING", ""))
    payload = environ.get("wsgi.input")
    if isinstance(payload, FakePayload) and len(payload):
        body = payload.read()
        environ["wsgi.input"] = FakePayload(body)
        fields += fields_of_body(body)
    return (value for name, value in fields if name in SENT_AS)


def fields_of_body(body: bytes) -> list[tuple[str, Any]]:
    text = body.decode(errors="replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return [*parse_qsl(text), *PART.findall(text)]
    return list(found.items()) if isinstance(found, dict) else []


def words_of_headers(environ: dict[str, Any]) -> list[str]:
    cookies = environ.get("HTTP_COOKIE", "").split("; ")
    return [
        environ.get("HTTP_AUTHORIZATION", "").rpartition(" ")[2],
        *(cookie.partition("=")[2] for cookie in cookies),
    ]


def pytest_configure(config: pytest.Config) -> None:
    words = "tells_secrets: the log of this test holds secrets on purpose"
    config.addinivalue_line("markers", words)
    request_started.connect(note_request, dispatch_uid=__name__)


def pytest_unconfigure() -> None:
    if WATCH.database_log is not None:
        WATCH.database_log.close()


@pytest.fixture(scope="session", autouse=True)
def folder_of_programs(tmp_path_factory: pytest.TempPathFactory) -> None:
    WATCH.folder = tmp_path_factory.getbasetemp()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    WATCH.sent.clear()
    logging.getLogger().addHandler(WATCH)  # changes nothing where it is one already
    logging.getLogger("nexus").setLevel(logging.DEBUG)
    return (yield from watched(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from watched(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from watched(item))


def watched(item: pytest.Item) -> Generator[None, object, object]:
    """Fail the phase of the test during which something was told."""
    __tracebackhide__ = True
    try:
        return (yield)
    finally:
        if starts_programs(item):
            WATCH.look_into_files()
        WATCH.look_into_database_log()
        told = WATCH.take()
        if told and item.get_closest_marker("tells_secrets") is None:
            raise SecretTold("\n".join(told))


def starts_programs(item: pytest.Item) -> bool:
    return hasattr(getattr(item, "module", None), "Program")
