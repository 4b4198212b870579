"""What the engine learns from besides members' ratings, and what it has learned.

Nobody of an outside source is a member: their ratings train models, and are neither
shown nor counted anywhere.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Source(models.TextChoices):
    MOVIELENS = "movielens"


class OutsideRating(models.Model):
    """Somebody's rating elsewhere; most of these films are not in our catalogue."""

    source = models.CharField(max_length=20, choices=Source.choices)
    source_user = models.PositiveIntegerField()  # the source's own number
    tmdb_id = models.PositiveIntegerField()
    half_stars = models.PositiveSmallIntegerField()  # 1 to 10
    rated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "source_user", "tmdb_id"],
                name="outside_rating_once_per_movie",
            ),
            models.CheckConstraint(
                condition=Q(half_stars__gte=1, half_stars__lte=10),
                name="outside_rating_half_stars_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.half_stars} half-stars for {self.tmdb_id} from {self.source}"


class OutsideFilm(models.Model):
    """What a source itself says of a film: never what TMDb says."""

    source = models.CharField(max_length=20, choices=Source.choices)
    tmdb_id = models.PositiveIntegerField()
    genres = ArrayField(models.TextField())  # the source's own names, sorted

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "tmdb_id"], name="outside_film_once"
            ),
        ]

    def __str__(self) -> str:
        return f"film {self.tmdb_id} of {self.source}"


class TrainedModel(models.Model):
    """One trained model; its arrays are the folder of that name in MODELS_DIR."""

    # The day of the newest rating it has learned from, and its content's hash.
    version = models.CharField(max_length=40, primary_key=True)
    created_at = models.DateTimeField()
    fingerprint = models.CharField(max_length=64)  # of the ratings, seed and settings
    seed = models.BigIntegerField()
    ratings_count = models.PositiveBigIntegerField()
    members_count = models.PositiveIntegerField()
    metrics = models.JSONField()  # on people it has not learned from
    is_active = models.BooleanField(default=False)
    activated_at = models.DateTimeField(null=True, blank=True)  # null: never, or undone

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["is_active"],
                condition=Q(is_active=True),
                name="one_active_model",
            ),
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(activated_at__isnull=False),
                name="active_model_has_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"model {self.version}"
