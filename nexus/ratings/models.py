"""What members say of films. Everything here belongs to exactly one member."""

from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from nexus.catalog.models import Genre, Movie, Person

HIDE_REVIEW: Final = "ratings.hide_review"  # a permission, see accounts.roles


class Rating(models.Model):
    """A member's one rating of a film, with its review if there is one."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ratings"
    )
    movie = models.ForeignKey(Movie, on_delete=models.PROTECT, related_name="ratings")
    half_stars = models.PositiveSmallIntegerField()  # 1 to 10
    review = models.TextField(blank=True)
    contains_spoilers = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    hidden_at = models.DateTimeField(
        null=True, blank=True
    )  # its review, by a moderator
    hidden_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        permissions: ClassVar = [("hide_review", "Can hide others' reviews")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "movie"], name="rating_once_per_movie"
            ),
            models.CheckConstraint(
                condition=Q(half_stars__gte=1, half_stars__lte=10),
                name="rating_half_stars_range",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["user", "-updated_at", "-id"], name="rating_of_user_newest"
            ),
            models.Index(
                fields=["movie", "-updated_at", "-id"], name="rating_of_movie_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stars} stars for {self.movie_id} by {self.user_id}"

    @property
    def stars(self) -> float:
        return self.half_stars / 2


class Viewing(models.Model):
    """One entry of the viewing history; a film may be watched again on another day."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="viewings"
    )
    movie = models.ForeignKey(Movie, on_delete=models.PROTECT, related_name="viewings")
    watched_on = models.DateField(null=True, blank=True)  # null: some time
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "movie", "watched_on"],
                name="viewing_once_per_day",
                nulls_distinct=False,
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["user", "-created_at", "-id"], name="viewing_of_user_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.movie_id} watched by {self.user_id}"


class HiddenMovie(models.Model):
    """A film the member never wants recommended."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="hidden_movies"
    )
    movie = models.ForeignKey(Movie, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "movie"], name="hidden_once_per_movie"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["user", "-created_at", "-id"], name="hidden_of_user_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.movie_id} hidden by {self.user_id}"


class SkippedMovie(models.Model):
    """A film the member has not seen, as they said when asked to rate it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="skipped_movies",
    )
    movie = models.ForeignKey(Movie, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "movie"], name="skipped_once_per_movie"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.movie_id} skipped by {self.user_id}"


class GenrePreference(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="genre_preferences",
    )
    genre = models.ForeignKey(
        Genre, on_delete=models.CASCADE, related_name="preferences"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "genre"], name="genre_preference_once"
            ),
        ]

    def __str__(self) -> str:
        return f"genre {self.genre_id} liked by {self.user_id}"


class PersonPreference(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="person_preferences",
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="preferences"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "person"], name="person_preference_once"
            ),
        ]

    def __str__(self) -> str:
        return f"person {self.person_id} liked by {self.user_id}"


class MoviePreference(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="movie_preferences",
    )
    movie = models.ForeignKey(
        Movie, on_delete=models.PROTECT, related_name="preferences"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "movie"], name="movie_preference_once"
            ),
        ]

    def __str__(self) -> str:
        return f"film {self.movie_id} liked by {self.user_id}"


class Said(models.Model):
    """Which version of all that a member says for their taste is the newest.

    Triggers of the tables write another one with every change (migration 0005), as
    part of it. Who has no row changed nothing since there are these triggers.
    """

    user_id = models.BigIntegerField(primary_key=True)
    version = models.UUIDField()

    def __str__(self) -> str:
        return f"what {self.user_id} said: {self.version}"
