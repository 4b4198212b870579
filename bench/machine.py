"""What the figures were measured on: they mean little without it."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from django.db import connection
from redis import Redis

from nexus.env import PROJECT_DIR

PACKAGES = ("django", "djangorestframework", "granian", "psycopg", "numpy")


def machine(*, valkey_port: int) -> dict[str, str]:
    """Return what there is, by name; PostgreSQL and Valkey have to be running."""
    info = Redis(port=valkey_port).info("server")
    cache = info.get("valkey_version") or info["redis_version"]
    versions = {name: version(name) for name in PACKAGES}
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": said(["git", "describe", "--always", "--dirty"]),
        "processor": f"{len(os.sched_getaffinity(0))} x {processor()}",
        "memory": f"{memory_gib():.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **versions,
        "postgresql": server_version(),
        "cache": f"{info.get('server_name', 'redis')} {cache}",
        "wrk": (said(["wrk", "-v"]).split("\n")[0] + " ? ?").split()[1],
    }


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    found = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    return found[0].strip() if found else platform.machine()


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def server_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def said(words: list[str]) -> str:
    """Return what a program says; nothing where there is no such program."""
    try:
        done = subprocess.run(
            words, cwd=PROJECT_DIR, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()
