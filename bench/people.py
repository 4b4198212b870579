"""Made-up members who sign in; what is stored is read past the product."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from json import dumps, loads
from time import monotonic

import numpy as np
from django.db import connection, connections
from django.db.models import Count

from bench.data.films import FIRST_ID
from bench.data.load import MOST_VOTES, PASSWORD
from bench.load.goals import Material
from nexus.accounts.models import User
from nexus.catalog.models import Movie
from nexus.ratings.models import Rating
from nexus.recommendations.models import TrainedModel

TITLES = 20_000  # of well-known films
FIRST_IMPORT = 10_000_000  # numbers of films that the mix brings in
AT_ONCE = 4  # a password costs the product tens of milliseconds


@contextmanager
def database() -> Iterator[None]:
    """Look into the database; nothing stays open when the product is to end."""
    try:
        yield
    finally:
        connections.close_all()


def drop_waiting_jobs() -> None:
    """Leave nothing to do of what a mix asked for: it had a TMDb, which is gone."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE status = 'todo'")


def collect(seed: int) -> Material:
    """Return what requests are made of, but for members."""
    shown = Movie.objects.filter(removed_at=None, fetched_at__isnull=False)
    known = shown.order_by(MOST_VOTES, "id")
    return Material(
        random=np.random.default_rng(seed),
        films=list(shown.order_by("id").values_list("id", flat=True)),
        titles=list(known.values_list("title", flat=True)[:TITLES]),
    )


def fresh_films(count: int) -> list[int]:
    """Return films that were read of TMDb last."""
    newest = Movie.objects.filter(removed_at=None).exclude(fetched_at=None)
    return list(newest.order_by("-fetched_at").values_list("id", flat=True)[:count])


def films_made_up() -> int:
    return Movie.objects.filter(id__range=(FIRST_ID, FIRST_IMPORT - 1)).count()


def sizes() -> dict[str, int]:
    made_up = User.objects.filter(username__startswith="member")
    return {
        "films made up": films_made_up(),
        "ratings": Rating.objects.count(),
        "members": made_up.count(),
        "models": TrainedModel.objects.count(),
    }


def members(count: int, *, ratings: int | None = None) -> list[User]:
    """Return made-up members; of `ratings` those who gave about so many."""
    made_up = User.objects.filter(username__startswith="member")
    if ratings is None:
        return list(made_up.order_by("id")[:count])
    given = Rating.objects.filter(user__in=made_up).values_list("user_id")
    found = given.annotate(count=Count("id")).order_by()
    nearest = sorted(found, key=lambda one: (abs(one[1] - ratings), one[0]))[:count]
    return list(made_up.filter(id__in=[user for user, _ in nearest]).order_by("id"))


def rated_by(member: User) -> list[int]:
    rated = Rating.objects.filter(user=member).order_by("movie_id")
    return list(rated.values_list("movie_id", flat=True))


@dataclass(frozen=True, slots=True)
class Tokens:
    """access: good for ten minutes since `asked_s` of the process's clock"""

    access: str
    refresh: str
    asked_s: float = field(default_factory=monotonic)


def sign_all_in(port: int, who: Sequence[User]) -> list[Tokens]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda one: sign_in(port, one.email), who))


def sign_in(port: int, address: str) -> Tokens:
    return ask_for_tokens(port, "login", {"email": address, "password": PASSWORD})


def renew(port: int, tokens: Tokens) -> Tokens:
    """Do what an app does before its access token is over."""
    return ask_for_tokens(port, "token/refresh", {"refresh": tokens.refresh})


def ask_for_tokens(port: int, how: str, told: dict[str, str]) -> Tokens:
    asked_s = monotonic()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", f"/api/auth/{how}/", dumps(told), headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"no tokens by {how}: {answer.status} {content[:200]!r}")
    found = loads(content)
    return Tokens(found["access"], found["refresh"], asked_s)
