"""Names the functions of the product in which requests spend their time."""

import cProfile
import pstats
from collections.abc import Iterator, Sequence

from django.test import Client

from bench.load.wrk import Ask
from nexus.env import PROJECT_DIR

WARM_UP = 20
REQUESTS = 200
SHOWN = 12


def hottest(asks: Sequence[Ask]) -> Iterator[str]:
    """Answer requests in this process, against the running product's database."""
    client, profile = Client(), cProfile.Profile()
    several = [asks[place % len(asks)] for place in range(WARM_UP + REQUESTS)]
    for ask in several[:WARM_UP]:
        send(client, ask)
    profile.enable()
    for ask in several[WARM_UP:]:
        send(client, ask)
    profile.disable()
    found = pstats.Stats(profile).get_stats_profile().func_profiles
    own = sorted(found.items(), key=lambda item: -item[1].tottime)
    for name, one in own[:SHOWN]:
        path = one.file_name.removeprefix(f"{PROJECT_DIR}/")
        place = f"{path.rpartition('site-packages/')[2]}:{one.line_number}"
        each_us = one.tottime / REQUESTS * 1e6
        yield f"{each_us:8.0f} us {one.ncalls:>9}  {name} ({place})"


def send(client: Client, ask: Ask) -> None:
    headers = {"Authorization": f"Bearer {ask.token}"} if ask.token else {}
    client.generic(
        ask.method,
        ask.path,
        ask.body,
        content_type="application/json",
        headers=headers,
    )
