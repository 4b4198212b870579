"""Brings many films in at once, in the part of the budget that is not for people.

Each film is stored by itself, completely or not at all, and one whose copy is fresh is
not asked for: a run that was interrupted is taken up by starting it again.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, Literal, TypeAlias

from django.db import InterfaceError, OperationalError, connections
from django.db.models import Q

from nexus.catalog import flight
from nexus.catalog.expiry import IS_PURGED
from nexus.catalog.models import Movie
from nexus.catalog.operations import FRESH, is_stale, refresh_movie
from nexus.catalog.patience import Interrupted, OutageTooLong, Patience
from nexus.catalog.upstream import a_turn, ask_tmdb, in_background
from nexus.lib.errors import BadUpstreamError, UnavailableError
from nexus.tmdb import Page, Tmdb, TmdbKeyRejected, TmdbNotConfigured, TmdbNotFound

ListName: TypeAlias = Literal["popular", "top_rated", "trending"]
Outcome: TypeAlias = Literal["new", "refreshed", "fresh", "unknown", "failed"]
Clock: TypeAlias = Callable[[], datetime]
# Called with the films done and those there are, from any thread, one at a time.
Told: TypeAlias = Callable[[int, int], None]

LISTS: Final[dict[ListName, Callable[[Tmdb, int], Page]]] = {
    "popular": lambda tmdb, page: tmdb.best("popular", page=page),
    "top_rated": lambda tmdb, page: tmdb.best("top_rated", page=page),
    "trending": lambda tmdb, page: tmdb.trending("week", page=page),
}
PAGE_SIZE: Final = 20
# What ends a run, instead of one film.
STOPS: Final = (
    Interrupted,
    OutageTooLong,
    TmdbKeyRejected,
    TmdbNotConfigured,
    BadUpstreamError,
    UnavailableError,
    InterfaceError,
    OperationalError,
)
AT_ONCE: Final = 4  # a call and its film take a fifth of a second: the whole budget
OTHERS_S: Final = 60.0  # another run that asks for the same film is waited for so long


@dataclass(slots=True)
class Report:
    """What became of the films; `stopped` says why the run ended before its end."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    failures: dict[int, str] = field(default_factory=dict)
    stopped: Exception | None = None

    @property
    def done(self) -> int:
        return self.outcomes.total()

    @property
    def is_complete(self) -> bool:
        return self.stopped is None and not self.failures


