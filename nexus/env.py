"""Typed readers of the environment. Each names the variable and the legal values."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

PROJECT_DIR = Path(__file__).resolve().parent.parent

T = TypeVar("T")


class WrongVariable(Exception):
    """The environment holds a value the program cannot start with."""

    def __init__(self, name: str, legal: str) -> None:
        super().__init__(f"{name} is wrong: it must be {legal}.")


def load_env_file(path: Path = PROJECT_DIR / ".env") -> None:
    """Add the lines of a `.env` file to the environment; what is set already wins."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.strip().partition("=")
        if separator and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


def env_str(name: str, default: str = "") -> str:
    """Read NAME, or the file that NAME_FILE points to; blank counts as unset."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    path = os.environ.get(f"{name}_FILE", "").strip()
    if not path:
        return default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise WrongVariable(f"{name}_FILE", "the path of a readable file") from error


def env_parsed(name: str, parse: Callable[[str], T], default: T, legal: str) -> T:
    value = env_str(name)
    if not value:
        return default
    try:
        return parse(value)
    except ValueError as error:
        raise WrongVariable(name, legal) from error


def env_int(name: str, default: int, *, low: int, high: int) -> int:
    def parse(value: str) -> int:
        number = int(value)
        if not low <= number <= high:
            raise ValueError(value)
        return number

    return env_parsed(name, parse, default, f"a whole number from {low} to {high}")


def env_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    def parse(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError(value)
        return value.lower()

    return env_parsed(name, parse, default, "one of " + ", ".join(choices))


def env_bool(name: str, *, default: bool) -> bool:
    choices = {
        "on": True,
        "true": True,
        "1": True,
        "off": False,
        "false": False,
        "0": False,
    }
    fallback = "on" if default else "off"
    return choices[env_choice(name, fallback, tuple(choices))]


def env_list(name: str) -> list[str]:
    return [item.strip() for item in env_str(name).split(",") if item.strip()]


def env_origins(name: str) -> list[str]:
    def parse(value: str) -> list[str]:
        origins = [
            item.strip().rstrip("/") for item in value.split(",") if item.strip()
        ]
        if not all(is_origin(origin) for origin in origins):
            raise ValueError(value)
        return origins

    legal = "a comma-separated list of origins such as https://films.example.org"
    return env_parsed(name, parse, [], legal)


def is_origin(value: str) -> bool:
    parts = urlsplit(value)
    bare = not (parts.path or parts.query or parts.fragment or parts.username)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and bare


def env_url(name: str, default: str, schemes: tuple[str, ...], example: str) -> str:
    """Read an address; its path keeps no trailing slash."""

    def parse(value: str) -> str:
        parts = urlsplit(value)
        _ = parts.port  # raises ValueError where the port is no number
        has_place = bool(parts.netloc or parts.path.strip("/"))
        if parts.scheme not in schemes or not has_place:
            raise ValueError(value)
        return value.rstrip("/")

    starts = " or ".join(f"{scheme}://" for scheme in schemes)
    return env_parsed(
        name, parse, default, f"an address that starts with {starts}, such as {example}"
    )


def env_secret(name: str, *, minimum: int) -> str:
    """Read a secret; one that is short or copied from an example is refused."""

    def parse(value: str) -> str:
        if len(value) < minimum or "change" in value.lower():
            raise ValueError(value)
        return value

    return env_parsed(
        name, parse, "", f"a random text of at least {minimum} characters"
    )
