"""PostgreSQL's own `pg_dump` and `pg_restore`, of the server's major version."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from nexus.backup.archive import blocks_from
from nexus.backup.errors import NoFittingProgram, ProgramFailed
from nexus.lib.postgres_programs import embedded_programs

WORDS: Final = {"host": "HOST", "port": "PORT", "user": "USER", "dbname": "NAME"}
DJANGOS_OWN: Final = {"assume_role", "isolation_level", "pool", "server_side_binding"}
LOADER: Final = "pg_restore"
END_LIMIT_S: Final = 60
END: Final = """
SELECT pg_terminate_backend(activity.pid, %s)
FROM pg_stat_activity activity
WHERE application_name = %s AND datname = current_database()
  AND usename = session_user
"""
VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")


def find_program(name: str, *, major: int) -> Path:
    """Find one of the server's major version; raises NoFittingProgram.

    An older one cannot read the server, and what a newer one writes the server may not
    understand.
    """
    found: dict[Path, int] = {}
    for folder in folders(major):
        program = folder / name
        if (version := major_of(program)) == major:
            return program
        if version is not None:
            found[program] = version
    there = ", ".join(f"{path} is of {version}" for path, version in found.items())
    raise NoFittingProgram(
        f"The database is PostgreSQL {major}, and there is no {name} of that version "
        f"({there or 'none at all'}): install PostgreSQL {major}'s client programs."
    )


def folders(major: int) -> list[Path]:
    """Ours come last for a server that is not: they cannot speak TLS."""
    on_path = [Path(folder) for folder in os.get_exec_path() if folder]
    usual = [Path(f"/usr/lib/postgresql/{major}/bin"), Path(f"/usr/pgsql-{major}/bin")]
    ours = [folder] if (folder := embedded_programs()) else []
    others = [*usual, *on_path]
    return [*ours, *others] if settings.IS_EMBEDDED else [*others, *ours]


def major_of(program: Path) -> int | None:
    if shutil.which(program) is None:
        return None
    words = [str(program), "--version"]
    told = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  one of PostgreSQL's
    version = VERSION.search(told.stdout)
    return int(version[1]) if version else None


def where() -> tuple[str, dict[str, str]]:
    """Return how the programs reach our database; the password is no word of theirs.

    Everybody on the machine can read the words of a program, nobody its environment.
    Only what was set is told: an older program does not know all that ours can set.
    """
    place = connection.settings_dict
    told = {word: place[name] for word, name in WORDS.items() if place.get(name)}
    options = place.get("OPTIONS", {})
    told |= {word: options[word] for word in options if word not in DJANGOS_OWN}
    secret = {"PGPASSWORD": place["PASSWORD"]} if place.get("PASSWORD") else {}
    return make_conninfo("", **told), dict(os.environ) | secret


@contextmanager
def running(words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program beside the block; raises ProgramFailed with its last words.

    It does not outlive the block, whatever ends that.
    """
    place, environment = where()
    place = make_conninfo(place, application_name=Path(words[0]).name)
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603  one of PostgreSQL's
            [*words, f"--dbname={place}"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        with process:
            try:
                yield process
                process.wait()
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            raise ProgramFailed(f"{Path(words[0]).name}: {last_words(errors)}")


def last_words(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    said = [line for line in lines if "error:" in line or "ERROR:" in line]
    return [*lines[-1:], *said[:1]][-1] if lines else "it ended without a word"


def dump(words: Iterable[str]) -> Generator[bytes]:
    """Yield a dump of the database, as it is written."""
    program = find_program("pg_dump", major=server_major())
    with running([str(program), "--format=custom", *words]) as process:
        assert process.stdout is not None
        yield from blocks_from(process.stdout)


def load(blocks: Iterable[bytes]) -> None:
    """Restore a dump in one transaction: all of it, or nothing changes."""
    program = find_program(LOADER, major=server_major())
    words = ["--single-transaction", "--no-owner", "--no-privileges"]
    with running([str(program), *words]) as process:
        feed(process, blocks)


def end_loading() -> None:
    """Have the server end what a killed `pg_restore` had begun, and wait for that.

    It would find out by itself only after the statement that it is at. A commit that it
    is at is not undone.
    """
    with connection.cursor() as cursor:
        cursor.execute(END, [END_LIMIT_S * 1000, LOADER])
        cursor.fetchall()


def feed(process: subprocess.Popen[bytes], blocks: Iterable[bytes]) -> None:
    assert process.stdin is not None
    # A program that gives up stops reading; its exit code says so, and its words why.
    with suppress(BrokenPipeError):
        for block in blocks:
            process.stdin.write(block)
    with suppress(BrokenPipeError):
        process.stdin.close()


def server_major() -> int:
    connection.ensure_connection()
    return int(connection.connection.info.server_version) // 10_000
