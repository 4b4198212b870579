"""What we know of a member, as the engine reads it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, LiteralString, TypeAlias

from django.db import connection

from nexus import engine
from nexus.accounts.models import User

Row: TypeAlias = tuple[str, int, int, int]

# A person's older id stands for the real person's. Each feed and score asks this: six
# queries would cost as much as all else that is asked for them.
SAID: Final[LiteralString] = """
SELECT 'rated', movie_id, half_stars, floor(extract(epoch FROM updated_at))::bigint
FROM ratings_rating WHERE user_id = %(user)s
UNION ALL SELECT 'watched', movie_id, 0, 0
FROM ratings_viewing WHERE user_id = %(user)s
UNION ALL SELECT 'hidden', movie_id, 0, 0
FROM ratings_hiddenmovie WHERE user_id = %(user)s
UNION ALL SELECT 'genre', genre_id, 0, 0
FROM ratings_genrepreference WHERE user_id = %(user)s
UNION ALL SELECT 'movie', movie_id, 0, 0
FROM ratings_moviepreference WHERE user_id = %(user)s
UNION ALL SELECT 'person', coalesce(person.replaced_by_id, person.id), 0, 0
FROM ratings_personpreference JOIN catalog_person person ON person.id = person_id
WHERE user_id = %(user)s
"""


@dataclass(frozen=True, slots=True)
class Member:
    """`rated_at` tells when each of the rated films was rated last, in seconds."""

    taste: engine.Taste
    hidden: frozenset[int] = frozenset()
    rated_at: Mapping[int, int] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Say whether the member declared anything to go by."""
        return bool(self.taste.genres or self.taste.people or self.taste.movies)

    @property
    def films(self) -> frozenset[int]:
        """The films that say something of the member's taste."""
        return frozenset(self.taste.rated) | frozenset(self.taste.movies)

    @property
    def history(self) -> engine.History:
        """Return the ratings as a trained model takes them."""
        rated = self.taste.rated
        return engine.History(
            items=list(rated),
            stars=list(rated.values()),
            order=[self.rated_at.get(movie_id, 0) for movie_id in rated],
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
    with connection.cursor() as cursor:
        cursor.execute(SAID, {"user": user.pk})
        rows: list[Row] = cursor.fetchall()
    ids = defaultdict[str, list[int]](list)
    for kind, id_, *_ in rows:
        ids[kind].append(id_)
    rated = [row for row in rows if row[0] == "rated"]
    taste = engine.Taste(
        rated={movie_id: half_stars / 2 for _, movie_id, half_stars, _ in rated},
        genres=frozenset(ids["genre"]),
        people=frozenset(ids["person"]),
        movies=frozenset(ids["movie"]),
        watched=frozenset(ids["watched"]),
    )
    rated_at = {movie_id: moment for _, movie_id, _, moment in rated}
    return Member(taste, frozenset(ids["hidden"]), rated_at)
