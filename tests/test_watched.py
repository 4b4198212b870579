"""The real program as its operator sees it: metrics, log, faults, traces.

Two web processes and a worker serve the calls of the API guide.
"""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from nexus.env import PROJECT_DIR
from nexus.lib.home import Home
from tests.examples import BETWEEN, agrees, run
from tests.launch.program import Program, running, wait_until
from tests.queries import alerts, dashboard, labels_told, unknown_in
from tests.servers import free_port
from tests.sink import Sink
from tests.tmdb_server import TmdbServer

GUIDE = (PROJECT_DIR / "docs/api-guide.md").read_text(encoding="utf-8")
BLOCKS = re.findall(
    r"```sh\n(.*?)```(?:\n\n```json\n(.*?)```)?", GUIDE, flags=re.DOTALL
)
METRICS_TOKEN = "kei9Ahk4iephe1Wo0ieQ"
ASKED = 16
OF_PROMETHEUS = {"up": set[str]()}
MODEL = """
INSERT INTO recommendations_trainedmodel
VALUES ('2024-lost', now(), 'x', 1, 1000, 20, '{}', true, now())
"""
SECRETS = [
    "grace@example.org",
    "correct-horse-8",
    "There is no spoon.",
    "eyJ",
    METRICS_TOKEN,
    TmdbServer.key,
]


@dataclass(frozen=True)
class Installation:
    program: Program
    worker_port: int
    sink: Sink
    answers: list[str]  # of the guide, block by block

    def figures(self, port: int | None = None) -> str:
        address = f"http://127.0.0.1:{port or self.program.port}/metrics"
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        return httpx.get(address, headers=headers).raise_for_status().text

    @property
    def log(self) -> list[dict[str, Any]]:
        lines = self.program.errors.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.fixture(scope="module")
