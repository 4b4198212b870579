"""TMDb's lists of films - trending, search, related - each page through the cache."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from nexus.catalog import cache
from nexus.catalog.aside import (
    Answer,
    Freshness,
    Origin,
    look_up,
    refresh,
    refresh_soon,
)
from nexus.catalog.changes import announce
from nexus.catalog.upstream import ask_tmdb, one_limit
from nexus.tmdb import MovieBrief, Page, Tmdb, TmdbNotFound, Window

TMDB_PAGE_SIZE = 20
LAST_PAGE = 500
UNKNOWN_KEEP_S = 600


@dataclass(frozen=True, slots=True)
class Listing:
    freshness: Freshness
    ask: Callable[..., Page]


LISTINGS = {
    "trending": Listing(
        Freshness(timedelta(hours=1), timedelta(days=7)), Tmdb.trending
    ),
    "search": Listing(Freshness(timedelta(hours=1), timedelta(days=1)), Tmdb.search),
    "related": Listing(
        Freshness(timedelta(days=1), timedelta(days=30)), Tmdb.recommendations
    ),
}


@dataclass(frozen=True, slots=True)
class Slice:
    """One page, in the caller's size, of a list that TMDb serves in pages of 20."""

    films: Sequence[MovieBrief]
    count: int


def trending(
    *, window: Window, page: int, page_size: int, now: datetime
) -> Answer[Slice]:
    return take("trending", {"window": window}, page=page, page_size=page_size, now=now)


def search(
    *, query: str, year: int | None, page: int, page_size: int, now: datetime
) -> Answer[Slice]:
    wanted = {"query": " ".join(query.split()), "year": year}
    return take("search", wanted, page=page, page_size=page_size, now=now)


def related(
    *, movie_id: int, page: int, page_size: int, now: datetime
) -> Answer[Slice]:
    return take(
        "related", {"tmdb_id": movie_id}, page=page, page_size=page_size, now=now
    )


@one_limit()
def take(
    name: str, arguments: dict[str, Any], *, page: int, page_size: int, now: datetime
) -> Answer[Slice]:
    """Cut one page of ours out of as many of TMDb's as it spans."""
    start, end = (page - 1) * page_size, page * page_size
    first = min(start // TMDB_PAGE_SIZE + 1, LAST_PAGE)
    answers = [tmdb_page(name, arguments, first, now=now)]
    count = min(answers[0].value.total_results, LAST_PAGE * TMDB_PAGE_SIZE)
    last = ceil(min(end, count) / TMDB_PAGE_SIZE)
    answers += [
        tmdb_page(name, arguments, number, now=now)
        for number in range(first + 1, last + 1)
    ]
    # By place, since a page of TMDb's may hold less than 20 films that can be read.
    films = {
        film.tmdb_id: film
        for number, answer in enumerate(answers, start=first - 1)
        for place, film in enumerate(answer.value.results, number * TMDB_PAGE_SIZE)
        if start <= place < end
    }
    origin = combine([answer.origin for answer in answers])
    return Answer(Slice(list(films.values()), count), origin)


def combine(origins: Sequence[Origin]) -> Origin:
    """Name the least fresh part: what is true of one part is said of the whole."""
    order = {"live": 0, "cache": 1, "stale": 2, "local": 3}
    worst = max(origins, key=lambda origin: order[origin.source])
    fetched = [origin.fetched_at for origin in origins if origin.fetched_at is not None]
    degraded = any(origin.degraded for origin in origins)
    return Origin(worst.source, min(fetched, default=None), degraded=degraded)


def tmdb_page(
    name: str, arguments: dict[str, Any], page: int, *, now: datetime
) -> Answer[Page]:
    wanted = {**arguments, "page": page}
    key = key_of(name, wanted)
    return look_up(
        name,
        key,
        LISTINGS[name].freshness,
        ask=lambda: ask(name, wanted),
        refresh_later=lambda: refresh_soon(
            "refresh_listing", key=key, arguments={"name": name, "wanted": wanted}
        ),
        now=now,
    )


def refresh_page(name: str, wanted: dict[str, Any], *, now: datetime) -> None:
    """Bring one page of a list up to date, or forget it where its film is gone."""
    key = key_of(name, wanted)
    try:
        refresh(key, LISTINGS[name].freshness, ask=lambda: ask(name, wanted), now=now)
    except TmdbNotFound:
        cache.forget(key)
    announce()


def ask(name: str, wanted: dict[str, Any]) -> Page:
    """Ask TMDb, unless it said lately that there is no such list: TmdbNotFound."""
    unknown = f"unknown-list:{key_of(name, wanted)}"
    if told := cache.read(unknown):
        raise TmdbNotFound(told)
    try:
        return ask_tmdb(name, lambda tmdb: LISTINGS[name].ask(tmdb, **wanted))
    except TmdbNotFound as error:
        cache.write(unknown, value=str(error), keep_s=UNKNOWN_KEEP_S)
        raise


def key_of(name: str, wanted: dict[str, Any]) -> str:
    """Return a key of fixed length; what people type never becomes part of it."""
    canonical = json.dumps(wanted, sort_keys=True, ensure_ascii=True)
    return f"{name}:{hashlib.sha256(canonical.encode()).hexdigest()[:32]}"
