"""How rows of a member become rows of a list that they can read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain
from operator import or_
from typing import Any, Final

from django.db.models import Case, F, Model, Q, QuerySet, Value

# Rows are read in portions: a long list needs no more memory than a short one.
PORTION: Final = 2000

# Makes what is told of what is stored and the member's id.
Convert = Callable[[Any, int], object]


def nothing_else(user_id: int) -> Q:
    return Q()


def as_stored(value: object, user_id: int) -> object:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One table. `members` are its paths to members, `also` finds rows without one.

    `columns` maps a name to where its value stands, or to what makes it of others;
    `left_out` maps a field to the reason.
    """

    model: type[Model]
    columns: Mapping[str, str | Value | Case]
    order: tuple[str, ...]
    members: tuple[str, ...] = ("user",)
    also: Callable[[int], Q] = nothing_else
    convert: Mapping[str, Convert] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def rows(self, *, user_id: int) -> Iterator[list[object]]:
        """Yield the values of each row in the order of `columns`, unknown ones as None.

        Takes one query, and never holds all of the rows.
        """
        theirs = (Q((path, user_id)) for path in self.members)
        every: QuerySet[Model] = QuerySet(self.model)
        found = every.filter(reduce(or_, theirs, self.also(user_id)))
        places = (
            F(place) if isinstance(place, str) else place
            for place in self.columns.values()
        )
        convert = [self.convert.get(name, as_stored) for name in self.columns]
        rows = found.order_by(*self.order).values_list(*places)
        for row in rows.iterator(chunk_size=PORTION):
            yield [
                None if value == "" else told(value, user_id)
                for told, value in zip(convert, row, strict=True)
            ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A list of what is held, or, if `is_single`, one thing at most."""

    name: str
    about: str  # what it is, in a few words
    sources: tuple[Source, ...]
    is_single: bool = False

    @property
    def header(self) -> list[str]:
        return list(self.sources[0].columns)

    def rows(self, *, user_id: int) -> Iterator[list[object]]:
        return chain.from_iterable(
            source.rows(user_id=user_id) for source in self.sources
        )
