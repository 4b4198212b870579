"""What lists and searches ask of a film, as SQL that is put together by hand.

To make such a statement anew costs Django several times what PostgreSQL needs to answer
it. Values are never part of the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL about films, or all of a statement, with its values."""

    sql: str
    values: tuple[Any, ...] = ()


NOTHING: Final = Sql("FALSE")


@dataclass(frozen=True, slots=True)
class FilmQuery:
    """The films that pass, in an order; nobody has asked for them yet.

    is_narrow:  whether they are so few that the first are found by reading all
    keeps_plan: whether one way is the best to the first of them, whatever the
    condition's values are: the index of the order, or that of their ids if narrow
    keeps_count: whether one way is the best to count them, whatever those values are
    walk: finds the same films, in this order, along its index and in no other way. It
    is the best one to the first of them if many pass; None where that may be wrong
    """

    condition: Sql
    order: str
    is_narrow: bool = False
    keeps_plan: bool = False
    keeps_count: bool = False
    walk: Sql | None = None

    @property
    def unordered(self) -> Sql:
        return Sql(
            f"SELECT id FROM catalog_movie WHERE {self.condition.sql}",  # noqa: S608  all values are parameters
            self.condition.values,
        )

    @property
    def ordered(self) -> Sql:
        found = self.unordered
        return Sql(f"{found.sql} ORDER BY {self.order}", found.values)

    def first(self, count: int) -> Sql:
        """Return the statement that finds so many: the number is a part of its text.

        PostgreSQL would plan an unknown number as a tenth of all.
        """
        found = self.walk or self.ordered
        return Sql(f"{found.sql} LIMIT {count}", found.values)

    def ids(self, *, start: int, end: int) -> Sql:
        """Return the statement that finds those of one page."""
        found = self.ordered
        return Sql(
            f"{found.sql} LIMIT %s OFFSET %s", (*found.values, end - start, start)
        )


def walked(among: Sql, condition: Sql, *, order: str) -> Sql:
    """Return those `among` which pass, in this order, looked at one after the other.

    PostgreSQL takes no condition into what has an offset, so that no index of its
    columns is another way: the plan is the same whatever the values are.
    """
    return Sql(
        "SELECT id FROM"  # noqa: S608  all values are parameters
        f" (SELECT * FROM catalog_movie WHERE {among.sql} ORDER BY {order} OFFSET 0)"
        f" AS film WHERE {condition.sql}",
        (*among.values, *condition.values),
    )


def joined_by(word: str, conditions: Sequence[Sql]) -> Sql:
    sql = word.join(f"({one.sql})" for one in conditions)
    return Sql(sql, tuple(value for one in conditions for value in one.values))


def all_of(conditions: Sequence[Sql]) -> Sql:
    return joined_by(" AND ", conditions)


def any_of(conditions: Sequence[Sql]) -> Sql:
    return joined_by(" OR ", conditions)
