"""The files that installations are made from, read as their programs read them."""

import re
import shlex
from pathlib import Path
from typing import Any, Final

import yaml

from nexus.env import PROJECT_DIR

DEFAULT: Final = re.compile(r"\$\{(\w+):-([^}]*)\}")
# What nobody sets in .env for Compose, and why.
FIXED: Final = {
    "DATABASE_POOL": "its PostgreSQL is reached without a PgBouncer",
    "DEBUG": "never where others can reach it",
    "HOST": "the image listens to all addresses of its container",
    "MODELS_DIR": "in NEXUS_HOME, a volume that web and worker share",
    "NEXUS_HOME": "where the image has room for the volume",
    "PORT": "the image's own; LISTEN says where it is outside",
}
UNITS: Final = sorted((PROJECT_DIR / "deploy" / "systemd").glob("*.service"))


def variables() -> set[str]:
    """Return the names of all that the settings read."""
    text = (PROJECT_DIR / "nexus" / "settings.py").read_text(encoding="utf-8")
    return set(re.findall(r'env_\w+\(\s*"(\w+)"', text))


def known_variables() -> set[str]:
    """Return these, and the names of the files they may be in."""
    names = variables()
    return names | {f"{name}_FILE" for name in names}


def read_yaml(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROJECT_DIR / name).read_text())
    return found


def with_defaults(value: object) -> str:
    """Return a value of compose.yaml as it is where nobody set a variable."""
    return DEFAULT.sub(r"\2", str(value))


def compose_environment(service: str) -> dict[str, str]:
    found = read_yaml("compose.yaml")["services"][service]["environment"]
    return {name: with_defaults(value) for name, value in found.items()}


def dockerfile() -> list[list[str]]:
    """Return each instruction as words, the first of them its name."""
    text = (PROJECT_DIR / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line.strip()]


def last_stage() -> list[list[str]]:
    found = dockerfile()
    starts = [index for index, words in enumerate(found) if words[0] == "FROM"]
    return found[starts[-1] :]


def copied() -> list[tuple[str, str]]:
    """Return what is copied into the image from here, and where to."""
    return [
        (source, words[-1])
        for words in dockerfile()
        if words[0] == "COPY" and not words[1].startswith("--from")
        for source in words[1:-1]
    ]


def unit(path: Path) -> list[tuple[str, str]]:
    """Return the settings of a unit, of which there may be several of a name."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if not line.startswith(("#", "["))]
    return [(name, value) for name, separator, value in pairs if separator]


def unit_environment(path: Path) -> dict[str, str]:
    words = [
        word
        for name, value in unit(path)
        if name == "Environment"
        for word in shlex.split(value)
    ]
    return {name: value for name, _, value in (word.partition("=") for word in words)}
