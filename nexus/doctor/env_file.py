"""Lines of `.env` that are probably mistakes; knows no Django, and tells no value.

Names of others are none: the file is read into the environment, where libraries look
for variables of their own, such as HTTPS_PROXY.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from nexus.doctor.findings import Finding, wrong
from nexus.env import ENV_FILE, PROJECT_DIR, name_in

EXAMPLE: Final = PROJECT_DIR / ".env.example"  # it names every variable
NAMED: Final = re.compile(r"^#?([A-Z][A-Z0-9_]*)=", re.MULTILINE)
OF_OTHERS: Final = "OTEL_"  # which have names that are near one another
NEAR: Final = 0.85
REMEDY: Final = "Correct the line, or take it out; .env.example names every variable."


def env_file() -> Iterator[Finding]:
    for message in mistaken_lines(ENV_FILE):
        yield wrong(".env", message, remedy=REMEDY)


def mistaken_lines(path: Path = ENV_FILE) -> Iterator[str]:
    """Say what is wrong with each such line; nothing where there is no file."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        known = set(NAMED.findall(EXAMPLE.read_text(encoding="utf-8")))
    except OSError:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if bare and not bare.startswith("#"):
            yield from judge(f"Line {number} of .env", name_in(line), known)


def judge(line: str, name: str, known: set[str]) -> Iterator[str]:
    if not name:
        yield f"{line} is not NAME=value, and says nothing."
    # Any other name is not told: it may be a piece of a secret broken into lines.
    elif meant := meant_by(name, known):
        yield f"{line}: Nexus reads no {name}; {meant} is near."


def meant_by(name: str, known: set[str]) -> str | None:
    """Return the variable that the name probably misspells; None if it does not."""
    bare = name.removesuffix("_FILE")
    if bare in known or bare.startswith(OF_OTHERS):
        return None
    # Some write our name before all of them.
    for form in (bare.upper().removeprefix("NEXUS_"), bare.upper()):
        if found := get_close_matches(form, known, n=1, cutoff=NEAR):
            return found[0]
    return None
