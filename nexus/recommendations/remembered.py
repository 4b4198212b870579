"""What the database says of films and people, remembered until a change is heard of.

As with feeds told again, nothing is remembered where a change would not be heard.
"""

from collections.abc import Callable, Collection
from typing import Final, Generic, TypeAlias, TypeVar

from nexus.catalog.models import Movie
from nexus.catalog.rows import read_people, read_titles
from nexus.recommendations.films import STORE

MOST: Final = 10_000  # 8 MB of films

T = TypeVar("T")
Read: TypeAlias = Callable[[Collection[int]], dict[int, T]]


class Remembered(Generic[T]):
    """By id; what is not there is not remembered either, but looked for again."""

    def __init__(self, read: Read[T], most: int = MOST) -> None:
        self.read = read
        self.most = most
        self.clear()

    def clear(self) -> None:
        self.as_of: tuple[int | None, dict[int, T]] = (None, {})

    def find(self, ids: Collection[int]) -> dict[int, T]:
        """Return those of them that there are."""
        heard = STORE.heard()
        if heard is None:
            return self.read(ids)
        known = self.known_since(heard)
        if new := [id_ for id_ in ids if id_ not in known]:
            # Who hears of a change begins anew: what is read meanwhile ends up here.
            known.update(self.read(new))
        return {id_: known[id_] for id_ in ids if id_ in known}

    def known_since(self, heard: int) -> dict[int, T]:
        """Return what was read since so many changes had been heard of."""
        since, known = self.as_of
        if since != heard or len(known) > self.most:
            known = {}
            self.as_of = heard, known
        return known


def read_films(ids: Collection[int]) -> dict[int, Movie]:
    return {movie.pk: movie for movie in read_titles(ids)}


# With their titles, and what says whether they may be shown.
FILMS: Final = Remembered(read_films)
PEOPLE: Final = Remembered(read_people)
