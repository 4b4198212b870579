"""Writes what TMDb told of a film into the tables, in a fixed number of statements."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from nexus.catalog.models import Credit, CreditKind, Genre, Keyword, Movie, Person
from nexus.catalog.titles import grams_of, sort_key
from nexus.tmdb import MovieBrief, MovieDetail

OWNED_BY_TMDB = [
    "title",
    "original_title",
    "original_language",
    "year",
    "release_date",
    "runtime",
    "genres",
    "overview",
    "tagline",
    "status",
    "imdb_id",
    "poster_path",
    "backdrop_path",
    "vote_average",
    "vote_count",
    "popularity",
    "metadata",
    "sort_title",
    "title_grams",
    "fetched_at",
    "removed_at",
    "updated_at",
]


@transaction.atomic
def store_movie(detail: MovieDetail, *, now: datetime) -> Movie:
    """Insert or replace the film; what TMDb left out of its answer stays as it was.

    The film's row is locked by the first statement, so that two imports of one film
    follow each other. People and keywords are written in the order of their ids: imports
    of different films with the same people cannot lock each other out.
    """
    known = [] if "videos" in detail.missing_blocks else ["trailer_key"]
    Movie.objects.bulk_create(
        [movie_from_detail(detail, now=now)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=OWNED_BY_TMDB + known,
    )
    movie = Movie.objects.get(id=detail.tmdb_id)
    genres = sorted(detail.genres, key=lambda genre: genre.tmdb_id)
    Genre.objects.bulk_create(
        [Genre(id=genre.tmdb_id, name=genre.name) for genre in genres],
        ignore_conflicts=True,
    )
    store_credits(movie, detail)
    store_keywords(movie, detail)
    return movie


def movie_from_brief(brief: MovieBrief) -> Movie:
    """Return an unsaved film that holds all a list of TMDb's tells."""
    original_title = brief.original_title or brief.title
    return Movie(
        id=brief.tmdb_id,
        title=brief.title[:500],
        original_title=original_title[:500],
        original_language=brief.original_language,
        year=brief.release_date.year if brief.release_date else None,
        release_date=brief.release_date,
        genres=list(brief.genre_ids),
        overview=brief.overview,
        poster_path=brief.poster_path,
        backdrop_path=brief.backdrop_path,
        vote_average=brief.vote_average,
        vote_count=brief.vote_count,
        popularity=brief.popularity,
        sort_title=sort_key(brief.title)[:500],
        title_grams=grams_of((brief.title, original_title)),
    )


def movie_from_detail(detail: MovieDetail, *, now: datetime) -> Movie:
    movie = movie_from_brief(detail)
    movie.genres = [genre.tmdb_id for genre in detail.genres]
    movie.runtime = detail.runtime
    movie.tagline = detail.tagline
    movie.status = detail.status
    movie.imdb_id = detail.imdb_id
    movie.trailer_key = detail.trailer_key
    movie.metadata = dict(detail.extra)
    movie.fetched_at = now
    movie.updated_at = now
    return movie


def store_credits(movie: Movie, detail: MovieDetail) -> None:
    if detail.cast is None or detail.directors is None:
        return
    people = [
        Person(
            id=person.tmdb_id, name=person.name[:300], profile_path=person.profile_path
        )
        for person in (*detail.directors, *detail.cast)
    ]
    store_people(people)
    old = Credit.objects.filter(movie=movie)
    replace_provisional(old, people)
    old.delete()
    Credit.objects.bulk_create(credits_of(movie, detail))


def store_people(people: Iterable[Person]) -> None:
    by_id = {person.id: person for person in people}
    Person.objects.bulk_create(
        [by_id[id_] for id_ in sorted(by_id)], ignore_conflicts=True
    )


def replace_provisional(old: QuerySet[Credit], people: Iterable[Person]) -> None:
    """Point people known by name only to the real person of that name in this film."""
    names = dict(
        old.filter(person_id__lt=0, person__replaced_by=None).values_list(
            "person__name", "person"
        )
    )
    if not names:
        return
    for person in people:
        if person.name in names:
            Person.objects.filter(id=names[person.name]).update(replaced_by=person.id)


def credits_of(movie: Movie, detail: MovieDetail) -> list[Credit]:
    cast = [
        Credit(
            movie=movie,
            person_id=member.tmdb_id,
            kind=CreditKind.CAST,
            character=member.character and member.character[:500],
            position=position,
        )
        for position, member in enumerate(detail.cast or ())
    ]
    directors = [
        Credit(
            movie=movie,
            person_id=person.tmdb_id,
            kind=CreditKind.DIRECTOR,
            position=position,
        )
        for position, person in enumerate(detail.directors or ())
    ]
    return directors + cast


def store_keywords(movie: Movie, detail: MovieDetail) -> None:
    if detail.keywords is None:
        return
    names = {keyword.tmdb_id: keyword.name[:300] for keyword in detail.keywords}
    Keyword.objects.bulk_create(
        [Keyword(id=id_, name=names[id_]) for id_ in sorted(names)],
        ignore_conflicts=True,
    )
    link = Movie.keywords.through
    link._default_manager.filter(movie_id=movie.id).delete()
    link._default_manager.bulk_create(
        [link(movie_id=movie.id, keyword_id=id_) for id_ in sorted(names)]
    )
