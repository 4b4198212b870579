"""What we know of a member, as the engine reads it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, LiteralString
from uuid import UUID

from nexus import engine
from nexus.accounts.models import User
from nexus.database.kept import kept_cursor

# A person's older id stands for the real person's. Each feed and score asks this: six
# queries would cost as much as all else that is asked for them, and a row for each film
# several times what an array of all does. The moments are floats: numerics take longer.
SAID: Final[LiteralString] = """
SELECT
  coalesce(array_agg(movie_id), '{}'),
  coalesce(array_agg(half_stars), '{}'),
  coalesce(array_agg(floor(date_part('epoch', updated_at))::bigint), '{}'),
  ARRAY(SELECT movie_id FROM ratings_viewing WHERE user_id = %(user)s),
  ARRAY(SELECT movie_id FROM ratings_hiddenmovie WHERE user_id = %(user)s),
  ARRAY(SELECT genre_id FROM ratings_genrepreference WHERE user_id = %(user)s),
  ARRAY(SELECT movie_id FROM ratings_moviepreference WHERE user_id = %(user)s),
  ARRAY(
    SELECT coalesce(person.replaced_by_id, person.id)
    FROM ratings_personpreference JOIN catalog_person person ON person.id = person_id
    WHERE user_id = %(user)s
  )
FROM ratings_rating WHERE user_id = %(user)s
"""
VERSION: Final[LiteralString] = "SELECT version FROM ratings_said WHERE user_id = %s"


@dataclass(frozen=True)
class Member:
    """`rated_at` tells when each of the rated films was rated last, in seconds."""

    taste: engine.Taste
    hidden: frozenset[int] = frozenset()
    rated_at: Mapping[int, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Return the bytes that it takes, about."""
        said = self.taste
        others = (self.hidden, said.watched, said.genres, said.people, said.movies)
        return 250 * len(said.rated) + 60 * sum(map(len, others))

    @property
    def is_known(self) -> bool:
        """Say whether the member declared anything to go by."""
        return bool(self.taste.genres or self.taste.people or self.taste.movies)

    @property
    def is_stranger(self) -> bool:
        """Say whether nothing is known to go by at all."""
        return not (self.taste.rated or self.is_known)

    @property
    def films(self) -> frozenset[int]:
        """The films that say something of the member's taste."""
        return frozenset(self.taste.rated) | frozenset(self.taste.movies)

    @cached_property
    def history(self) -> engine.History:
        """Return the ratings as a trained model takes them."""
        items = sorted(self.taste.rated)  # so nothing has to look for repeated ones
        return engine.History(
            items=items,
            stars=[self.taste.rated[movie_id] for movie_id in items],
            order=[self.rated_at.get(movie_id, 0) for movie_id in items],
        )

    def without(self, movie_id: int) -> "Member":
        """Return the member as they would be had they not rated the film."""
        return self.with_only(id_ for id_ in self.taste.rated if id_ != movie_id)

    def latest(self, count: int) -> "Member":
        """Return the member with no more than the newest of their ratings."""
        if len(self.taste.rated) <= count:
            return self
        newest = sorted(self.taste.rated, key=self.newest_first)
        return self.with_only(newest[:count])

    def newest_first(self, movie_id: int) -> tuple[int, int]:
        return -self.rated_at.get(movie_id, 0), movie_id

    def with_only(self, movie_ids: Iterable[int]) -> "Member":
        rated = {id_: self.taste.rated[id_] for id_ in movie_ids}
        return replace(self, taste=replace(self.taste, rated=rated))


def read_member(user: User) -> Member:
    """Read everything in one query, however much there is."""
    with kept_cursor() as cursor:
        cursor.execute(SAID, {"user": user.pk})
        row = cursor.fetchone()
    rated, halves, moments, watched, hidden, genres, movies, people = row
    taste = engine.Taste(
        rated={id_: half / 2 for id_, half in zip(rated, halves, strict=True)},
        genres=frozenset(genres),
        people=frozenset(people),
        movies=frozenset(movies),
        watched=frozenset(watched),
    )
    rated_at = dict(zip(rated, moments, strict=True))
    return Member(taste, frozenset(hidden), rated_at)


def version_said(user: User) -> UUID | None:
    """Return which version of what the member said is the newest: see Said.

    Whatever is read of it afterwards is of this version, or of a newer one.
    """
    with kept_cursor() as cursor:
        cursor.execute(VERSION, [user.pk])
        row: tuple[UUID] | None = cursor.fetchone()
    return None if row is None else row[0]
