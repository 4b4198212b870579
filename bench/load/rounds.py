"""Asks the limit and the product in turns, goal by goal."""

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from time import perf_counter

from bench.load.goals import PERSONAL, RATED_FILMS, Goal, Material, Member
from bench.load.profile import profile_of
from bench.load.results import Result, Turns, line_of, summed_up, unanswered
from bench.load.servers import Limit, Product, size_of
from bench.load.wrk import Ask, Load, put_under_load
from bench.people import database, members, rated_by, sign_all_in

MEMBERS = 16
WARM_UP_S = 2.0
WRITTEN_BYTES = 300  # an answer to a rating is about so long


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """results: of all goals so far"""

    wanted: argparse.Namespace
    material: Material
    limit: Limit
    results: list[Result] = field(default_factory=list)
    profiles: dict[str, str] = field(default_factory=dict)

    def measure(self, goal: Goal, product: Product) -> None:
        material = self.material
        if goal in PERSONAL:
            material = replace(material, members=signed_in(product))
        asks = goal.asks(material)
        try:
            first_s = first_answers(product.port, asks)
        except OSError as error:
            print(f"{goal.name}: no first answer: {error}", flush=True)
            result = unanswered(goal)
        else:
            result = self.under_load(goal, asks, product, first_s=first_s)
        self.results.append(result)
        print(line_of(result), flush=True)
        if self.wanted.profile and not result.is_met:
            self.profiles[goal.name] = profile_of(asks, product.variables)

    def under_load(
        self, goal: Goal, asks: Sequence[Ask], product: Product, *, first_s: float
    ) -> Result:
        """Ask both in turns, the limit only where it is compared with."""
        turns = Turns(first_s)
        constant = self.constant(asks, product) if goal.share is not None else []
        if goal.is_kept:
            # Everything that can be kept is asked for, of each process.
            self.load(product.port, asks, seconds=WARM_UP_S)
        for _ in range(self.wanted.rounds):
            if constant:
                began_s = self.limit.cpu_s()
                turns.limits.append(self.load(self.limit.port, constant))
                spent_s = self.limit.cpu_s() - began_s
                turns.limit_us.append(spent_s * 1e6 / max(1, turns.limits[-1].requests))
            before = product.cpu()
            load = self.load(product.port, asks)
            turns.loads.append(load)
            turns.spent.append(product.cpu().since(before, requests=load.requests))
        return summed_up(goal, turns, self.results)

    def load(
        self, port: int, asks: Sequence[Ask], *, seconds: float | None = None
    ) -> Load:
        wanted = self.wanted
        return put_under_load(
            port,
            asks,
            connections=wanted.connections,
            seconds=wanted.seconds if seconds is None else seconds,
        )

    def constant(self, asks: Sequence[Ask], product: Product) -> list[Ask]:
        """Ask the limit for as many bytes as the product answers, in the same way."""
        first, size = asks[0], WRITTEN_BYTES
        if first.method == "GET":
            size = size_of(product.port, first.path, token=first.token)
        return [replace(ask, path=f"/{size}") for ask in asks[:8]]


def first_answers(port: int, asks: Sequence[Ask]) -> float:
    """Ask for the first few at once, so that every process reads what it needs.

    Returns the seconds of the slowest.
    """
    reads = [ask for ask in asks if ask.method == "GET"][:MEMBERS]

    def seconds(ask: Ask) -> float:
        began = perf_counter()
        size_of(port, ask.path, token=ask.token)
        return perf_counter() - began

    with ThreadPoolExecutor(MEMBERS) as pool:
        return max(pool.map(seconds, reads), default=0.0)


def signed_in(product: Product) -> list[Member]:
    """Return members with about as many ratings as a goal says; tokens do not last."""
    with database():
        chosen = members(MEMBERS, ratings=RATED_FILMS)
        rated = [rated_by(one) for one in chosen]
    tokens = [one.access for one in sign_all_in(product.port, chosen)]
    return [Member(token, films) for token, films in zip(tokens, rated, strict=True)]
