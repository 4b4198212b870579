"""The worker beside the web server, for installations on one machine."""

import asyncio
import atexit
import logging
import threading
from contextlib import suppress
from typing import cast

from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

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
            await wait_for(self.stopping, START_AGAIN_S)

    async def run_jobs(self) -> None:
        connector = cast("DjangoConnector", app.connector).get_worker_connector()
        worker_app = app.with_connector(connector)
        async with worker_app.open_async():
            jobs = asyncio.create_task(
                worker_app.run_worker_async(
                    install_signal_handlers=False, concurrency=2, listen_notify=True
                )
            )
            stop = asyncio.create_task(self.stopping.wait())
            await asyncio.wait({jobs, stop}, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            if not jobs.done():
                jobs.cancel()
            with suppress(asyncio.CancelledError):
                await jobs

    def stop(self) -> None:
        """Let running jobs end, take no others, and wait for that."""
        if self.is_alive():
            self.loop.call_soon_threadsafe(self.stopping.set)
            self.join(STOP_LIMIT_S)


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


def start_worker_thread() -> WorkerThread:
    """Start the worker; it stops when the process ends."""
    thread = WorkerThread()
    thread.start()
    atexit.register(thread.stop)
    return thread
