"""What the image does when it is built and started, without an engine for containers.

The files that the image gets are laid out alone, and the commands of the Dockerfile and
of compose.yaml run there, against a PostgreSQL and a Valkey that are not ours.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

import httpx
import psycopg
import pytest

from nexus.env import PROJECT_DIR
from tests.backup.installation import empty_database
from tests.deploy.files import compose_environment, copied, dockerfile, read_yaml
from tests.launch.program import LIMIT_S, environment, wait_until_gone
from tests.servers import free_port

pytestmark = [pytest.mark.installation, pytest.mark.django_db(transaction=True)]

KEY = "tK9-wq3ZrX0vB7nM_2LpA8sD4fG6hJ1yQe5Ru-7Ti8Yo9Px0Zc1Vb2Nm3"
HOST = "films.example.org"


class Image:
    """A folder with what the image has, and the variables it is started with."""

    def __init__(self, app: Path, home: Path, variables: dict[str, str]) -> None:
        self.app = app
        self.home = home
        self.variables = variables

    def begin(self, *words: str) -> subprocess.Popen[str]:
        assert words[0] == "nexus"
        return subprocess.Popen(
            [self.app / "bin" / "nexus", *words[1:]],
            cwd=self.home.parent,
            env=environment(self.home, **self.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *words: str) -> tuple[int, str]:
        process = self.begin(*words)
        told, complained = process.communicate(timeout=LIMIT_S)
        return process.returncode, told + complained

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        process = self.begin(*words)
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            told, complained = process.communicate(timeout=LIMIT_S)
            assert process.returncode == 0, told + complained
        finally:
            process.kill()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out what is copied, and run what is run, but for installing the libraries."""
    folder = tmp_path_factory.mktemp("image") / "app"
    folder.mkdir()
    for source, target in copied():
        lay_out(PROJECT_DIR / source, folder / target)
    (folder / ".venv").symlink_to(sys.prefix)
    last_run = [words for words in dockerfile() if words[:1] == ["RUN"]][1]
    commands = " ".join(last_run[1:])
    assert "collectstatic" in commands
    subprocess.run(
        ["sh", "-euc", commands],  # noqa: S607  wherever it is
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        check=True,
    )
    return folder


def lay_out(source: Path, target: Path) -> None:
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(source, target, ignore=ignored)
        return
    place = target / source.name if target.is_dir() else target
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, place)


@pytest.fixture
def image(app: Path, tmp_path: Path, valkey: str) -> Iterator[Image]:
    """Start as compose.yaml does, but for the places of the servers and secrets."""
    with empty_database("nexus_container") as url:
        for name, content in (("database-url", url), ("secret-key", KEY)):
            (tmp_path / name).write_text(content)
            (tmp_path / name).chmod(0o600)
        yield Image(
            app,
            tmp_path / "home",
            compose_environment("web")
            | {
                "DATABASE_URL_FILE": str(tmp_path / "database-url"),
                "SECRET_KEY_FILE": str(tmp_path / "secret-key"),
                "VALKEY_URL": valkey,
                "HOST": "0.0.0.0",  # noqa: S104  as in a container
                "PORT": str(free_port()),
                "HTTPS": "on",
                "ALLOWED_HOSTS": HOST,
                "METRICS_TOKEN": KEY[:32],
            },
        )
        wait_until_gone(tmp_path / "home")


def wait_until_serving(image: Image, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if "Stop with Ctrl-C" in line:
            return
    raise AssertionError(told)


def test_it_works(image: Image) -> None:
    base = f"http://127.0.0.1:{image.variables['PORT']}"

    with image.running("nexus", "run") as web:
        wait_until_serving(image, web)
        ready = image.call("nexus", "ready")
        health = httpx.get(f"{base}/readyz", headers={"Host": HOST}).json()
        redirected = httpx.get(f"{base}/api/movies/", headers={"Host": HOST})

    assert ready[0] == 0
    assert health["status"] == "ok"
    assert redirected.headers["Location"].startswith(f"https://{HOST}/")
    assert image.call("nexus", "ready")[0] == 1


def test_it_serves_the_collected_files(image: Image) -> None:
    assert (image.app / "staticfiles" / "admin").is_dir()
    image.variables |= {"HTTPS": "off", "TRUSTED_PROXIES": ""}
    base = f"http://127.0.0.1:{image.variables['PORT']}"

    with image.running("nexus", "run") as web:
        wait_until_serving(image, web)
        page = httpx.get(f"{base}/swagger/", headers={"Host": HOST})
        paths = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
        files = [httpx.get(f"{base}{path}", headers={"Host": HOST}) for path in paths]

    assert len(files) > 1
    assert {file.status_code for file in files} == {200}


def test_the_worker_takes_what_waits(image: Image) -> None:
    assert image.call("nexus", "prepare")[0] == 0
    check = read_yaml("compose.yaml")["services"]["worker"]["healthcheck"]["test"][1:]
    assert image.call(*check)[0] == 1
    words = ("nexus", "procrastinate", "defer", "purge_sessions", '{"timestamp": 0}')
    assert image.call(*words)[0] == 0

    with image.running("nexus", "worker") as worker:
        url = (image.home.parent / "database-url").read_text()
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            wait_until_done(connection, worker)
        assert image.call(*check)[0] == 0


def wait_until_done(
    connection: psycopg.Connection, worker: subprocess.Popen[str]
) -> None:
    give_up_at, pause = monotonic() + LIMIT_S, Event()
    done = "SELECT 1 FROM procrastinate_jobs WHERE status = 'succeeded'"
    while connection.execute(done).fetchone() is None:
        assert worker.poll() is None
        assert monotonic() < give_up_at
        pause.wait(0.1)


def test_every_check_of_a_deployment_passes(image: Image) -> None:
    code, told = image.call("nexus", "check", "--deploy", "--fail-level", "WARNING")
    assert (code, "no issues" in told) == (0, True), told
    assert image.call("nexus", "prepare")[0] == 0

    code, told = image.call("nexus", "doctor", "--deploy", "--json")

    assert code == 0, told
    assert {one["status"] for one in json.loads(told)["findings"]} == {"ok"}


def test_it_is_backed_up_from_inside(image: Image, tmp_path: Path) -> None:
    assert image.call("nexus", "prepare")[0] == 0

    code, told = image.call("nexus", "backup", str(tmp_path / "backup.tar"))

    assert code == 0, told
