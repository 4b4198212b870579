"""Our copy of TMDb's films; its ids are the keys of films, genres, people, keywords."""

from collections.abc import Sequence
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, FloatField, OrderBy, Q
from django.db.models.expressions import Combinable, CombinedExpression
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


# Of common words, a search looks at these films first; they are few.
WELL_KNOWN_VOTES = 50
# Bayesian average of TMDb's votes: every film is granted so many votes of this height.
PRIOR_VOTES = 500
PRIOR_AVERAGE = 6.5


def weighted_average() -> CombinedExpression:
    """Return (C m + R v) / (m + v), which has an index; null without votes."""
    votes = Cast("vote_count", FloatField())
    return (F("vote_average") * votes + PRIOR_AVERAGE * PRIOR_VOTES) / (
        votes + PRIOR_VOTES
    )


# What lists are narrowed by. An ordering's index holds it all, so that a film that is
# passed over costs a look at the index, and not one at its row: a thirtieth.
LOOKED_AT = (
    "year",
    "runtime",
    "vote_average",
    "vote_count",
    "popularity",
    "original_language",
    "genres",
    "fetched_at",
    "purged_at",
)


def list_index(
    name: str, *order: str | Combinable | OrderBy, fields: Sequence[str] = ()
) -> models.Index:
    """Index the films that lists may show, in this order, which is of these fields."""
    return models.Index(
        *order,
        "id",
        name=name,
        include=[field for field in LOOKED_AT if field not in fields],
        condition=Q(removed_at__isnull=True),
    )


def both_ways(name: str, *fields: str) -> list[models.Index]:
    """Index an ordering in both directions.

    Unknown values come last in both: reading one index backwards puts them first.
    """
    down = [F(field).desc(nulls_last=True) for field in fields]
    return [
        list_index(name, *down, fields=fields),
        list_index(f"{name}_up", *fields, fields=fields),
    ]


def search_index(name: str, field: str, condition: Q | None = None) -> GinIndex:
    """Index an array, each new row at once: else every search reads what waits."""
    return GinIndex(fields=[field], name=name, condition=condition, fastupdate=False)


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
    # These derive from the titles, see catalog.titles; kept for the sake of indexes.
    sort_title = models.CharField(max_length=500)
    # Of the English title, the original one and those of all other languages.
    title_keys = ArrayField(models.TextField(), default=list, db_default=[])
    title_words = ArrayField(models.TextField(), default=list, db_default=[])
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
            search_index("movie_title_keys", "title_keys"),
            models.Index(
                fields=["id"], condition=Q(title_keys=[]), name="movie_without_keys"
            ),
            search_index("movie_title_words", "title_words"),
            search_index(
                "movie_title_words_known",
                "title_words",
                condition=Q(vote_count__gte=WELL_KNOWN_VOTES, removed_at__isnull=True),
            ),
            *both_ways("movies_by_popularity", "popularity", "vote_count"),
            *both_ways("movies_by_vote_count", "vote_count"),
            *both_ways("movies_by_vote_average", "vote_average"),
            *both_ways("movies_by_release", "year", "release_date"),
            *both_ways("movies_by_runtime", "runtime"),
            models.Index(
                fields=["sort_title", "id"],
                name="movies_by_title",
                include=[*LOOKED_AT, "removed_at"],  # the administration lists all
            ),
            list_index(
                "movies_by_language",
                "original_language",
                F("popularity").desc(nulls_last=True),
                F("vote_count").desc(nulls_last=True),
                fields=("original_language", "popularity", "vote_count"),
            ),
            list_index(
                "movies_by_weighted_average", weighted_average().desc(nulls_last=True)
            ),
            # Whatever the order of letters of the database, beginnings are found.
            models.Index(
                fields=["sort_title"],
                name="movie_title_beginning",
                opclasses=["varchar_pattern_ops"],
            ),
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


class TitleWord(models.Model):
    """A word of some title; it stays when no title has it any more."""

    word = models.TextField(primary_key=True)
    # Numbers of what is left of its beginning without some letters: titles.remainders.
    remainders = ArrayField(models.IntegerField())

    class Meta:
        indexes: ClassVar = [
            search_index("title_word_remainders", "remainders"),
        ]

    def __str__(self) -> str:
        return self.word


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
