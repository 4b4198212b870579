"""Writes what TMDb told of a film, in a bounded number of statements."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.db.models import Manager, Model, QuerySet

from nexus.catalog.models import Credit, CreditKind, Genre, Keyword, Movie, Person
from nexus.catalog.titles import fold, grams_of, sort_key
from nexus.tmdb import MovieBrief, MovieDetail

M = TypeVar("M", bound=Model)

MAX_INTEGER = 2**31 - 1
LEADING = 5  # so many of a cast are known well enough to be told by their name
OWNED_BY_TMDB = (
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
    "trailer_key",
    "vote_average",
    "vote_count",
    "popularity",
    "metadata",
    "sort_title",
    "title_grams",
    "fetched_at",
    "removed_at",
    "updated_at",
)


@transaction.atomic
def store_movie(detail: MovieDetail, *, now: datetime) -> Movie:
    """Insert or replace the film; what TMDb left out of its answer stays as it was.

    The film's row is locked by the first statement, so that two imports of one film
    follow each other. All other rows are written in the order of their ids: imports
    of different films with the same people cannot lock each other out.
    """
    kept = untold(detail)
    Movie.objects.bulk_create(
        [movie_from_detail(detail, now=now)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=[name for name in OWNED_BY_TMDB if name not in kept],
    )
    movie = Movie.objects.get(id=detail.tmdb_id)
    if "metadata" in kept:
        movie.metadata |= detail.extra
        movie.save(update_fields=["metadata"])
    genres = [Genre(id=one.tmdb_id, name=one.name[:50]) for one in detail.genres]
    write_changed(Genre.objects, genres, ["name"])
    store_credits(movie, detail)
    store_keywords(movie, detail)
    return movie


def untold(detail: MovieDetail) -> set[str]:
    """Return the fields that may be lacking because TMDb left a block out."""
    fields = set()
    if "videos" in detail.missing_blocks:
        fields.add("trailer_key")
    if "release_dates" in detail.missing_blocks:
        fields.add("metadata")  # holds the certifications
    if "external_ids" in detail.missing_blocks and detail.imdb_id is None:
        fields.add("imdb_id")
    return fields


def movie_from_brief(brief: MovieBrief) -> Movie:
    """Return an unsaved film that holds all a list of TMDb's tells."""
    title = brief.title[:500]
    original_title = (brief.original_title or brief.title)[:500]
    return Movie(
        id=brief.tmdb_id,
        title=title,
        original_title=original_title,
        original_language=fitting(brief.original_language, 10),
        year=brief.release_date.year if brief.release_date else None,
        release_date=brief.release_date,
        genres=list(brief.genre_ids),
        overview=brief.overview,
        poster_path=fitting(brief.poster_path, 100),
        backdrop_path=fitting(brief.backdrop_path, 100),
        vote_average=brief.vote_average,
        vote_count=brief.vote_count,
        popularity=brief.popularity,
        sort_title=sort_key(title)[:500],
        title_grams=grams_of((title, original_title)),
    )


def movie_from_detail(detail: MovieDetail, *, now: datetime) -> Movie:
    movie = movie_from_brief(detail)
    movie.genres = [genre.tmdb_id for genre in detail.genres]
    movie.runtime = detail.runtime if (detail.runtime or 0) <= MAX_INTEGER else None
    movie.tagline = detail.tagline
    movie.status = fitting(detail.status, 40)
    movie.imdb_id = fitting(detail.imdb_id, 12)
    movie.trailer_key = fitting(detail.trailer_key, 40)
    movie.metadata = dict(detail.extra)
    movie.fetched_at = now
    movie.updated_at = now
    return movie


def fitting(code: str | None, longest: int) -> str | None:
    """Return the path or code if the column holds it: one cut short is a wrong one."""
    return code if code is None or len(code) <= longest else None


def write_changed(table: Manager[M], rows: Iterable[M], fields: Sequence[str]) -> None:
    """Insert the rows that are new, update those that differ, in the order of ids."""
    by_id = {row.pk: row for row in rows}
    stored = table.in_bulk(list(by_id))
    changed = [
        row
        for id_, row in sorted(by_id.items())
        if id_ not in stored
        or any(getattr(row, name) != getattr(stored[id_], name) for name in fields)
    ]
    table.bulk_create(
        changed, update_conflicts=True, unique_fields=["id"], update_fields=fields
    )


def store_credits(movie: Movie, detail: MovieDetail) -> None:
    told = {
        kind: credits_
        for kind, credits_ in (
            (CreditKind.DIRECTOR, directors_of(movie, detail)),
            (CreditKind.CAST, cast_of(movie, detail)),
        )
        if credits_ is not None
    }
    new = [credit for credits_ in told.values() for credit in credits_]
    people = [credit.person for credit in new]
    write_changed(Person.objects, people, ["name", "profile_path"])
    old = Credit.objects.filter(movie=movie, kind__in=told)
    replace_provisional(old, new)
    old.delete()
    Credit.objects.bulk_create(new)


def directors_of(movie: Movie, detail: MovieDetail) -> list[Credit] | None:
    if detail.directors is None:
        return None
    return [
        Credit(
            movie=movie,
            person=person_from(director.tmdb_id, director.name, director.profile_path),
            kind=CreditKind.DIRECTOR,
            position=position,
        )
        for position, director in enumerate(detail.directors)
    ]


def cast_of(movie: Movie, detail: MovieDetail) -> list[Credit] | None:
    if detail.cast is None:
        return None
    return [
        Credit(
            movie=movie,
            person=person_from(member.tmdb_id, member.name, member.profile_path),
            kind=CreditKind.CAST,
            character=member.character and member.character[:500],
            position=position,
        )
        for position, member in enumerate(detail.cast)
    ]


def person_from(person_id: int, name: str, profile_path: str | None) -> Person:
    path = fitting(profile_path, 100)
    return Person(id=person_id, name=name[:300], profile_path=path)


def replace_provisional(old: QuerySet[Credit], new: Sequence[Credit]) -> None:
    """Point people known by name only to the real person of that name.

    A namesake in this very film is the same person. Elsewhere only the leading people
    of this one are taken for theirs: it may be somebody else with the same name.
    """
    real = {fold(credit.person.name): credit.person.pk for credit in new}
    leading = {
        credit.person.name: credit.person.pk
        for credit in new
        if credit.kind == CreditKind.DIRECTOR or credit.position < LEADING
    }
    unknown = Person.objects.filter(id__lt=0, replaced_by=None)
    by_name = unknown.filter(name__in=leading).values_list("id", "name")
    replaced = {id_: leading[name] for id_, name in by_name}
    here = unknown.filter(credits__in=old).values_list("id", "name")
    replaced |= {id_: real[fold(name)] for id_, name in here if fold(name) in real}
    for provisional, person_id in sorted(replaced.items()):
        Person.objects.filter(id=provisional).update(replaced_by=person_id)


def store_keywords(movie: Movie, detail: MovieDetail) -> None:
    if detail.keywords is None:
        return
    keywords = [Keyword(id=one.tmdb_id, name=one.name[:300]) for one in detail.keywords]
    write_changed(Keyword.objects, keywords, ["name"])
    movie.keywords.set([keyword.pk for keyword in keywords])
