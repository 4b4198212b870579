"""Writes what TMDb told of a film, in a bounded number of statements."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Manager, Model, QuerySet

from nexus.catalog.models import (
    Credit,
    CreditKind,
    Genre,
    Keyword,
    Movie,
    MovieText,
    Person,
)
from nexus.catalog.title_index import derive_titles, store_words
from nexus.catalog.titles import fold
from nexus.tmdb import Genre as TmdbGenre
from nexus.tmdb import MovieBrief, MovieDetail
from nexus.tmdb.types import MovieText as TmdbText

M = TypeVar("M", bound=Model)

MAX_INTEGER = 2**31 - 1
FILMS = 1_835_626_086  # the class of our advisory locks; any number of our own
LEADING = 5  # so many of a cast are known well enough to be told by their name
# Every language is somebody's, so all are kept; TMDb knows the best known films in some
# sixty. The limits are for what no honest answer holds.
MOST_TEXTS = 100
LONGEST_TEXT = 4_000
IN_MOVIE = ("en", "US")  # told by the film's own columns
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
    "missing_blocks",
    "sort_title",
    "title_keys",
    "title_words",
    "fetched_at",
    "removed_at",
    "purged_at",
    "updated_at",
)


@transaction.atomic
def store_movie(detail: MovieDetail, *, now: datetime) -> Movie:
    """Insert or replace the film; what TMDb left out of its answer stays as it was.

    Two imports of one film follow each other, and one that asked TMDb earlier changes
    nothing of what a later one stored. All other rows are written in the order of their
    ids: imports of different films with the same people cannot lock each other out.
    """
    lock_film(detail.tmdb_id)
    held = Movie.objects.filter(id=detail.tmdb_id).first()
    if held and held.fetched_at and held.fetched_at > now:
        return held
    told = movie_from_detail(detail, now=now)
    if held:
        keep_untold(told, held=held)
    derive_titles(told, titles_told(told, detail))
    Movie.objects.bulk_create(
        [told],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=OWNED_BY_TMDB,
    )
    store_words([told])
    store_genres(detail.genres)
    store_credits(told, detail)
    store_keywords(told, detail)
    store_texts(told, detail)
    return Movie.objects.get(id=detail.tmdb_id)


def lock_film(movie_id: int) -> None:
    """Lock the film until the transaction ends, also one that has no row yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [FILMS, movie_id])


def keep_untold(told: Movie, *, held: Movie) -> None:
    """Fill in what TMDb left out of its answer from the copy that is held.

    What rows of their own hold, people for one, stays by not being written.
    """
    if "videos" in told.missing_blocks:
        told.trailer_key = held.trailer_key
    if "external_ids" in told.missing_blocks:
        told.imdb_id = told.imdb_id or held.imdb_id
    certifications = held.metadata.get("certifications")
    if "release_dates" in told.missing_blocks and certifications is not None:
        told.metadata["certifications"] = certifications


def movie_from_brief(brief: MovieBrief) -> Movie:
    """Return an unsaved film that holds all a list of TMDb's tells.

    What derives from its titles is left out: only rows need it, and it takes long.
    """
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
    movie.missing_blocks = sorted(detail.missing_blocks)
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
        if differs(row, stored.get(id_), fields)
    ]
    table.bulk_create(
        changed, update_conflicts=True, unique_fields=["id"], update_fields=fields
    )


def differs(row: M, stored: M | None, fields: Sequence[str]) -> bool:
    return stored is None or any(
        getattr(row, name) != getattr(stored, name) for name in fields
    )


def store_genres(genres: Iterable[TmdbGenre]) -> None:
    rows = [Genre(id=one.tmdb_id, name=one.name[:50]) for one in genres]
    write_changed(Genre.objects, rows, ["name"])


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
    # Locked in the order of ids first: one statement would take them in any.
    locked = (
        unknown.filter(id__in=replaced).order_by("id").select_for_update(no_key=True)
    )
    people = list(locked)
    for person in people:
        person.replaced_by_id = replaced[person.pk]
    Person.objects.bulk_update(people, ["replaced_by"])


def store_keywords(movie: Movie, detail: MovieDetail) -> None:
    if detail.keywords is None:
        return
    keywords = [Keyword(id=one.tmdb_id, name=one.name[:300]) for one in detail.keywords]
    write_changed(Keyword.objects, keywords, ["name"])
    movie.keywords.set([keyword.pk for keyword in keywords])


def store_texts(movie: Movie, detail: MovieDetail) -> None:
    """Write the texts that are new or differ, and remove those that TMDb removed."""
    if detail.texts is None:
        return
    told = {(row.language, row.region): row for row in texts_of(movie, detail.texts)}
    stored = {(row.language, row.region): row for row in movie.texts.all()}
    gone = [row.pk for key, row in stored.items() if key not in told]
    MovieText.objects.filter(pk__in=gone).delete()
    fields = ("title", "overview", "tagline")
    changed = [
        row for key, row in told.items() if differs(row, stored.get(key), fields)
    ]
    MovieText.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["movie", "language", "region"],
        update_fields=fields,
    )


def titles_told(movie: Movie, detail: MovieDetail) -> list[str]:
    """Return the titles in other languages, those held where TMDb left them out."""
    texts: Iterable[MovieText] = movie.texts.all()
    if detail.texts is not None:
        texts = texts_of(movie, detail.texts)
    return [text.title for text in texts if text.title]


def texts_of(movie: Movie, texts: Sequence[TmdbText]) -> list[MovieText]:
    others = [one for one in texts if (one.language, one.region) != IN_MOVIE]
    return [
        MovieText(
            movie=movie,
            language=one.language,
            region=one.region,
            title=one.title and one.title[:500],
            overview=one.overview and one.overview[:LONGEST_TEXT],
            tagline=one.tagline and one.tagline[:LONGEST_TEXT],
        )
        for one in others[:MOST_TEXTS]
    ]