def installation(
    tmp_path_factory: pytest.TempPathFactory, tmdb_for_all: TmdbServer, valkey: str
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("watched")
    program, worker_port = Program(folder / "home"), free_port()
    with Sink() as sink, ExitStack() as stack:
        variables = {
            "VALKEY_URL": f"{valkey.removesuffix('/0')}/5",
            "WORKER_IN_WEB": "off",
            "TMDB_API_KEY": tmdb_for_all.key,
            "TMDB_API_URL": tmdb_for_all.url,
            "METRICS_TOKEN": METRICS_TOKEN,
            "SENTRY_DSN": f"http://key@127.0.0.1:{sink.server_port}/1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{sink.server_port}",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }
        program.start(**variables, WEB_WORKERS="2")
        stack.callback(program.end, signal.SIGTERM)
        program.watchdog.cancel()  # many tests share it
        with database(program) as connection:
            connection.execute(MODEL)
        script = "".join(f"{shell}echo; echo {BETWEEN}\n" for shell, _ in BLOCKS)
        answers = run(script, program.port, folder=folder).split(BETWEEN)
        apart = {"METRICS_PORT": str(worker_port), "LOG_LEVEL": "error"}
        # Without a training, which would find no ratings and end the model's service.
        words = ("worker", "--queues", "default")
        stack.enter_context(running(program.home, *words, **variables | apart))
        found = Installation(program, worker_port, sink, answers)
        wait_until(lambda: has_worked(found))
        yield found
    tmdb_for_all.reset()


def database(program: Program) -> psycopg.Connection[Any]:
    place = Home(program.home).socket_dir
    return psycopg.connect(f"host={place} user=nexus dbname=nexus", autocommit=True)


def has_worked(installation: Installation) -> bool:
    try:
        return "nexus_jobs_ended_total{" in installation.figures(
            installation.worker_port
        )
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_guide_shows_what_is_answered(
    installation: Installation, number: int
) -> None:
    shown = BLOCKS[number][1]

    told = installation.answers[number]

    assert not shown or agrees(json.loads(shown), json.loads(told)), told


def test_any_process_tells_the_figures_of_all(installation: Installation) -> None:
    port = installation.program.port
    callers = [HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(ASKED)]
    for caller in callers:
        answer(caller, "/healthz")

    told = {
        line
        for caller in callers
        for line in answer(caller, "/metrics").splitlines()
        if 'route="healthz"' in line and "requests_total" in line
    }

    for caller in callers:
        caller.close()
    count = f'{{method="GET",route="healthz",status="200"}} {ASKED}.0'
    assert told == {f"nexus_requests_total{count}"}


def answer(caller: HTTPConnection, path: str) -> str:
    caller.request("GET", path, headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    return caller.getresponse().read().decode()


@pytest.mark.parametrize("is_worker", [False, True], ids=["web", "worker"])
@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer wrong", METRICS_TOKEN])
def test_the_figures_are_for_those_who_have_the_token(
    installation: Installation, is_worker: bool, sent: str
) -> None:
    port = installation.worker_port if is_worker else installation.program.port

    answer = httpx.get(
        f"http://127.0.0.1:{port}/metrics", headers={"Authorization": sent}
    )

    assert answer.status_code == 401
    assert "nexus_" not in answer.text


def test_every_query_asks_for_what_is_told(installation: Installation) -> None:
    user = json.loads(installation.answers[2])
    address = f"http://127.0.0.1:{installation.program.port}/api/tmdb/search/"
    headers = {"Authorization": f"Bearer {user['access']}"}
    httpx.get(address, params={"query": "matrix"}, headers=headers).raise_for_status()
    told = labels_told(
        installation.figures(), installation.figures(installation.worker_port)
    )
    queries = [*dashboard(), *((one["alert"], one["expr"]) for one in alerts())]

    unknown = {
        title: found
        for title, query in queries
        if (found := unknown_in(query, told | OF_PROMETHEUS))
    }

    assert unknown == {}


def test_the_state_is_that_of_the_installation(installation: Installation) -> None:
    told = installation.figures()

    assert "nexus_database_up 1.0" in told
    assert "nexus_valkey_up 1.0" in told
    assert "nexus_workers 1.0" in told
    assert 'nexus_model_info{version="2024-lost"} 1.0' in told
    assert 'nexus_jobs{status="failed",task="send_password_reset"} 0.0' in told


def test_each_request_is_a_line(installation: Installation) -> None:
    lines = [line for line in installation.log if line["event"] == "request"]

    of_members = [line for line in lines if line["member"] is not None]
    assert {line["member"] for line in of_members} == {1}
    routes = {line["route"] for line in of_members}
    assert "api/movies/<movie_id:movie_id>/rating/" in routes
    for line in lines:
        assert line.keys() >= {"method", "timestamp", "trace_id"}
        assert re.fullmatch(r"[\w.~-]{1,100}", line["request_id"])
        assert isinstance(line["duration_ms"], float)
        assert 200 <= line["status"] < 600


def test_sentry_is_told_of_faults_and_of_nobody(installation: Installation) -> None:
    sent = {"name": "Ada <ada@example.org>", "visibility": "public"}
    user = json.loads(installation.answers[2])
    api = f"http://127.0.0.1:{installation.program.port}/api"
    headers = {"Authorization": f"Bearer {user['access']}", "X-Request-ID": "order-66"}

    with database(installation.program) as connection:
        connection.execute("ALTER TABLE playlists_playlist RENAME TO gone")
        refused = httpx.post(f"{api}/playlists/", json=sent, headers=headers)
        connection.execute("ALTER TABLE gone RENAME TO playlists_playlist")

    assert refused.status_code == 500
    wait_until(lambda: len(faults_of(installation.sink, "unexpected error")) == 1)
    (fault,) = faults_of(installation.sink, "unexpected error")
    assert fault["tags"]["request_id"] == "order-66"
    assert fault.keys().isdisjoint({"breadcrumbs", "extra", "request", "user"})
    last = fault["exception"]["values"][-1]
    assert last["type"] == "ProgrammingError"
    assert 'relation "playlists_playlist" does not exist' in last["value"]
    assert "INSERT" not in last["value"]
    assert not [
        frame for frame in last["stacktrace"]["frames"] if frame.get("vars", {})
    ]
    assert b"ada@example.org" not in installation.sink.told


def faults_of(sink: Sink, words: str) -> list[dict[str, Any]]:
    return [one for one in sink.faults if words in one["logentry"]["formatted"]]


def test_a_lost_model_is_a_fault(installation: Installation) -> None:
    def lacking() -> list[str]:
        told = installation.figures().splitlines()
        return [line for line in told if "nexus_model_lacking_processes " in line]

    wait_until(lambda: bool(faults_of(installation.sink, "model is not served")))
    wait_until(lambda: lacking()[-1] != "nexus_model_lacking_processes 0.0")

    assert float(lacking()[-1].split()[-1]) > 0


def test_a_request_is_traced(installation: Installation) -> None:
    name = "PUT api/movies/<movie_id:movie_id>/rating/"
    wait_until(lambda: name in {span.name for span in installation.sink.spans})

    spans = installation.sink.spans
    (request,) = (span for span in spans if span.name == name)
    within = [span for span in spans if span.parent_span_id == request.span_id]
    assert {span.name for span in within} == {"statement"}
    traced = request.trace_id.hex()
    (line,) = (one for one in installation.log if one.get("trace_id") == traced)
    assert line["status"] == 201
    told = {fact.key: fact.value for fact in request.attributes}
    assert told["http.response.status_code"].int_value == 201
    assert told["nexus.request_id"].string_value == line["request_id"]


def test_calls_and_jobs_are_traced(installation: Installation) -> None:
    def named(word: str) -> list[Any]:
        spans = installation.sink.spans
        return [span for span in spans if span.name.partition(" ")[0] == word]

    wait_until(lambda: all(named(word) for word in ("ask", "job", "statement")))

    assert all(span.name.partition(" ")[2] for span in named("job"))
    assert all(span.end_time_unix_nano > 0 for span in named("ask"))


def test_nobody_is_told_what_is_secret(installation: Installation) -> None:
    told = installation.sink.told.decode(errors="replace")

    told += installation.figures() + installation.program.errors.read_text()

    assert installation.sink.faults
    assert installation.sink.spans
    assert [secret for secret in SECRETS if secret in told] == []


def test_the_counts_are_for_nobody_else(installation: Installation) -> None:
    folder = counts_of(installation.program)

    assert len(sorted(folder.glob("counter_*.db"))) == 2
    assert folder.stat().st_mode & 0o777 == 0o700


def counts_of(program: Program) -> Path:
    environ = Path(f"/proc/{program.web_processes()[0]}/environ").read_bytes()
    found = re.search(rb"PROMETHEUS_MULTIPROC_DIR=([^\0]+)", environ)
    assert found is not None
    return Path(found[1].decode())
