"""What gets installed is exactly what was locked."""

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nexus.env import PROJECT_DIR

FILES = ["base.txt", "dev.txt", "eval.txt", "watching.txt"]
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def lines_of(file: str) -> list[str]:
    """Return each requirement with its hashes as one line."""
    text = (PROJECT_DIR / "requirements" / file).read_text(encoding="utf-8")
    joined = re.sub(r"\\\n", "", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE))
    return joined.splitlines()


def locked(file: str) -> dict[str, set[str]]:
    """Return the versions by name; there may be one for each version of Python."""
    versions: dict[str, set[str]] = {}
    for line in lines_of(file):
        found = Requirement(line.partition("--hash")[0])
        for pin in found.specifier:
            versions.setdefault(canonicalize_name(found.name), set()).add(pin.version)
    return versions


def wanted(file: str) -> list[Requirement]:
    """Return what pyproject.toml asks of the file."""
    text = (PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8")
    project: dict[str, Any] = tomllib.loads(text)
    lines = project["project"]["dependencies"]
    group = file.removesuffix(".txt")
    lines = lines + project["dependency-groups"].get(group, [])
    lines = lines + project["project"]["optional-dependencies"].get(group, [])
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("file", FILES)
def test_each_is_pinned_and_hashed(file: str) -> None:
    lines = lines_of(file)

    assert len(lines) > 40
    for line in lines:
        pin, *hashes = re.split(r"\s+(?=--hash)", line.strip())
        assert re.match(r"[\w.-]+==[\w.]+( ;|$)", pin), pin
        assert hashes, pin
        assert all(HASH.fullmatch(one) for one in hashes), pin


@pytest.mark.parametrize("file", FILES)
def test_it_holds_what_the_project_asks_for(file: str) -> None:
    versions = locked(file)

    for requirement in wanted(file):
        found = versions.get(canonicalize_name(requirement.name), set())
        assert found, f"{requirement} is not in {file}: run make lock"
        assert all(version in requirement.specifier for version in found), requirement


@pytest.mark.parametrize("file", ["base.txt", "watching.txt"])
def test_development_runs_the_same_versions(file: str) -> None:
    assert locked(file).items() <= locked("dev.txt").items()
