"""What we know of a member, as the engine reads it."""

from dataclasses import dataclass

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
    taste: engine.Taste
    hidden: frozenset[int]

    @property
    def is_known(self) -> bool:
        """Say whether the member declared anything to go by."""
        return bool(self.taste.genres or self.taste.people or self.taste.movies)


def read_member(user: User) -> Member:
    """Read everything in six queries, however much there is."""
    ratings = Rating.objects.filter(user=user).values_list("movie_id", "half_stars")
    viewings = Viewing.objects.filter(user=user).values_list("movie_id", flat=True)
    genres = GenrePreference.objects.filter(user=user).values_list(
        "genre_id", flat=True
    )
    movies = MoviePreference.objects.filter(user=user).values_list(
        "movie_id", flat=True
    )
    hidden = HiddenMovie.objects.filter(user=user).values_list("movie_id", flat=True)
    taste = engine.Taste(
        rated={movie_id: half_stars / 2 for movie_id, half_stars in ratings},
        genres=frozenset(genres),
        people=declared_people(user),
        movies=frozenset(movies),
        watched=frozenset(viewings),
    )
    return Member(taste, frozenset(hidden))


def declared_people(user: User) -> frozenset[int]:
    """Return the people's ids; an older id stands for the real person's."""
    rows = PersonPreference.objects.filter(user=user)
    return frozenset(
        rows.values_list(Coalesce("person__replaced_by", "person"), flat=True)
    )
