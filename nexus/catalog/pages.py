"""One page of a list of films, at a price that does not grow with the catalogue.

A page asks for ids first: the indexes of the orderings hold all that filters look at,
so that films which are passed over are never read. They are counted as far as pages
reach; how many more there are is PostgreSQL's own estimate. See docs/adr/0010.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, Final, TypeVar

from nexus.catalog.conditions import FilmQuery, Sql
from nexus.catalog.copies import COPIES
from nexus.catalog.rows import Version, count_rows, estimate, read_counted, read_listed

T = TypeVar("T")

LAST_PAGE: Final = 500
DEAR_S = 0.005  # to count; what took longer is kept for a while
LARGE: Final = 1_000  # so many films took some time, too
KEPT_S: Final = 60.0
# Times as many as pages reach: so far off is no estimate of one column's values.
SURE: Final = 4
LEAST_SURE: Final = 20_000  # of fewer, no estimates were compared
ALL_FILMS: Final = Sql("SELECT id FROM catalog_movie")


class Turn:
    """Lets one count at a time, and holds what the last one found."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.last: tuple[Hashable, float, Any] = (None, 0.0, None)

    def find(self, key: Hashable, *, begun_after: float) -> Any:
        """Return what the last one found; None where it began earlier."""
        last_key, began_at, found = self.last
        return found if last_key == key and began_at >= begun_after else None


TURNS: Final = tuple(Turn() for _ in range(64))  # one for each count, nearly


@dataclass(frozen=True, slots=True)
class Page:
    """`count` films are on all pages."""

    versions: list[Version]
    count: int

    @property
    def ids(self) -> list[int]:
        return [id_ for id_, *_ in self.versions]


def read_page(films: FilmQuery, *, key: Hashable, page: int, page_size: int) -> Page:
    """Return one page of the list.

    `key` tells this list from any other; equal lists have equal keys at any time.
    """
    start, end = (page - 1) * page_size, page * page_size
    reach, wide = LAST_PAGE * page_size, False
    if films.is_narrow:
        found, count = read_counted(films, start=start, end=end)
        if count is not None:
            return Page(found, count)
    else:
        wide = is_wide(films, key=key, reach=reach)
        found = read_listed(films, start=start, end=end, is_wide=wide)
    if is_last(found, start=start, page_size=page_size):
        return Page(found, start + len(found))
    if wide and found:  # past the end, it was not wide
        return Page(found, expected(films.unordered, key=key))
    count = kept_if_dear(
        (key, reach),
        lambda: count_films(films, key=key, reach=reach),
        lasts=lambda count: count > reach,  # it is an estimate
    )
    return Page(found, count)


def is_last(found: Sequence[Version], *, start: int, page_size: int) -> bool:
    """Say whether the page itself tells how many films there are."""
    return len(found) < page_size and (bool(found) or start == 0)


def kept_if_dear(
    key: Hashable,
    count: Callable[[], T],
    *,
    keep_s: float = KEPT_S,
    lasts: Callable[[T], bool] = lambda _: False,
) -> T:
    """Return what was counted, a while ago where it took long or was much.

    Of all who want to know it at once, one counts. lasts: says of a count whether it
    may be told after a change
    """
    came_at = monotonic()
    kept: T | None = COPIES.find(key)
    if kept is not None:
        return kept
    turn = TURNS[hash(key) % len(TURNS)]
    with turn.lock:
        # While the catalogue changes nothing is kept, but what was begun after we came
        # is as new as what we would count ourselves: nobody waits for more than two.
        kept = COPIES.find(key)
        if kept is None:
            kept = turn.find(key, begun_after=came_at)
        if kept is not None:
            return kept
        began_at, since = monotonic(), COPIES.times_forgotten
        found = count()
        turn.last = key, began_at, found
        if monotonic() - began_at > DEAR_S or is_large(found):
            COPIES.keep(key, found, keep_s=keep_s, since=since, lasts=lasts(found))
        return found


def is_large(found: object) -> bool:
    """Say whether nobody minds a film more or less."""
    return isinstance(found, int) and found >= LARGE


def count_films(films: FilmQuery, *, key: Hashable, reach: int) -> int:
    """Count the films as far as pages reach, and estimate how many more there are."""
    counted = count_rows(films, most=reach + 1)
    if counted <= reach:
        return counted
    return max(counted, expected(films.unordered, key=key))


def is_wide(films: FilmQuery, *, key: Hashable, reach: int) -> bool:
    """Say whether surely more films pass than pages reach, without counting them.

    Where few would, or there are no more in all, to ask would be a statement too many.
    """
    sure = max(SURE * reach, LEAST_SURE)
    may_be = films.keeps_plan or films.walk is not None
    if not may_be or expected(ALL_FILMS, key="all films") <= sure:
        return False
    return expected(films.unordered, key=key) > sure


def expected(films: Sql, *, key: Hashable) -> int:
    """Return how many there are by PostgreSQL's estimate of the last minute."""
    name = ("expected", key)
    found: int | None = COPIES.find(name)
    if found is None:
        found = estimate(films)
        since = COPIES.times_forgotten
        COPIES.keep(name, found, keep_s=KEPT_S, since=since, lasts=True)
    return found
