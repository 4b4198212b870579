"""An installation of separate parts, each of which can be killed and comes back."""

import os
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from redis import Redis
from redis.exceptions import RedisError

from bench.load.servers import LIMITS
from nexus.env import PROJECT_DIR
from nexus.launch.errors import CannotStart
from nexus.launch.postgres import EmbeddedPostgres
from nexus.lib.home import Home
from tests.launch.program import children_of, command_of, environment, listeners_at
from tests.launch.program import processes_of as processes_of_home
from tests.servers import free_port
from tests.smtp_server import SmtpServer
from tests.valkey_process import ValkeyProcess

WEB_PROCESSES = 2
START_AGAIN_S = 1.0  # what keeps services waits so long before it starts one again
NEXUS = PROJECT_DIR / "bin" / "nexus"
WORKER = ("worker",)
STOP_LIMIT_S = 60.0


@dataclass
class Service:
    """A program that is started again whenever it ended, as systemd would do."""

    words: tuple[str, ...]
    variables: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    ended_at_s: float | None = None
    starts: int = 0

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [NEXUS, *self.words],
                env=dict(self.variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.ended_at_s, self.starts = None, self.starts + 1

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def look_after(self) -> None:
        if self.process is None or self.process.poll() is None:
            return
        if self.ended_at_s is None:
            self.ended_at_s = monotonic()
        elif monotonic() - self.ended_at_s > START_AGAIN_S:
            self.start()

    def stop(self) -> int | None:
        """End it in order; return its exit code."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None


@dataclass
class Site:
    home: Path
    postgres: EmbeddedPostgres
    valkey: ValkeyProcess
    smtp: SmtpServer
    port: int
    url: str  # of the database
    doomed: set[int] = field(default_factory=set)  # by the last kill
    key: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def __post_init__(self) -> None:
        log, variables = self.home.with_name("log"), self.variables
        self.web = Service(("run",), variables, log)
        self.worker = Service(WORKER, variables, log)

    @property
    def log(self) -> Path:
        return self.web.log

    @property
    def variables(self) -> dict[str, str]:
        return environment(
            self.home,
            DATABASE_URL=self.url,
            VALKEY_URL=self.valkey.url,
            EMAIL_URL=self.smtp.url,
            SECRET_KEY=self.key,
            PORT=str(self.port),
            WEB_WORKERS=str(WEB_PROCESSES),
            WORKER_IN_WEB="off",
            RATE_LIMITS=LIMITS,
            LOG_LEVEL="warning",
        )

    def look_after(self) -> None:
        self.web.look_after()
        self.worker.look_after()

    def processes(self, *words: str) -> list[int]:
        """Return those that were started with these words."""
        return [
            pid
            for pid in sorted(processes_of_home(self.home))
            if set(words) <= set(command_of(pid))
        ]

    def web_processes(self) -> list[int]:
        return [
            child
            for granian in self.processes("granian")
            for child in children_of(granian, self.home)
        ]

    # Whether a part is whole again

    def is_ready(self) -> bool:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except (OSError, HTTPException):
                return False

    def serves_with_all(self) -> bool:
        """Say whether as many listen as there should be, none of them killed."""
        now = set(self.web_processes())
        is_new = not self.doomed & now
        return is_new and len(now) == WEB_PROCESSES == listeners_at(self.port)

    def works(self) -> bool:
        """Say whether a worker lives that took its place."""
        return bool(set(self.processes(*WORKER)) - self.doomed)

    def valkey_answers(self) -> bool:
        with closing(Redis(port=self.valkey.port)) as client, suppress(RedisError):
            return bool(client.ping())
        return False

    # Killing

    def kill_postgres(self) -> None:
        assert self.postgres.process is not None
        self.postgres.process.kill()
        self.postgres.process.wait()

    def start_postgres(self) -> None:
        """Start it until it does: what is left of the killed one may be in the way."""
        give_up_at = monotonic() + STOP_LIMIT_S
        while True:
            try:
                self.postgres.start()
            except CannotStart:
                if monotonic() > give_up_at:
                    raise
                continue
            return

    def kill_one_web_process(self) -> None:
        self.kill(max(self.web_processes()))

    def kill_granian(self) -> None:
        """Kill what started the web processes and watches them."""
        (granian,) = children_of(self.web.pid, self.home)
        self.kill(granian, with_it=self.web_processes())

    def kill_main(self) -> None:
        self.kill(self.web.pid, with_it=self.web_processes())

    def kill_worker(self) -> None:
        """Kill the process that does the work, not the one that started it."""
        found = self.processes(*WORKER)
        self.kill(max(found), with_it=found)

    def kill(self, pid: int, *, with_it: Sequence[int] = ()) -> None:
        """Kill it; `with_it` are those that should not outlive it."""
        self.doomed = {pid, *with_it}
        os.kill(pid, signal.SIGKILL)


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Run PostgreSQL, Valkey, web server and worker, each on its own."""
    database = Home(folder / "postgres")
    database.path.mkdir()
    with ExitStack() as stack:
        postgres = EmbeddedPostgres(database, settings={"max_connections": "200"})
        stack.enter_context(postgres)
        url = f"postgresql://nexus@{quote(str(database.socket_dir), safe='')}/nexus"
        site = Site(
            home=folder / "home",
            postgres=postgres,
            valkey=stack.enter_context(ValkeyProcess()),
            smtp=stack.enter_context(SmtpServer()),
            port=free_port(),
            url=url,
        )
        for service in (site.web, site.worker):
            stack.callback(service.stop)
        site.web.start()
        wait_for(site.is_ready, site)
        site.worker.start()
        yield site


def wait_for(is_so: Callable[[], bool], site: Site, *, limit_s: float = 120.0) -> None:
    give_up_at = monotonic() + limit_s
    while not is_so():
        if monotonic() > give_up_at:
            raise SystemExit(f"It does not come up; {site.log} says why.")
