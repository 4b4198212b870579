"""Lines of `.env` that change nothing; knows no Django, and never tells a value."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from nexus.doctor.findings import Finding, ok, wrong
from nexus.env import ENV_FILE, PROJECT_DIR, name_in

EXAMPLE: Final = PROJECT_DIR / ".env.example"  # it names every variable
NAMED: Final = re.compile(r"^#?([A-Z][A-Z0-9_]*)=", re.MULTILINE)
# Compose reads the same file; libraries read variables of their own.
OF_OTHERS: Final = ("COMPOSE_", "DOCKER_", "LISTEN", "OTEL_", "PG", "SENTRY_")
NEAR: Final = 0.7
# What looks otherwise may be a piece of a secret that was broken into lines.
A_NAME: Final = re.compile(r"(?=.{1,40}$)[A-Z]+(_[A-Z0-9]+)*")
REMEDY: Final = "Correct the line, or take it out; .env.example names every variable."


@dataclass(frozen=True, slots=True)
class Unread:
    """`is_mistake` if the line was probably meant for us."""

    message: str
    is_mistake: bool


def env_file() -> Iterator[Finding]:
    if not ENV_FILE.is_file():
        return
    for one in unread_lines(ENV_FILE):
        if one.is_mistake:
            yield wrong(".env", one.message, remedy=REMEDY)
        else:
            yield ok(".env", one.message)


def unread_lines(path: Path = ENV_FILE) -> Iterator[Unread]:
    """Return what no variable of ours comes from; nothing where there is no file."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        known = set(NAMED.findall(EXAMPLE.read_text(encoding="utf-8")))
    except OSError:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if bare and not bare.startswith("#"):
            yield from judge(f"Line {number} of .env", name_in(line), known)


def judge(line: str, name: str, known: set[str]) -> Iterator[Unread]:
    if not name:
        yield Unread(f"{line} is not NAME=value, and says nothing.", is_mistake=True)
    elif name.removesuffix("_FILE") not in known and not name.startswith(OF_OTHERS):
        meant = get_close_matches(name.upper(), known, n=1, cutoff=NEAR)
        told = name if meant or A_NAME.fullmatch(name) else "such name"
        hint = f"; {meant[0]} is near" if meant else ""
        yield Unread(f"{line}: Nexus reads no {told}{hint}.", is_mistake=bool(meant))
