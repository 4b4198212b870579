"""What is killed, what starts it again, and when it is whole."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.drill.services import Site, wait_for
from bench.drill.stored import ask

AT_WORK = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"


def nothing(site: Site) -> None:
    """Most are killed as they are."""


@dataclass(frozen=True, slots=True)
class Part:
    """`start` starts it where nothing else of the installation does so."""

    name: str
    kill: Callable[[Site], None]
    is_whole: Callable[[Site], bool]
    start: Callable[[Site], None] | None = None
    prepare: Callable[[Site], None] = nothing
    breaks_connections: bool = False  # callers', which nobody can spare them

    def allows(self, kind: str) -> bool:
        """Say whether callers may be told so while it is away."""
        if kind.startswith("no answer"):
            return self.breaks_connections
        return kind.startswith("503 ") and not kind.endswith("Retry-After: none")


def have_the_worker_work(site: Site) -> None:
    """Wait until it is in the middle of a job: a mail that its server does not take."""
    site.smtp.fail("hang")
    wait_for(lambda: ask(site, AT_WORK)[0][0] > 0, site)


def kill_worker(site: Site) -> None:
    site.kill_worker()
    site.smtp.recover()


PARTS = (
    Part(
        "PostgreSQL",
        kill=Site.kill_postgres,
        start=Site.start_postgres,
        is_whole=Site.is_ready,
    ),
    Part(
        "Valkey",
        kill=lambda site: site.valkey.kill(),
        start=lambda site: site.valkey.start(),
        is_whole=Site.valkey_answers,
    ),
    Part(
        "a web process",
        kill=Site.kill_one_web_process,
        is_whole=Site.serves_with_all,
        breaks_connections=True,
    ),
    Part(
        "what starts web processes",
        kill=Site.kill_granian,
        is_whole=Site.serves_with_all,
        breaks_connections=True,
    ),
    Part(
        "the main program",
        kill=Site.kill_main,
        is_whole=Site.serves_with_all,
        breaks_connections=True,
    ),
    Part(
        "the worker",
        prepare=have_the_worker_work,
        kill=kill_worker,
        is_whole=Site.works,
    ),
)
