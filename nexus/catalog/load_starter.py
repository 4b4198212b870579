"""Puts the starter catalogue into the tables."""

import zlib
from collections.abc import Iterable, Iterator

from django.db import transaction

from nexus.catalog.models import Credit, CreditKind, Genre, Movie, Person
from nexus.catalog.starter import GENRES, StarterFilm, read_films
from nexus.catalog.title_index import derive_titles, store_words


@transaction.atomic
def load_starter() -> int:
    """Store the films of the starter catalogue that are not here yet; return how many.

    Where two processes do so at once, the second waits for the first and adds nothing.
    """
    genres = [Genre(id=id_, name=name) for name, id_ in GENRES.items()]
    Genre.objects.bulk_create(
        sorted(genres, key=lambda genre: genre.pk), ignore_conflicts=True
    )
    films = read_films()
    wanted = Movie.objects.filter(id__in=[film.tmdb_id for film in films])
    here = set(wanted.values_list("id", flat=True))
    new = [film for film in films if film.tmdb_id not in here]
    movies = [starter_movie(film) for film in new]
    Movie.objects.bulk_create(movies, ignore_conflicts=True)
    store_words(movies)
    store_starter_credits(new)
    return len(new)


def starter_movie(film: StarterFilm) -> Movie:
    original_title = film.original_title or film.title
    movie = Movie(
        id=film.tmdb_id,
        title=film.title,
        original_title=original_title,
        original_language=film.original_language,
        year=film.year,
        runtime=film.runtime,
        genres=[GENRES[name] for name in film.genres],
        imdb_id=film.imdb_id,
        vote_average=film.vote_average,
        vote_count=film.vote_count,
    )
    derive_titles(movie)
    return movie


def store_starter_credits(films: Iterable[StarterFilm]) -> None:
    rows = [credit for film in films for credit in starter_credits(film)]
    people = {credit.person_id: credit.person for credit in rows}
    Person.objects.bulk_create(
        [people[id_] for id_ in sorted(people)], ignore_conflicts=True
    )
    Credit.objects.bulk_create(rows, ignore_conflicts=True)


def starter_credits(film: StarterFilm) -> Iterator[Credit]:
    for kind, names in (
        (CreditKind.DIRECTOR, film.directors),
        (CreditKind.CAST, film.cast),
    ):
        for place, name in enumerate(names):
            yield Credit(
                movie_id=film.tmdb_id,
                person=Person(id=provisional_id(name), name=name),
                kind=kind,
                position=place,
            )


def provisional_id(name: str) -> int:
    """Return a negative id that is always the same for one name."""
    return -1 - (zlib.crc32(name.encode()) >> 1)
