"""The worker beside the web server, for installations on one machine."""

import asyncio
import logging
import threading

from procrastinate.contrib.django import app

logger = logging.getLogger(__name__)


def start_worker_thread() -> threading.Thread:
    thread = threading.Thread(target=work, name="worker", daemon=True)
    thread.start()
    return thread


def work() -> None:
    asyncio.run(run_worker())


async def run_worker() -> None:
    """Run jobs until the process ends; what it leaves unfinished is taken up later."""
    worker_app = app.with_connector(app.connector.get_worker_connector())
    async with worker_app.open_async():
        await worker_app.run_worker_async(
            install_signal_handlers=False, concurrency=2, listen_notify=True
        )
