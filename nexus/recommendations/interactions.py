"""The ratings a model learns from, as arrays: of members present, and from outside.

Read through a server's cursor, some thousands at once, into 21 bytes a rating. Members
have positive numbers, people of outside sources negative ones.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Final, TypeAlias

import numpy as np
from django.db.models import BigIntegerField, F, Func, QuerySet
from numpy.typing import NDArray

from nexus.accounts.models import present
from nexus.engine import learned
from nexus.ratings.models import Rating
from nexus.recommendations.models import OutsideFilm, OutsideRating, Source

# Called with the ratings read and those there are.
Told: TypeAlias = Callable[[int, int], None]
Groups: TypeAlias = dict[int, tuple[str, ...]]
Row: TypeAlias = tuple[int, int, int, int]

AT_ONCE: Final = 20_000
TYPES: Final = (np.int64, np.int32, np.int8, np.int64)


class Seconds(Func):
    """A moment as whole seconds since 1970."""

    template = "extract(epoch FROM %(expressions)s)::bigint"
    output_field = BigIntegerField()


@dataclass(frozen=True, slots=True)
class Interactions:
    """Ratings by person, then film; row k says that people[k] rated films[k].

    people: int64, films: int32, half_stars: int8 (1..10), moments: int64 seconds
    groups: the outside source's genres by film
    """

    people: NDArray[np.int64]
    films: NDArray[np.int32]
    half_stars: NDArray[np.int8]
    moments: NDArray[np.int64]
    groups: Groups

    def __len__(self) -> int:
        return int(self.people.size)

    @property
    def people_count(self) -> int:
        return int(np.unique(self.people).size)

    @property
    def members_count(self) -> int:
        return int(np.unique(self.people[self.people > 0]).size)

    @property
    def films_count(self) -> int:
        return int(np.unique(self.films).size)

    def ratings(self, rows: NDArray[np.bool_]) -> learned.Ratings:
        """Return those that are marked, as the engine takes them."""
        return learned.Ratings(
            users=self.people[rows],
            items=self.films[rows].astype(np.int64),
            stars=self.half_stars[rows] / 2,
            order=self.moments[rows],
        )

    def fingerprint(self, *others: object) -> str:
        """Return a hash of all of it, and of whatever else decides what is learned."""
        found = hashlib.sha256(repr(others).encode())
        for column in (self.people, self.films, self.half_stars, self.moments):
            found.update(column.data)
        found.update(repr(sorted(self.groups.items())).encode())
        return found.hexdigest()


def read_interactions(*, told: Told) -> Interactions:
    """Read everything; equal rows give equal arrays, whatever order they lie in."""
    members, outside = members_ratings(), outside_ratings()
    total = members.count() + outside.count()
    columns = [bytearray() for _ in TYPES]
    # Negative numbers first: ascending by person, as each of the two is.
    rows: Iterator[Row] = chain(read_rows(outside), read_rows(members))
    done = 0
    while block := list(islice(rows, AT_ONCE)):
        append(columns, block)
        done += len(block)
        told(done, max(total, done))
    people, films, half_stars, moments = map(as_array, columns, TYPES)
    return Interactions(people, films, half_stars, moments, read_groups())


def members_ratings() -> QuerySet[Rating, Any]:
    """Return what is to be learned of the members who are here."""
    return (
        Rating.objects.filter(present("user__"))
        .order_by("user_id", "movie_id")
        .values_list("user_id", "movie_id", "half_stars", Seconds("updated_at"))
    )


def outside_ratings() -> QuerySet[OutsideRating, Any]:
    rows = OutsideRating.objects.filter(source=Source.MOVIELENS)
    return rows.order_by("-source_user", "tmdb_id").values_list(
        -F("source_user"), "tmdb_id", "half_stars", Seconds("rated_at")
    )


def read_rows(rows: QuerySet[Any, Any]) -> Iterator[Row]:
    return rows.iterator(chunk_size=AT_ONCE)


def append(columns: Iterable[bytearray], block: list[Row]) -> None:
    fields = zip(*block, strict=True)
    for column, values, kind in zip(columns, fields, TYPES, strict=True):
        column.extend(np.array(values, dtype=kind).tobytes())


def as_array(column: bytearray, kind: type[Any]) -> NDArray[Any]:
    found: NDArray[Any] = np.frombuffer(column, dtype=kind)
    return found


def read_groups() -> Groups:
    films = OutsideFilm.objects.order_by("source", "tmdb_id")
    return {id_: tuple(names) for id_, names in films.values_list("tmdb_id", "genres")}
