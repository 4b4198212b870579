"""Asks a product whose server is on another machine, also after that fell silent.

To be run as `unshare -rn python -m tests.database.far_away FOLDER DATABASE`: here is
one machine and, in a namespace of its own, the other. What that sends is lost from some
moment on, as where a cable is pulled: no kernel says a word for it.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import ascii_letters
from time import monotonic
from typing import Any, Final

HERE, THERE = "10.77.0.1", "10.77.0.2"
CALLERS: Final = 16
TIMES: Final = 3


def run(*words: str) -> None:
    subprocess.run(words, check=True)


def start_there(folder: str) -> "subprocess.Popen[str]":
    """Start the other machine; it has its end of the cable once it is known."""
    words = ["unshare", "-n", "sh", "-c", 'read ready; exec "$@"', "sh"]
    relay = [sys.executable, "-m", "tests.database.relay", THERE, folder]
    return subprocess.Popen(
        [*words, *relay], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def connect_cable(there: "subprocess.Popen[str]") -> int:
    """Return the port at which the relay listens."""
    assert there.stdin is not None
    assert there.stdout is not None
    wait_for_namespace(there.pid)
    run(
        "ip",
        "link",
        "add",
        "near",
        "type",
        "veth",
        "peer",
        "far",
        "netns",
        str(there.pid),
    )
    run("ip", "addr", "add", f"{HERE}/24", "dev", "near")
    run("ip", "link", "set", "near", "up")
    run(*at(there), "ip", "addr", "add", f"{THERE}/24", "dev", "far")
    run(*at(there), "ip", "link", "set", "far", "up")
    there.stdin.write("\n")
    there.stdin.flush()
    return int(there.stdout.readline().split()[1])


def wait_for_namespace(pid: int) -> None:
    mine = Path("/proc/self/ns/net").readlink()
    while Path(f"/proc/{pid}/ns/net").readlink() == mine:
        os.sched_yield()


def at(there: "subprocess.Popen[str]") -> list[str]:
    return ["nsenter", "--target", str(there.pid), "--net"]


def fall_silent(there: "subprocess.Popen[str]") -> None:
    run(*at(there), "ip", "route", "add", "blackhole", HERE)


def speak_again(there: "subprocess.Popen[str]") -> None:
    run(*at(there), "ip", "route", "del", "blackhole", HERE)


def start_here(url: str) -> None:
    os.environ |= {"DATABASE_URL": url, "SECRET_KEY": ascii_letters}
    os.environ["RATE_LIMITS"] = "off"
    import nexus.wsgi  # noqa: F401, PLC0415  it reads the settings


def ask(_: int) -> tuple[int, float]:
    """Return the status and how long it took."""
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    began_at = monotonic()
    answer = Client().get("/api/movies/?page_size=1", headers={"Host": "localhost"})
    connection.close()
    return answer.status_code, monotonic() - began_at


def statement_limit() -> str:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        (limit,) = cursor.fetchone()
    connection.close()
    return str(limit)


def ask_all() -> dict[str, Any]:
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(ask, range(CALLERS)))
    statuses, seconds = zip(*answers, strict=True)
    return {"statuses": sorted(set(statuses)), "seconds": sorted(seconds)}


def main(folder: str, database: str) -> None:
    there = start_there(folder)
    try:
        port = connect_cable(there)
        start_here(f"postgresql://nexus@{THERE}:{port}/{database}")
        limit = statement_limit()
        told = [ask_all()]
        fall_silent(there)
        told += [ask_all() for _ in range(TIMES)]
        speak_again(there)
        give_up_at = monotonic() + 60
        while (last := ask_all())["statuses"] != [200]:
            assert monotonic() < give_up_at
        told.append(last)
    finally:
        there.kill()
    sys.stdout.write(json.dumps({"limit": limit, "rounds": told}))


if __name__ == "__main__":
    main(*sys.argv[1:])
