"""One page of a list of films, at a price that does not grow with the catalogue.

A page asks for ids first: the indexes of the orderings hold all that filters look at,
so that films which are passed over are never read. They are counted as far as pages
reach; how many more there are is PostgreSQL's own estimate. See docs/adr/0010.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic, perf_counter
from typing import Any, Final, TypeVar

from nexus.catalog.conditions import Films
from nexus.catalog.models import Movie
from nexus.catalog.rows import (
    Version,
    count_rows,
    estimate,
    read_in_order,
    read_listed,
    read_versions,
)

T = TypeVar("T")

LAST_PAGE: Final = 500
DEAR_S = 0.05  # to count; what took longer is kept for a while
LARGE: Final = 1_000  # so many films took some time, too
KEPT_S: Final = 60.0
COUNTING: Final = tuple(Lock() for _ in range(64))  # one for each count, nearly


class Counts:
    """What was counted, until it is forgotten; what was begun before that, too.

    Nobody changes what is kept: it is no copy, as Django's caches would make it.
    """

    MOST = 2_000

    def __init__(self) -> None:
        self.lock = Lock()
        self.kept: dict[Hashable, tuple[float, Any]] = {}
        self.times_forgotten = 0

    def forget(self) -> None:
        with self.lock:
            self.times_forgotten += 1
            self.kept.clear()

    def find(self, name: Hashable) -> Any:
        """Return what is kept; None where there is none."""
        until_s, found = self.kept.get(name, (0.0, None))
        return found if monotonic() < until_s else None

    def keep(self, name: Hashable, found: object, *, keep_s: float, since: int) -> None:
        with self.lock:
            if since != self.times_forgotten:
                return
            self.kept.pop(name, None)
            self.kept[name] = monotonic() + keep_s, found
            if len(self.kept) > self.MOST:
                del self.kept[next(iter(self.kept))]


COUNTS: Final = Counts()


@dataclass(frozen=True, slots=True)
class Page:
    """`count` films are on all pages."""

    versions: list[Version]
    count: int

    @property
    def movies(self) -> list[Movie]:
        """What lists tell of the films, read by another statement."""
        return read_in_order([id_ for id_, *_ in self.versions])


def read_page(
    films: Films | Sequence[int], *, key: Hashable, page: int, page_size: int
) -> Page:
    """Return one page of the list, which is a query or the films' ids.

    `key` tells this list from any other; equal lists have equal keys at any time.
    """
    start, end = (page - 1) * page_size, page * page_size
    if not isinstance(films, Films):
        return Page(read_versions(films[start:end]), len(films))
    found = read_listed(films.ids(start=start, end=end))
    if is_last(found, start=start, page_size=page_size):
        return Page(found, start + len(found))
    reach = LAST_PAGE * page_size
    count = kept_if_dear((key, reach), lambda: count_films(films, reach=reach))
    return Page(found, count)


def is_last(found: Sequence[Version], *, start: int, page_size: int) -> bool:
    """Say whether the page itself tells how many films there are."""
    return len(found) < page_size and (bool(found) or start == 0)


def kept_if_dear(key: Hashable, count: Callable[[], T], *, keep_s: float = KEPT_S) -> T:
    """Return what was counted, a while ago where it took long or was much.

    Of all who want to know it at once, one counts.
    """
    kept: T | None = COUNTS.find(key)
    if kept is not None:
        return kept
    with COUNTING[hash(key) % len(COUNTING)]:
        kept = COUNTS.find(key)
        if kept is not None:
            return kept
        began, since = perf_counter(), COUNTS.times_forgotten
        found = count()
        if perf_counter() - began > DEAR_S or is_large(found):
            COUNTS.keep(key, found, keep_s=keep_s, since=since)
        return found


def is_large(found: object) -> bool:
    """Say whether nobody minds a film more or less."""
    return isinstance(found, int) and found >= LARGE


def count_films(films: Films, *, reach: int) -> int:
    """Count the films as far as pages reach, and estimate how many more there are."""
    counted = count_rows(films.unordered, most=reach + 1)
    return counted if counted <= reach else max(counted, estimate(films.unordered))
