"""`worker`: runs jobs until a signal comes, for installations with WORKER_IN_WEB=off.

Exit codes: 0 it was stopped, and no job was broken off; 1 some were, and another worker
takes them up; 2 it was called wrongly. With --healthy: 0 a worker lives, 1 none does.
"""

import signal
import sys
from argparse import ArgumentParser
from types import FrameType
from typing import Any, Final, NoReturn

from django.core.management.base import CommandError

from nexus.console import OwnCommand, failures_told, whole
from nexus.jobs.exposed import expose
from nexus.jobs.worker import PLACES, WorkerThread, queue_names
from nexus.queue.state import count_workers

STOP_LIMIT_S: Final = 45.0  # what waits for it to stop should wait longer
MOMENT_S: Final = 0.5
MOST_PLACES: Final = 64  # each is a thread with a connection


class Command(OwnCommand):
    help = (
        "Run jobs until a signal comes; then let those that run end, for 45 seconds. "
        "Exit codes: 0 stopped, 1 some jobs were broken off, 2 called wrongly."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--queues",
            default="",
            metavar="NAMES",
            help="Of these queues only, separated by commas: "
            f"{', '.join(sorted(queue_names()))}.",
        )
        parser.add_argument(
            "--concurrency",
            type=whole(1, MOST_PLACES),
            default=PLACES,
            metavar="N",
            help="So many jobs at once (default: %(default)s).",
        )
        parser.add_argument(
            "--healthy",
            action="store_true",
            help="Run none, but say by the exit code whether any worker of this "
            "installation has told of itself within half a minute: 0, else 1.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["healthy"]:
            self.tell_health()
        names = read_queues(options["queues"])
        expose()
        worker = WorkerThread(
            queues=names, places=options["concurrency"], stop_limit_s=STOP_LIMIT_S
        )

        def stop(number: int, frame: FrameType | None) -> None:
            worker.begin_to_stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        worker.start()
        while worker.is_alive() and not worker.stopping.is_set():
            worker.join(MOMENT_S)
        worker.join(STOP_LIMIT_S)
        sys.exit(int(worker.is_alive()))

    def tell_health(self) -> NoReturn:
        with failures_told():
            count = count_workers()
        self.stdout.write(f"Workers that are alive: {count}")
        sys.exit(0 if count else 1)


def read_queues(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := sorted({*names} - queue_names()):
        raise CommandError(f"There is no queue {unknown[0]!r:.40}.", returncode=2)
    return names
