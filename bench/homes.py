"""Folders of made-up films and members, as an installation has them, with a model."""

import os
import signal
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from nexus.env import PROJECT_DIR

FILMS = 10_000  # of a new folder, if nothing is said
TOLERANCE = 0.01
MARKER = "bench-films"  # written last
FEWEST_RATINGS = 40_000
RATINGS_OF_A_MEMBER = 100
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def ask_for_folder(parser: ArgumentParser) -> None:
    """Add the options that say which folder."""
    parser.add_argument("--home", type=Path, help="a folder, which stays")
    parser.add_argument(
        "--films", type=int, help=f"of the folder; of a new one, {FILMS:,} unless said"
    )
    parser.add_argument("--seed", type=int, default=1, help="of what is made up")


@contextmanager
def home_of(home: Path | None, *, films: int | None, seed: int = 1) -> Iterator[Path]:
    """Make `home`, which stays, or a folder that does not; what is there is taken.

    Its settings count in this process from now on.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        found = (home or Path(folder) / "home").resolve()
        found.mkdir(parents=True, exist_ok=True)
        environment = {"NEXUS_HOME": str(found)}
        is_new = not (found / "postgres").exists()
        if is_new:
            count = FILMS if films is None else films
            say(f"Making up {count:,} films in {found} ...")
            run(filling(count, seed), environment)
            mark(found, count)
        os.environ |= environment | {"DJANGO_SETTINGS_MODULE": "nexus.settings"}
        import django  # noqa: PLC0415  the environment comes first

        django.setup()
        if not is_new:
            require_filled(found, films)
            # It may be of an earlier version.
            run(["nexus", "prepare"], environment)
        yield found


def mark(home: Path, films: int) -> None:
    """Note that it was filled to the end."""
    (home / MARKER).write_text(f"{films}\n", encoding="ascii")


def marked(home: Path) -> int | None:
    """Return how many films it was filled with; None if nobody has noted that."""
    try:
        return int((home / MARKER).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def counted() -> int:
    """Return how many films were made up in the folder of the settings."""
    from django.conf import settings  # noqa: PLC0415  the environment comes first
    from django.db import DatabaseError  # noqa: PLC0415

    from bench.people import database, films_made_up  # noqa: PLC0415
    from nexus.launch.commands import database_of  # noqa: PLC0415

    with database_of(settings.HOME, embedded=settings.IS_EMBEDDED), database():
        try:
            return films_made_up()
        except DatabaseError:
            return 0  # not even tables


def require_filled(
    home: Path, films: int | None, *, counting: Callable[[], int] = counted
) -> None:
    """End where there are fewer or more films than wanted, counted if need be."""
    count = marked(home)
    if count is None:
        count = counting()
        require_size(home, count, FILMS if films is None and count < FILMS else films)
        mark(home, count)
    require_size(home, count, films)


def require_size(home: Path, count: int, films: int | None) -> None:
    if films is not None and abs(count - films) > films * TOLERANCE:
        raise SystemExit(
            f"{home} has {count:,} made-up films, not {films:,}. Say `--films {count}`"
            " if it is the right one; name another folder, or remove this one, if it"
            " is not, or if it was not filled to the end."
        )


def filling(films: int, seed: int) -> list[str]:
    ratings = max(FEWEST_RATINGS, films)
    sizes = {
        "films": films,
        "ratings": ratings,
        "members": ratings // RATINGS_OF_A_MEMBER,
        "seed": seed,
    }
    return ["bench.data", *(f"--{name}={value}" for name, value in sizes.items())]


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


def interruptible(main: Callable[[Sequence[str]], int], words: Sequence[str]) -> int:
    """Return the exit code; who interrupts it knows why it ended, without a trace.

    Who ends it by another signal interrupts it, too: what it started would go on. What
    it was started to ignore, as by nohup, it ignores.
    """
    heeded = [one for one in ENDS if signal.getsignal(one) != signal.SIG_IGN]
    came: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        # Once only: a second one must not break the end of what was started.
        for one in heeded:
            signal.signal(one, signal.SIG_IGN)
        came.append(number)
        raise KeyboardInterrupt

    for one in heeded:
        signal.signal(one, interrupt)
    try:
        return main(words)
    except KeyboardInterrupt:
        say("Interrupted.")
        return 128 + (came or [signal.SIGINT])[0]


def say(text: str) -> None:
    print(text, flush=True)
