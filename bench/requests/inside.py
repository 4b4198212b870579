"""Answers requests in this process, through the application that the server loads.

`bench.requests` starts it in the checkout to be measured: `nexus` is of that one,
`bench` of its own. A line on the standard input says what to do, with which requests
and how many; JSON, as the answer.
"""

import cProfile
import json
import os
import pstats
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import cycle
from typing import Any

from bench.environ import Environ, environ_of

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
sys.path.insert(0, os.getcwd())  # noqa: PTH109  whatever `bench` comes from

from nexus import wsgi
from nexus.recommendations.films import STORE

PASSWORD = "correct-horse-7"  # noqa: S105  of every member made up
MEMBERS = 10
SHOWN = 60
# What the server calls starts what a request needs; older checkouts start it on import.
application = wsgi.serve() if hasattr(wsgi, "serve") else wsgi.application
STORE.changes = None  # where changes are not heard, no feed is told again


def answer(asked: Environ) -> tuple[str, bytes]:
    told: list[Any] = []
    own = asked | {"wsgi.input": BytesIO(asked["wsgi.input"].getvalue())}
    body = application(own, lambda *said: told.extend(said))
    content = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return told[0], content


def sign_in(address: str) -> str:
    sent = {"email": address, "password": PASSWORD}
    asked = environ_of("/api/auth/login/", method="POST", body=json.dumps(sent))
    _, content = answer(asked)
    return str(json.loads(content)["access"])


def collect() -> dict[str, list[Environ]]:
    """Make the requests: of each kind more than a hundred, all different."""
    from django.db.models import F  # noqa: PLC0415

    from nexus.accounts.models import User  # noqa: PLC0415  Django must be ready
    from nexus.catalog.models import Movie  # noqa: PLC0415

    shown = Movie.objects.filter(removed_at=None, fetched_at__isnull=False)
    known = shown.order_by(F("vote_count").desc(nulls_last=True), "id")
    films = list(known.values_list("id", flat=True)[:400])
    members = User.objects.filter(username__startswith="member").order_by("id")
    addresses = members.values_list("email", flat=True)[:MEMBERS]
    tokens = cycle([sign_in(address) for address in addresses])
    genres, stars = (28, 12, 16, 35, 80, 99, 18), cycle((3, 3.5, 4, 4.5, 5))
    return {
        "list": [
            environ_of(f"/api/movies/?genres={genre}&year_min={year}")
            for genre in genres
            for year in range(1970, 2000)
        ],
        "detail": [environ_of(f"/api/movies/{film}/") for film in films],
        "rating": [
            environ_of(
                f"/api/movies/{film}/rating/",
                method="PUT",
                token=next(tokens),
                body=json.dumps({"stars": next(stars)}),
            )
            for film in films
        ],
        "match score": [
            environ_of(f"/api/movies/{film}/match_score/", token=next(tokens))
            for film in films
        ],
        "profile": [
            environ_of("/api/user/profile/", token=next(tokens)) for _ in films
        ],
        "feed": [
            environ_of("/api/user/recommendations/", token=next(tokens)) for _ in films
        ],
        "alive": [environ_of("/healthz")],
    }


def cost(asked: list[Environ], count: int) -> dict[str, Any]:
    """Return microseconds of the processor for each request."""
    several = [asked[place % len(asked)] for place in range(count)]
    began = time.process_time()
    for one in several:
        status, content = answer(one)
        if status[0] != "2":
            raise SystemExit(f"{one['PATH_INFO']}: {status} {content[:300]!r}")
    return {"us": (time.process_time() - began) / count * 1e6}


def profile(asked: list[Environ], count: int) -> dict[str, Any]:
    """Name where the time goes, the functions below included and without them."""
    cost(asked, count)  # what is made on first use
    found = cProfile.Profile(time.process_time)
    found.runcall(cost, asked, count)
    stats = pstats.Stats(found, stream=sys.stderr)
    for order in ("tottime", "cumtime"):
        stats.sort_stats(order).print_stats(SHOWN)
    return {}


WORK: dict[str, Callable[[list[Environ], int], dict[str, Any]]] = {
    "cost": cost,
    "profile": profile,
}


def orders() -> Iterator[tuple[str, str, int]]:
    for line in sys.stdin:
        work, kind, count = json.loads(line)
        yield work, kind, count


def main() -> None:
    asked = collect()
    print(json.dumps(list(asked)), flush=True)
    for work, kind, count in orders():
        print(json.dumps(WORK[work](asked[kind], count)), flush=True)


if __name__ == "__main__":
    main()
