"""The worker: a thread beside the web server, or all that a process of its own does."""

import asyncio
import atexit
import copy
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, cast

from django.db import connections
from procrastinate import App, JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.worker import Worker

logger = logging.getLogger(__name__)

BUILTIN_QUEUE = "builtin"
START_AGAIN_S = 5.0
PLACES = 2  # jobs at once
STOP_LIMIT_S = 5.0  # of a web process, which is waited for


class WorkerThread(threading.Thread):
    """Runs jobs until it is stopped; where the database goes away, it starts again.

    Of all queues, unless some are named, as many at once as it has places. Once it is
    to stop, a job that waits for another process is ended a second before the limit;
    others run to their end. What does not get there is taken up by another worker.
    """

    def __init__(
        self,
        *,
        queues: Sequence[str] = (),
        places: int = PLACES,
        stop_limit_s: float = STOP_LIMIT_S,
    ) -> None:
        super().__init__(name="worker", daemon=True)
        self.queues = queues
        self.places = places
        self.stop_limit_s = stop_limit_s
        self.loop = asyncio.new_event_loop()
        self.stopping = asyncio.Event()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self.work())

    async def work(self) -> None:
        while not self.stopping.is_set():
            try:
                await self.run_jobs()
            except Exception:  # the outermost loop: whatever it was, jobs must go on
                logger.exception("the worker failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), START_AGAIN_S)

    async def run_jobs(self) -> None:
        worker_app = app_for_worker()
        async with worker_app.open_async():
            jobs = asyncio.create_task(
                worker_app.run_worker_async(
                    queues=self.queues or sorted(queue_names()),
                    install_signal_handlers=False,
                    concurrency=self.places,
                    shutdown_graceful_timeout=self.stop_limit_s - 1,
                    task_middleware=[on_a_connection_of_its_own],
                )
            )
            stop = asyncio.create_task(self.stopping.wait())
            await asyncio.wait({jobs, stop}, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            jobs.cancel()
            with suppress(asyncio.CancelledError):
                await jobs

    def begin_to_stop(self) -> None:
        """Take no other jobs; may be called from a signal's handler."""
        with suppress(RuntimeError):  # it has ended already
            self.loop.call_soon_threadsafe(self.stopping.set)

    def stop(self) -> None:
        """Let running jobs end, take no others, and wait for that."""
        if self.is_alive():
            self.begin_to_stop()
            self.join(self.stop_limit_s)


def app_for_worker() -> App:
    """Return the app on connections of its own instead of Django's.

    Its periodic tasks are copies, since a task queues itself through the app that it
    knows: Django's connection there would belong to a thread that nobody tidies up.
    """
    connector = cast("DjangoConnector", app.connector).get_worker_connector()
    worker_app = app.with_connector(connector)
    worker_app.periodic_registry = copy.copy(app.periodic_registry)
    worker_app.periodic_registry.periodic_tasks = {}
    for periodic in app.periodic_registry.periodic_tasks.values():
        task = copy.copy(periodic.task)
        task.blueprint = worker_app
        worker_app.periodic_registry.register_task(
            task, periodic.cron, periodic.periodic_id, periodic.configure_kwargs
        )
    return worker_app


def on_a_connection_of_its_own(
    call_next: Callable[[], Any], context: JobContext, worker: Worker
) -> Any:
    """Close the connection of the thread, which nobody else would look after."""
    try:
        return call_next()
    finally:
        connections.close_all()


def queue_names() -> set[str]:
    """Return those that our tasks are in, not the library's own."""
    return {task.queue for task in app.tasks.values()} - {BUILTIN_QUEUE}


def start_worker_thread() -> WorkerThread:
    """Start the worker; it stops when the process ends."""
    thread = WorkerThread()
    thread.start()
    atexit.register(thread.stop)
    return thread
