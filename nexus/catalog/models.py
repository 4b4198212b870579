"""Our copy of TMDb's films; its ids are the keys of films, genres, people, keywords."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, FloatField, Q
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Cast


class Genre(models.Model):
    """TMDb may rename a genre, or give two the same name: only the id is unique."""

    id = models.IntegerField(primary_key=True)
    name = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """A negative id: known by name only, until TMDb names the real person."""

    id = models.IntegerField(primary_key=True)
    name = models.CharField(max_length=300)
    profile_path = models.CharField(max_length=100, null=True, blank=True)
    replaced_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        indexes: ClassVar = [models.Index(fields=["name"], name="person_name")]

    def __str__(self) -> str:
        return self.name


class Keyword(models.Model):
    id = models.IntegerField(primary_key=True)
    name = models.CharField(max_length=300)

    def __str__(self) -> str:
        return self.name


# Bayesian average of TMDb's votes: every film is granted so many votes of this height.
PRIOR_VOTES = 500
PRIOR_AVERAGE = 6.5


def weighted_average() -> CombinedExpression:
    """Return (C m + R v) / (m + v), which has an index; null without votes."""
    votes = Cast("vote_count", FloatField())
    return (F("vote_average") * votes + PRIOR_AVERAGE * PRIOR_VOTES) / (
        votes + PRIOR_VOTES
    )


def both_ways(name: str, *fields: str) -> list[models.Index]:
    """Index an ordering in both directions.

    Unknown values come last in both: reading one index backwards puts them first.
    """
    down = [F(field).desc(nulls_last=True) for field in fields]
    return [
        models.Index(*down, "id", name=name),
        models.Index(*fields, "id", name=f"{name}_up"),
    ]


class Movie(models.Model):
    """A film. Null means that nobody told us; TMDb's "" and 0 never get here."""

    id = models.IntegerField(primary_key=True)
    title = models.CharField(max_length=500)
    original_title = models.CharField(max_length=500)
    original_language = models.CharField(max_length=10, null=True, blank=True)
    year = models.SmallIntegerField(null=True, blank=True)
    release_date = models.DateField(null=True, blank=True)
    runtime = models.PositiveIntegerField(null=True, blank=True)  # minutes
    genres = models.JSONField(default=list)  # genre ids, in TMDb's order
    overview = models.TextField(null=True, blank=True)
    tagline = models.TextField(null=True, blank=True)
    status = models.CharField(max_length=40, null=True, blank=True)
    imdb_id = models.CharField(max_length=12, null=True, blank=True)
    poster_path = models.CharField(max_length=100, null=True, blank=True)
    backdrop_path = models.CharField(max_length=100, null=True, blank=True)
    trailer_key = models.CharField(max_length=40, null=True, blank=True)  # YouTube's
    vote_average = models.FloatField(null=True, blank=True)  # 0 to 10
    vote_count = models.PositiveIntegerField(null=True, blank=True)
    popularity = models.FloatField(null=True, blank=True)
    metadata = models.JSONField(default=dict)  # the rest of TMDb's answer
    # What TMDb left out of its last answer; an older copy of it may be here still.
    missing_blocks = ArrayField(
        models.CharField(max_length=20), default=list, db_default=[], blank=True
    )
    people = models.ManyToManyField(Person, through="Credit", related_name="movies")
    keywords = models.ManyToManyField(Keyword, related_name="movies")
    # Both derive from the titles, see catalog.titles; kept for the sake of indexes.
    sort_title = models.CharField(max_length=500)
    title_grams = ArrayField(models.CharField(max_length=3), default=list)
    fetched_at = models.DateTimeField(null=True, blank=True)  # null: not from TMDb
    removed_at = models.DateTimeField(null=True, blank=True)  # TMDb no longer knows it
    # Our copy grew too old and was emptied; hidden as a removed one until TMDb answers.
    purged_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id__gt=0), name="movie_id_positive"),
            models.CheckConstraint(
                condition=Q(vote_average__isnull=True)
                | Q(vote_average__gte=0, vote_average__lte=10),
                name="movie_vote_average_range",
            ),
        ]
        indexes: ClassVar = [
            GinIndex(
                fields=["genres"], name="movie_genres", opclasses=["jsonb_path_ops"]
            ),
            GinIndex(fields=["title_grams"], name="movie_title_grams"),
            *both_ways("movie_popularity", "popularity", "vote_count"),
            *both_ways("movie_vote_count", "vote_count"),
            *both_ways("movie_vote_average", "vote_average"),
            *both_ways("movie_release", "year", "release_date"),
            *both_ways("movie_runtime", "runtime"),
            models.Index(
                weighted_average().desc(nulls_last=True),
                "id",
                name="movie_weighted_average",
            ),
            models.Index(fields=["sort_title", "id"], name="movie_sort_title"),
            models.Index(fields=["updated_at"], name="movie_updated"),
            models.Index(fields=["fetched_at"], name="movie_fetched"),
            models.Index(
                fields=["purged_at"],
                name="movie_purged",
                condition=Q(purged_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title


class MovieText(models.Model):
    """What TMDb calls and tells a film in one language of one country.

    Never English of the United States: that is in the film's own columns.
    """

    # The constraint's index begins with the film: it needs none of its own.
    movie = models.ForeignKey(
        Movie, on_delete=models.CASCADE, related_name="texts", db_index=False
    )
    language = models.CharField(max_length=3)  # ISO 639-1: pt
    region = models.CharField(max_length=2)  # ISO 3166-1: BR
    title = models.CharField(max_length=500, null=True, blank=True)
    overview = models.TextField(null=True, blank=True)
    tagline = models.TextField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["movie", "language", "region"],
                name="movie_text_once_per_language",
            ),
            models.CheckConstraint(
                condition=Q(title__isnull=False)
                | Q(overview__isnull=False)
                | Q(tagline__isnull=False),
                name="movie_text_tells_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.movie_id} in {self.tag}"

    @property
    def tag(self) -> str:
        """The language as BCP 47 writes it."""
        return f"{self.language}-{self.region}"


class CreditKind(models.TextChoices):
    CAST = "cast"
    DIRECTOR = "director"


class Credit(models.Model):
    """Who did what in a film; `position` orders the cast, then the directors."""

    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="credits")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="credits")
    kind = models.CharField(max_length=10, choices=CreditKind.choices)
    character = models.CharField(max_length=500, null=True, blank=True)
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["movie", "kind", "person"], name="credit_person_once_per_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.kind} of {self.movie_id}"

    @property
    def real_person_id(self) -> int:
        """The person's id; needs `person` loaded."""
        return self.person.replaced_by_id or self.person_id


class LastRun(models.Model):
    """When a job that runs once a day began for the last time that it succeeded."""

    job = models.CharField(max_length=40, primary_key=True)
    began_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.job} at {self.began_at:%Y-%m-%d %H:%M}"


class TmdbCalls(models.Model):
    """The moments at which TMDb may be asked, the newest last; one row."""

    id = models.SmallIntegerField(primary_key=True)
    given = ArrayField(models.DateTimeField())

    def __str__(self) -> str:
        return f"{len(self.given)} calls"
