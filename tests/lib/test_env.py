"""Every variable: what it may be, and how a wrong value is refused."""

import os
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nexus.api.limits import ANONYMOUS, LIMITS, LOGIN_ACCOUNT
from nexus.env import PROJECT_DIR, WrongVariable, env_str, load_env_file

VARIABLES = [
    "ALLOWED_HOSTS",
    "CORS_ORIGINS",
    "DATABASE_URL",
    "DEBUG",
    "EMAIL_FROM",
    "EMAIL_URL",
    "HOST",
    "LOG_LEVEL",
    "NEXUS_HOME",
    "PORT",
    "RATE_LIMITS",
    "SECRET_KEY",
    "TMDB_API_KEY",
    "TMDB_API_URL",
    "VALKEY_URL",
    "WEB_WORKERS",
    "TRUSTED_PROXIES",
    "WORKER_IN_WEB",
]
KEY = "tK9-wq3ZrX0vB7nM_2LpA8sD4fG6hJ1y"
DATABASE = "postgresql://nexus:pa%40ss@db.example.org:5433/films?sslmode=require"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NEXUS_HOME", str(tmp_path))


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, Any]:
    """Return the settings as a new process would have them."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(PROJECT_DIR / "nexus" / "settings.py"))


def test_it_works_without_any_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = settings(monkeypatch)

    assert (found["HOST"], found["PORT"]) == ("127.0.0.1", 8000)
    assert found["HOME"].path == tmp_path
    assert found["DATABASES"]["default"]["HOST"] == str(tmp_path / "socket")
    assert found["IS_EMBEDDED"] is found["WORKER_IN_WEB"] is True
    assert found["DEBUG"] is False
    assert found["RATE_LIMITS"] is True
    assert found["CHANGED_LIMITS"] == {}
    assert "localhost" in found["ALLOWED_HOSTS"]
    assert found["CORS_ALLOWED_ORIGINS"] == []
    assert found["TMDB_API_KEY"] == ""
    assert len(found["SECRET_KEY"]) >= 48


@pytest.mark.parametrize(
    ("name", "value", "setting", "expected"),
    [
        ("HOST", "0.0.0.0", "HOST", "0.0.0.0"),  # noqa: S104
        ("HOST", "::1", "HOST", "::1"),
        ("HOST", "localhost", "HOST", "localhost"),
        ("PORT", " 80 ", "PORT", 80),
        ("PORT", "65535", "PORT", 65535),
        ("WEB_WORKERS", "4", "WEB_WORKERS", 4),
        ("LOG_LEVEL", "Debug", "LOG_LEVEL", "DEBUG"),
        ("DEBUG", "on", "DEBUG", True),
        ("DEBUG", "FALSE", "DEBUG", False),
        ("DEBUG", "", "DEBUG", False),
        ("RATE_LIMITS", "0", "RATE_LIMITS", False),
        ("RATE_LIMITS", "member=10/60", "RATE_LIMITS", True),
        ("RATE_LIMITS", "Off", "CHANGED_LIMITS", {}),
        (
            "RATE_LIMITS",
            " anonymous=1000/60, login-account=5/30,",
            "CHANGED_LIMITS",
            {
                "anonymous": replace(ANONYMOUS, quota=1000),
                "login-account": replace(LOGIN_ACCOUNT, quota=5, window_s=30),
            },
        ),
        (
            "TRUSTED_PROXIES",
            "10.0.0.0/8, ::1",
            "TRUSTED_PROXIES",
            ["10.0.0.0/8", "::1/128"],
        ),
        ("ALLOWED_HOSTS", "a.org, .b.org", "ALLOWED_HOSTS", ["a.org", ".b.org"]),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS", ["*"]),
        ("ALLOWED_HOSTS", "[::1]", "ALLOWED_HOSTS", ["[::1]"]),
        (
            "CORS_ORIGINS",
            "https://a.org/, http://localhost:3000",
            "CORS_ALLOWED_ORIGINS",
            ["https://a.org", "http://localhost:3000"],
        ),
        ("TMDB_API_KEY", " abc.d-e_f ", "TMDB_API_KEY", "abc.d-e_f"),
        ("TMDB_API_URL", "http://[::1]:9/3/", "TMDB_API_URL", "http://[::1]:9/3"),
        ("SECRET_KEY", KEY, "SECRET_KEY", KEY),
        ("EMAIL_FROM", "Films <f@a.org>", "DEFAULT_FROM_EMAIL", "Films <f@a.org>"),
        ("EMAIL_FROM", "f@a.org", "DEFAULT_FROM_EMAIL", "f@a.org"),
        ("EMAIL_URL", "smtps://u:p@mail.example.org", "EMAIL_PORT", 465),
    ],
)
def test_it_takes(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    setting: str,
    expected: object,
) -> None:
    assert settings(monkeypatch, **{name: value})[setting] == expected


@pytest.mark.parametrize(
    ("name", "value", "legal"),
    [
        ("HOST", "http://127.0.0.1", "127.0.0.1"),
        ("HOST", "local host", "127.0.0.1"),
        ("HOST", "127.0.0.1/24", "127.0.0.1"),
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "65536", "from 1 to 65535"),
        ("PORT", "-1", "from 1 to 65535"),
        ("PORT", "8_000", "from 1 to 65535"),
        ("PORT", "http", "from 1 to 65535"),
        ("NEXUS_HOME", "~nobody-of-that-name/nexus", "the path of a folder"),
        ("DATABASE_URL", "db.example.org", "postgresql://"),
        ("DATABASE_URL", "mysql://u:p@db/nexus", "postgresql://"),
        ("DATABASE_URL", "postgresql://db.example.org", "postgresql://"),
        ("DATABASE_URL", "postgresql://db.example.org/", "postgresql://"),
        ("DATABASE_URL", "postgresql://db:port/nexus", "postgresql://"),
        ("VALKEY_URL", "localhost:6379", "valkey://"),
        ("VALKEY_URL", "http://localhost", "valkey://"),
        ("VALKEY_URL", "valkey:///0", "valkey://"),
        ("TMDB_API_KEY", "two words", "without spaces"),
        ("TMDB_API_KEY", "schlüssel", "without spaces"),
        ("TMDB_API_URL", "api.themoviedb.org", "https://"),
        ("TMDB_API_URL", "ftp://api.themoviedb.org/3", "https://"),
        ("TMDB_API_URL", "https:///3", "https://"),
        ("SECRET_KEY", "short", "at least 32 characters"),
        ("SECRET_KEY", "a" * 64, "at least 32 characters"),
        ("SECRET_KEY", f"change-me-{KEY}", "not one of an example"),
        ("SECRET_KEY", f"django-insecure-{KEY}", "not one of an example"),
        ("ALLOWED_HOSTS", "https://films.example.org", "films.example.org"),
        ("ALLOWED_HOSTS", "films.example.org:8000", "films.example.org"),
        ("ALLOWED_HOSTS", "a.org b.org", "films.example.org"),
        ("CORS_ORIGINS", "films.example.org", "https://films.example.org"),
        ("CORS_ORIGINS", "*", "https://films.example.org"),
        ("CORS_ORIGINS", "https://a.org/path", "https://films.example.org"),
        ("RATE_LIMITS", "maybe", "on, true, 1, off, false, 0"),
        ("RATE_LIMITS", "everything=10/60", "anonymous, member, login-address"),
        ("RATE_LIMITS", "member=0/60", "both above zero"),
        ("RATE_LIMITS", "member=10/0", "both above zero"),
        ("RATE_LIMITS", "member=-10/60", "both above zero"),
        ("RATE_LIMITS", "member=ten/60", "name=quota/seconds"),
        ("RATE_LIMITS", "member=1.5/60", "name=quota/seconds"),
        ("RATE_LIMITS", "member=\uff11\uff10/60", "name=quota/seconds"),
        ("RATE_LIMITS", "member=10", "name=quota/seconds"),
        ("RATE_LIMITS", "member", "name=quota/seconds"),
        ("RATE_LIMITS", "on,member=10/60", "name=quota/seconds"),
        ("RATE_LIMITS", "member=1/60,member=2/60", "name=quota/seconds"),
        ("RATE_LIMITS", ",", "name=quota/seconds"),
        ("WEB_WORKERS", "0", "from 1 to 64"),
        ("WEB_WORKERS", "65", "from 1 to 64"),
        ("WEB_WORKERS", "two", "from 1 to 64"),
        ("WORKER_IN_WEB", "yes", "on, true, 1, off, false, 0"),
        ("WORKER_IN_WEB", "off", "on as long as there is no VALKEY_URL"),
        ("TRUSTED_PROXIES", "proxy.example.org", "10.0.0.0/8"),
        ("LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("EMAIL_URL", "mail.example.org", "smtp://"),
        ("EMAIL_URL", "smtp://mail.example.org:port", "smtp://"),
        ("EMAIL_FROM", "Nexus", "a mail address"),
        ("EMAIL_FROM", "Nexus <nexus>", "a mail address"),
        ("DEBUG", "2", "on, true, 1, off, false, 0"),
    ],
)
def test_it_refuses(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, legal: str
) -> None:
    with pytest.raises(WrongVariable) as refused:
        settings(monkeypatch, **{name: value})

    assert str(refused.value).startswith(f"{name} is wrong: it must be ")
    assert legal in str(refused.value)
    assert "\n" not in str(refused.value)


def test_it_connects_to_a_database_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, DATABASE_URL=DATABASE, SECRET_KEY=KEY)

    database = found["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"]) == ("db.example.org", 5433)
    assert (database["NAME"], database["PASSWORD"]) == ("films", "pa@ss")
    assert database["OPTIONS"]["sslmode"] == "require"
    assert found["IS_EMBEDDED"] is False


def test_the_worker_may_live_elsewhere_with_a_shared_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variables = {"WORKER_IN_WEB": "off", "VALKEY_URL": "valkey://valkey:6379/0"}

    found = settings(monkeypatch, **variables)

    assert found["WORKER_IN_WEB"] is False
    assert found["VALKEY_URL"] == "valkey://valkey:6379/0"


def test_a_database_of_ours_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WrongVariable, match="SECRET_KEY"):
        settings(monkeypatch, DATABASE_URL=DATABASE)


def test_an_installation_keeps_its_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret-key").write_text(KEY)

    assert settings(monkeypatch)["SECRET_KEY"] == KEY


def test_a_value_may_come_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")

    found = settings(monkeypatch, SECRET_KEY_FILE=str(tmp_path / "key"))

    assert found["SECRET_KEY"] == KEY


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_it_refuses_a_file_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)

    with pytest.raises(WrongVariable, match="SECRET_KEY_FILE is wrong"):
        settings(monkeypatch, SECRET_KEY_FILE=str(tmp_path / "key"))


@pytest.mark.parametrize("content", ["", " \n", "\ufeff\n"])
@pytest.mark.parametrize("name", ["DATABASE_URL", "METRICS_TOKEN", "SECRET_KEY"])
def test_it_refuses_a_file_with_nothing_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / "secret").write_text(content, encoding="utf-8")

    with pytest.raises(WrongVariable, match=f"{name}_FILE is wrong") as refused:
        settings(monkeypatch, **{f"{name}_FILE": str(tmp_path / "secret")})

    assert "not blank" in str(refused.value)


def test_a_file_that_is_not_named_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, METRICS_TOKEN_FILE="", DATABASE_URL_FILE=" ")

    assert found["METRICS_TOKEN"] == ""
    assert found["IS_EMBEDDED"] is True


def test_the_variable_wins_over_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMDB_API_KEY_FILE", "/does/not/exist")
    monkeypatch.setenv("TMDB_API_KEY", "mine")

    assert env_str("TMDB_API_KEY") == "mine"


def test_it_reads_an_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = [
        "\ufeff# PORT=1",
        "PORT = '8080'",
        "export LOG_LEVEL=debug",
        'EMAIL_FROM="a=b@example.org"',
        "no line of ours",
        "=nothing",
        "HOST=::1",
        "TMDB_API_KEY=abc#d \t# a comment",
        "SECRET_KEY='a # b' # another",
        "METRICS_TOKEN= # unset",
    ]
    (tmp_path / ".env").write_text("\r\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("HOST", "127.0.0.1")
    read = ("PORT", "LOG_LEVEL", "EMAIL_FROM", "TMDB_API_KEY", "SECRET_KEY")
    for name in (*read, "METRICS_TOKEN"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)

    load_env_file(tmp_path / ".env")

    assert env_str("PORT") == "8080"
    assert env_str("LOG_LEVEL") == "debug"
    assert env_str("EMAIL_FROM") == "a=b@example.org"
    assert env_str("HOST") == "127.0.0.1"
    assert env_str("TMDB_API_KEY") == "abc#d"
    assert env_str("SECRET_KEY") == "a # b"
    assert env_str("METRICS_TOKEN") == ""


def test_it_needs_no_env_file(tmp_path: Path) -> None:
    before = dict(os.environ)

    load_env_file(tmp_path / ".env")

    assert dict(os.environ) == before


def test_it_refuses_an_env_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff")

    with pytest.raises(WrongVariable, match="\\.env"):
        load_env_file(tmp_path / ".env")


def test_the_example_names_every_variable() -> None:
    example = (PROJECT_DIR / ".env.example").read_text(encoding="utf-8")

    for name in VARIABLES:
        assert f"#{name}=" in example


def test_the_example_tells_every_limit() -> None:
    example = (PROJECT_DIR / ".env.example").read_text(encoding="utf-8")

    for name, limit in LIMITS.items():
        assert f"{name}={limit.quota}/{limit.window_s}" in example
