"""What we know of a member, as the engine reads it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.db.models.functions import Coalesce

from nexus import engine
from nexus.accounts.models import User
from nexus.ratings.models import (
    GenrePreference,
    HiddenMovie,
    MoviePreference,
    PersonPreference,
    Rating,
    Viewing,
)


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
    """Read everything in six queries, however much there is."""
    ratings = list(
        Rating.objects.filter(user=user).values_list(
            "movie_id", "half_stars", "updated_at"
        )
    )
    viewings = Viewing.objects.filter(user=user).values_list("movie_id", flat=True)
    genres = GenrePreference.objects.filter(user=user).values_list(
        "genre_id", flat=True
    )
    movies = MoviePreference.objects.filter(user=user).values_list(
        "movie_id", flat=True
    )
    hidden = HiddenMovie.objects.filter(user=user).values_list("movie_id", flat=True)
    taste = engine.Taste(
        rated={movie_id: half_stars / 2 for movie_id, half_stars, _ in ratings},
        genres=frozenset(genres),
        people=declared_people(user),
        movies=frozenset(movies),
        watched=frozenset(viewings),
    )
    rated_at = {movie_id: int(at.timestamp()) for movie_id, _, at in ratings}
    return Member(taste, frozenset(hidden), rated_at)


def declared_people(user: User) -> frozenset[int]:
    """Return the people's ids; an older id stands for the real person's."""
    rows = PersonPreference.objects.filter(user=user)
    return frozenset(
        rows.values_list(Coalesce("person__replaced_by", "person"), flat=True)
    )
