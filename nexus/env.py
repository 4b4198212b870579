"""Typed readers of the environment. Each names the variable and the legal values."""

import os
import re
from collections.abc import Callable
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

PROJECT_DIR = Path(__file__).resolve().parent.parent
ENV_FILE = PROJECT_DIR / ".env"

NAME = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"
HOST = re.compile(rf"[0-9a-fA-F:.]+|{NAME}")
ALLOWED_HOST = re.compile(rf"\*|\.?{NAME}|\[[0-9a-fA-F:.]+\]")
QUOTED = re.compile(r"""\s*(?P<quote>["'])(?P<value>.*?)(?P=quote)\s*(?:#.*)?$""")
COMMENT = re.compile(r"\s#")
OF_EXAMPLES = ("change", "example", "insecure")
SWITCH = {
    "on": True,
    "true": True,
    "1": True,
    "off": False,
    "false": False,
    "0": False,
}

T = TypeVar("T")

# Of every variable that was asked for, whether it is set or not.
ASKED_FOR: Final[set[str]] = set()


class WrongVariable(Exception):
    """The environment holds a value the program cannot start with."""

    def __init__(self, name: str, legal: str) -> None:
        super().__init__(f"{name} is wrong: it must be {legal}.")


def load_env_file(path: Path = ENV_FILE) -> None:
    """Add the lines of a `.env` file to the environment; what is set already wins.

    Lines are read as Compose reads them: a comment may follow a value and a space.
    """
    if not path.is_file():
        return
    for line in read_text(path, named="The .env file").splitlines():
        if name := name_in(line):
            os.environ.setdefault(name, value_in(line.partition("=")[2]))


def name_in(line: str) -> str:
    """Return the name that the line of a `.env` file sets; blank if it sets none."""
    before, separator, _ = line.partition("=")
    name = before.strip().removeprefix("export ").strip()
    return name if separator and name.isidentifier() else ""


def value_in(text: str) -> str:
    """Return what stands behind the = of a line, without quotes and comment."""
    if quoted := QUOTED.match(text):
        return quoted["value"]
    return COMMENT.split(text, maxsplit=1)[0].strip().strip("\"'")


def read_text(path: Path, *, named: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        legal = f"a readable file of UTF-8 text ({path}: {why})"
        raise WrongVariable(named, legal) from error


def env_str(name: str, default: str = "") -> str:
    """Read NAME, or the file that NAME_FILE points to; blank counts as unset.

    Not so a blank file: somebody meant to set what it should hold, and what is there
    instead may be an empty installation, or a door without a lock.
    """
    ASKED_FOR.add(name)
    value = os.environ.get(name, "").strip()
    if value:
        return value
    path = os.environ.get(f"{name}_FILE", "").strip()
    if not path:
        return default
    text = read_text(Path(path), named=f"{name}_FILE")
    if not text:
        legal = f"the path of a file that is not blank, as {path} is"
        raise WrongVariable(f"{name}_FILE", legal)
    return text


def files_named() -> list[Path]:
    """Return the files that values come from, of all variables asked for so far."""
    found = (os.environ.get(f"{name}_FILE", "").strip() for name in sorted(ASKED_FOR))
    return [Path(path).absolute() for path in found if path]


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
        # int() also reads "8_000" and the digits of other scripts.
        number = int(value) if value.isascii() and value.isdigit() else -1
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
    fallback = "on" if default else "off"
    return SWITCH[env_choice(name, fallback, tuple(SWITCH))]


def items_of(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def env_path(name: str, default: Path) -> Path:
    """Read a folder's path; ~ is the home of the person who starts the program."""

    def parse(value: str) -> Path:
        try:
            return Path(value).expanduser().resolve()
        except (OSError, RuntimeError) as error:
            raise ValueError(value) from error

    return env_parsed(name, parse, default, "the path of a folder")


def env_host(name: str, default: str) -> str:
    def parse(value: str) -> str:
        if not HOST.fullmatch(value):
            raise ValueError(value)
        return value

    legal = "an address of this machine, such as 127.0.0.1, 0.0.0.0 or ::1"
    return env_parsed(name, parse, default, legal)


def env_hosts(name: str) -> list[str]:
    def parse(value: str) -> list[str]:
        hosts = items_of(value)
        if not all(ALLOWED_HOST.fullmatch(host) for host in hosts):
            raise ValueError(value)
        return hosts

    legal = "a comma-separated list of names such as films.example.org, without ports"
    return env_parsed(name, parse, [], legal)


def env_key(name: str) -> str:
    """Read a key that somebody else gave out."""

    def parse(value: str) -> str:
        if not re.fullmatch(r"[!-~]+", value):
            raise ValueError(value)
        return value

    return env_parsed(name, parse, "", "a key of plain characters, without spaces")


def env_sender(name: str, default: str) -> str:
    def parse(value: str) -> str:
        if not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", parseaddr(value)[1]):
            raise ValueError(value)
        return value

    legal = "a mail address, such as Nexus <nexus@example.org>"
    return env_parsed(name, parse, default, legal)


def env_origins(name: str) -> list[str]:
    def parse(value: str) -> list[str]:
        origins = [item.rstrip("/") for item in items_of(value)]
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
    """Read an address with a host; its path keeps no trailing slash."""

    def parse(value: str) -> str:
        parts = split_url(value, schemes)
        if not parts.hostname:
            raise ValueError(value)
        return value.rstrip("/")

    return env_parsed(name, parse, default, legal_urls(schemes, example))


def env_database_url(name: str) -> str:
    """Read where a database is; the host may be missing, its name may not."""
    schemes = ("postgres", "postgresql")

    def parse(value: str) -> str:
        if len(split_url(value, schemes).path) < 2:
            raise ValueError(value)
        return value

    example = "postgresql://user:password@host:5432/nexus"
    return env_parsed(name, parse, "", legal_urls(schemes, example))


def split_url(value: str, schemes: tuple[str, ...]) -> SplitResult:
    parts = urlsplit(value)
    _ = parts.port  # raises ValueError where the port is no number
    if parts.scheme not in schemes:
        raise ValueError(value)
    return parts


def legal_urls(schemes: tuple[str, ...], example: str) -> str:
    starts = " or ".join(f"{scheme}://" for scheme in schemes)
    return f"an address that starts with {starts}, such as {example}"


def env_secret(name: str, *, minimum: int) -> str:
    """Read a secret; one that is short or copied from an example is refused."""

    def parse(value: str) -> str:
        refuse_guessable(value, minimum=minimum)
        return value

    legal = f"a random text of at least {minimum} characters, not one of an example"
    return env_parsed(name, parse, "", legal)


def env_secrets(name: str, *, minimum: int) -> list[str]:
    """Read several secrets, separated by commas."""

    def parse(value: str) -> list[str]:
        secrets = items_of(value)
        for secret in secrets:
            refuse_guessable(secret, minimum=minimum)
        return secrets

    legal = f"random texts of at least {minimum} characters, separated by commas"
    return env_parsed(name, parse, [], legal)


def refuse_guessable(secret: str, *, minimum: int) -> None:
    is_varied = len(set(secret)) >= 10
    is_example = any(word in secret.lower() for word in OF_EXAMPLES)
    if len(secret) < minimum or is_example or not is_varied:
        raise ValueError(secret)


def env_networks(name: str) -> list[str]:
    """Read addresses and networks, such as 10.0.0.0/8."""

    def parse(value: str) -> list[str]:
        return [str(ip_network(item.strip())) for item in value.split(",")]

    legal = "a comma-separated list of addresses or networks such as 10.0.0.0/8"
    return env_parsed(name, parse, [], legal)