class Run:
    """Asks for films in a few threads, and counts what becomes of them."""

    def __init__(
        self, *, patience_s: float, clock: Clock, told: Told, ask_anyway: bool = False
    ) -> None:
        self.patience = Patience(patience_s, is_alive=is_alive)
        self.clock = clock
        self.told = told
        self.ask_anyway = ask_anyway
        self.lock = threading.RLock()  # who is told may stop the run
        self.report = Report()

    def bring_in(self, batches: Iterable[Sequence[int]], *, total: int) -> Report:
        """Bring in the films; whatever stops it is told by the report."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for ids in batches:
                    total = max(total, self.report.done + len(ids))
                    self.bring_in_batch(pool, ids, total=total)
                    if self.report.stopped:
                        break
            except KeyboardInterrupt:
                self.stop(Interrupted())
            except STOPS as error:
                self.stop(error)
        return self.report

    def bring_in_batch(
        self, pool: ThreadPoolExecutor, ids: Sequence[int], *, total: int
    ) -> None:
        left = deque(ids)
        workers = [pool.submit(self.work, left, total) for _ in range(AT_ONCE)]
        try:
            wait(workers)
        except KeyboardInterrupt:
            # What has begun is finished and counted, nothing else is begun.
            self.stop(Interrupted())
        for worker in workers:
            worker.result()

    def stop(self, why: Exception) -> None:
        with self.lock:
            self.report.stopped = self.report.stopped or why
        self.patience.over.set()

    def work(self, left: deque[int], total: int) -> None:
        """Bring in one film after the other, as long as there are any."""
        try:
            with suppress(IndexError):  # none are left
                while not self.patience.over.is_set():
                    self.bring_in_one(left.popleft(), total=total)
        except STOPS as error:
            self.stop(error)
        finally:
            connections.close_all()

    def bring_in_one(self, movie_id: int, *, total: int) -> None:
        try:
            outcome = self.find_or_ask(movie_id)
        except (TmdbKeyRejected, TmdbNotConfigured):
            raise
        except (BadUpstreamError, UnavailableError) as error:
            outcome = "failed"
            self.report.failures[movie_id] = str(error)
        with self.lock:
            self.report.outcomes[outcome] += 1
            self.told(self.report.done, total)

    def find_or_ask(self, movie_id: int) -> Outcome:
        """Of several runs that want a film, one asks for it."""

        def find() -> Outcome | None:
            return "fresh" if self.is_fresh(movie_id) else None

        def once() -> Outcome:
            # The turn first: whoever leads may not sleep until it comes.
            with in_background(), a_turn():
                return flight.once(
                    "movie",
                    f"fill:{movie_id}",  # not people's: they would wait behind this
                    find=find,
                    fetch=lambda _: self.ask(movie_id),
                    patience_s=OTHERS_S,
                )

        found = find()
        return self.patience.ask(once) if found is None else found

    def is_fresh(self, movie_id: int) -> bool:
        if self.ask_anyway:
            return False
        movie = Movie.objects.filter(id=movie_id, removed_at=None).first()
        return movie is not None and not is_stale(movie, now=self.clock())

    def ask(self, movie_id: int) -> Outcome:
        is_held = Movie.objects.filter(id=movie_id).exists()
        try:
            movie = refresh_movie(movie_id=movie_id, now=self.clock())
        except TmdbNotFound:
            return "unknown"
        if movie.removed_at is not None:
            return "unknown"
        return "refreshed" if is_held else "new"


def fill(
    name: ListName, *, pages: int, patience_s: float, clock: Clock, told: Told
) -> Report:
    """Bring in the films of the first pages of a list of TMDb's."""
    run = Run(patience_s=patience_s, clock=clock, told=told)
    batches = batches_of_list(name, pages, run.patience)
    return run.bring_in(batches, total=pages * PAGE_SIZE)


def batches_of_list(
    name: ListName, pages: int, patience: Patience
) -> Iterator[list[int]]:
    """Yield the ids page by page, each once: TMDb's lists move while they are read."""
    seen: set[int] = set()
    for number in range(1, pages + 1):
        page = patience.ask(lambda: ask_for_page(name, number))  # noqa: B023  asked at once
        ids = [film.tmdb_id for film in page.results if film.tmdb_id not in seen]
        seen.update(ids)
        yield ids
        if number >= page.total_pages:
            return


def ask_for_page(name: ListName, number: int) -> Page:
    with in_background():
        return ask_tmdb("list", lambda tmdb: LISTS[name](tmdb, number))


def is_alive() -> bool:
    try:
        with in_background():
            ask_tmdb("configuration", Tmdb.configuration)
    except (BadUpstreamError, UnavailableError):
        return False
    return True


def refresh(
    movie_ids: Sequence[int], *, patience_s: float, clock: Clock, told: Told
) -> Report:
    """Ask for the films again, or, without any, for all whose copy is not fresh."""
    run = Run(patience_s=patience_s, clock=clock, told=told, ask_anyway=bool(movie_ids))
    ids = list(dict.fromkeys(movie_ids)) or stale_ids(now=clock())
    return run.bring_in(in_batches(ids), total=len(ids))


def stale_ids(*, now: datetime) -> list[int]:
    """Return the films that TMDb should be asked for again, tombstones apart."""
    stale = Q(fetched_at=None) | Q(fetched_at__lt=now - FRESH) | ~Q(missing_blocks=[])
    wanted = Q(removed_at=None) | IS_PURGED
    films = Movie.objects.filter(wanted & stale).order_by("id")
    return list(films.values_list("id", flat=True))


def in_batches(ids: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while batch := list(islice(rest, PAGE_SIZE)):
        yield batch
