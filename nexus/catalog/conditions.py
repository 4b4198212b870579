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
    """

    condition: Sql
    order: str
    is_narrow: bool = False
    keeps_plan: bool = False

    @property
    def unordered(self) -> Sql:
        return Sql(
            f"SELECT id FROM catalog_movie WHERE {self.condition.sql}",  # noqa: S608  all values are parameters
            self.condition.values,
        )

    def first(self, count: int) -> Sql:
        """Return the statement that finds so many: the number is a part of its text.

        PostgreSQL would plan an unknown number as a tenth of all.
        """
        found = self.unordered
        return Sql(f"{found.sql} ORDER BY {self.order} LIMIT {count}", found.values)

    def ids(self, *, start: int, end: int) -> Sql:
        """Return the statement that finds those of one page."""
        found = self.unordered
        return Sql(
            f"{found.sql} ORDER BY {self.order} LIMIT %s OFFSET %s",
            (*found.values, end - start, start),
        )


def joined_by(word: str, conditions: Sequence[Sql]) -> Sql:
    sql = word.join(f"({one.sql})" for one in conditions)
    return Sql(sql, tuple(value for one in conditions for value in one.values))


def all_of(conditions: Sequence[Sql]) -> Sql:
    return joined_by(" AND ", conditions)


def any_of(conditions: Sequence[Sql]) -> Sql:
    return joined_by(" OR ", conditions)
