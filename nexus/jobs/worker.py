"""The worker beside the web server, for installations on one machine."""

import asyncio
import atexit
import copy
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from django.db import connections
from procrastinate import App, JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.worker import Worker

logger = logging.getLogger(__name__)

START_AGAIN_S = 5.0
STOP_LIMIT_S = 5.0


class WorkerThread(threading.Thread):
    """Runs jobs until it is stopped; where the database goes away, it starts again."""

    def __init__(self) -> None:
        super().__init__(name="worker", daemon=True)
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
                    install_signal_handlers=False,
                    concurrency=2,
                    task_middleware=[on_a_connection_of_its_own],
                )
            )
            stop = asyncio.create_task(self.stopping.wait())
            await asyncio.wait({jobs, stop}, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            jobs.cancel()
            with suppress(asyncio.CancelledError):
                await jobs

    def stop(self) -> None:
        """Let running jobs end, take no others, and wait for that."""
        if self.is_alive():
            self.loop.call_soon_threadsafe(self.stopping.set)
            self.join(STOP_LIMIT_S)


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


def start_worker_thread() -> WorkerThread:
    """Start the worker; it stops when the process ends."""
    thread = WorkerThread()
    thread.start()
    atexit.register(thread.stop)
    return thread
