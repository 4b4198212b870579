"""Folders of made-up films and members, as an installation has them, with a model."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from nexus.env import PROJECT_DIR

FEWEST_RATINGS = 40_000
RATINGS_OF_A_MEMBER = 100


@contextmanager
def home_of(home: Path | None, *, films: int, seed: int = 1) -> Iterator[Path]:
    """Make `home`, which stays, or a folder that does not; what is there is taken.

    Its settings count in this process from now on.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        found = (home or Path(folder) / "home").resolve()
        found.mkdir(parents=True, exist_ok=True)
        environment = {"NEXUS_HOME": str(found)}
        if not (found / "postgres").exists():
            say(f"Making up {films:,} films in {found} ...")
            run(filling(films, seed), environment)
        os.environ |= environment | {"DJANGO_SETTINGS_MODULE": "nexus.settings"}
        import django  # noqa: PLC0415  the environment comes first

        django.setup()
        yield found


def filling(films: int, seed: int) -> list[str]:
    ratings = max(FEWEST_RATINGS, films)
    sizes = {
        "films": films,
        "ratings": ratings,
        "members": ratings // RATINGS_OF_A_MEMBER,
        "seed": seed,
    }
    return ["bench.data", *(f"--{name}={value}" for name, value in sizes.items())]


def train(variables: Mapping[str, str], *options: str) -> str:
    """Learn a model as the product does every day; returns what it says."""
    return run(["nexus", "train", *options], variables)


def run(words: Sequence[str], variables: Mapping[str, str]) -> str:
    """Run a module of ours to its end; returns what it says."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=PROJECT_DIR,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = f"{done.stdout}{done.stderr}"[-2_000:]
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}: {said}")
    return done.stdout


def say(text: str) -> None:
    print(text, flush=True)
