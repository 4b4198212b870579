"""The product with its database and its cache, and the limit beside it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, perf_counter, sleep

from nexus.api.limits import LIMITS as LIMIT_NAMES
from nexus.env import PROJECT_DIR
from tests.launch.program import Program, parent_of
from tests.servers import free_port
from tests.valkey_process import ValkeyProcess

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
START_LIMIT_S = 30.0
PATIENCE_S = 120.0  # what has to be read first may be large
CORES = len(os.sched_getaffinity(0))
# Every request is counted as in production, and nobody reaches these.
LIMITS = ",".join(f"{name}=900000000/1" for name in LIMIT_NAMES)


@dataclass(frozen=True, slots=True)
class Cpu:
    """Seconds of the processors so far."""

    web: float
    database: float
    cache: float

    def since(self, earlier: "Cpu", *, requests: int) -> dict[str, float]:
        """Return microseconds per request."""
        spent = {
            "web": self.web - earlier.web,
            "database": self.database - earlier.database,
            "cache": self.cache - earlier.cache,
        }
        return {part: s * 1e6 / max(1, requests) for part, s in spent.items()}


@dataclass(frozen=True, slots=True)
class Product:
    program: Program
    valkey: ValkeyProcess
    start_s: float
    variables: Mapping[str, str]

    @property
    def port(self) -> int:
        return self.program.port

    @property
    def webs(self) -> list[int]:
        """The web processes."""
        return self.program.web_processes()

    def cpu(self) -> Cpu:
        postgres = self.program.pid_of("postgres")
        granian = self.program.pid_of("granian")
        return Cpu(
            web=sum(map(cpu_of, [granian, *self.webs])),
            database=sum(map(cpu_of, [postgres, *children(postgres)])),
            cache=cpu_of(self.valkey.process.pid),
        )


@dataclass(frozen=True, slots=True)
class Limit:
    port: int
    pid: int

    def cpu_s(self) -> float:
        return sum(map(cpu_of, [self.pid, *children(self.pid)]))


def children(parent: int) -> list[int]:
    pids = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if parent_of(pid) == parent]


def cpu_of(pid: int) -> float:
    """Return what the process has used, and those of its children that ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS_PER_S


@contextmanager
def running_product(home: Path, **variables: str) -> Iterator[Product]:
    """Run `nexus run` as in production, one web process for each core."""
    with ExitStack() as stack:
        valkey = stack.enter_context(ValkeyProcess())
        program = Program(home)
        began = perf_counter()
        environment = {
            "VALKEY_URL": valkey.url,
            "WEB_WORKERS": str(CORES),
            "RATE_LIMITS": LIMITS,
            "LOG_LEVEL": "warning",
            **variables,
        }
        stack.callback(end, program)
        program.start(**environment)
        start_s = perf_counter() - began
        program.watchdog.cancel()  # it is for tests, which are shorter
        yield Product(program, valkey, start_s, environment)


def end(program: Program) -> None:
    """Stop it, also one whose start was interrupted."""
    if not program.is_running:
        return
    if program.process.poll() is None:
        program.process.terminate()
    program.wait()


@contextmanager
def running_limit() -> Iterator[Limit]:
    """Run the limit with the product's own options."""
    from nexus.launch.run import web_command  # noqa: PLC0415  needs the environment

    port, words = free_port(), web_command("127.0.0.1")
    words[words.index("--port") + 1] = str(port)
    words[words.index("--workers") + 1] = str(CORES)
    words[-1] = "bench.load.limit:serve"
    # Without its home: it is none of the product's processes.
    environment = {k: v for k, v in os.environ.items() if k != "NEXUS_HOME"}
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=PROJECT_DIR,
        env=environment,
        # As the product's web server: Linux may share processors among sessions first,
        # and in one with wrk a server answers half as much again.
        start_new_session=True,
    )
    try:
        wait_until_answers(port)
        yield Limit(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def wait_until_answers(port: int) -> None:
    give_up_at = monotonic() + START_LIMIT_S
    while monotonic() < give_up_at:
        try:
            size_of(port, "/10")
        except OSError:
            sleep(0.05)
            continue
        return
    raise AssertionError("the limit did not start")


def size_of(port: int, path: str, *, token: str = "") -> int:
    """Ask once; return the bytes of the answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    if answer.status != 200:
        raise OSError(f"{path}: {answer.status} {body[:200]!r}")
    return len(body)
