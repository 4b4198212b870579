"""The films of the test TMDb, stored without asking it."""

from django.utils import timezone

from nexus.catalog.models import Credit, CreditKind, Genre, Keyword, Movie, Person
from nexus.catalog.title_index import derive_titles
from tests.tmdb.films import FILMS, GENRES, Film
from tests.tmdb.shapes import keywords, people

MATRIX, RELOADED, FIGHT_CLUB, SEVEN = 603, 604, 550, 807
GODFATHER, GODFATHER_2, MEMENTO = 238, 240, 77
FELLOWSHIP, TWO_TOWERS, RETURN_OF_THE_KING = 120, 121, 122
ALIEN, ALIENS, TITANIC, AMELIE, TOY_STORY = 348, 679, 597, 194, 862
COMEDY, ROMANCE, SCIENCE_FICTION = 35, 10749, 878


def fill_shelf() -> None:
    Genre.objects.bulk_create(
        [Genre(id=id_, name=name) for id_, name in GENRES.items()],
        ignore_conflicts=True,
    )
    Movie.objects.bulk_create(
        [movie_of(film, rank=rank) for rank, film in enumerate(FILMS)]
    )
    rows = [row for film in FILMS for row in credits_of(film)]
    Person.objects.bulk_create([row.person for row in rows], ignore_conflicts=True)
    Credit.objects.bulk_create(rows)
    links = [(film.tmdb_id, word) for film in FILMS for word in words_of(film)]
    Keyword.objects.bulk_create(
        [Keyword(id=keywords(word), name=word) for _, word in links],
        ignore_conflicts=True,
    )
    link = Movie.keywords.through
    link._default_manager.bulk_create(
        [link(movie_id=id_, keyword_id=keywords(word)) for id_, word in links]
    )


def movie_of(film: Film, *, rank: int) -> Movie:
    original_title = film.original_title or film.title
    movie = Movie(
        id=film.tmdb_id,
        title=film.title,
        original_title=original_title,
        original_language=film.language,
        year=int(film.released[:4]),
        release_date=film.released,
        runtime=film.runtime,
        genres=list(film.genre_ids),
        vote_average=8.5 - rank / 20,
        vote_count=9_000 - 100 * rank,
        popularity=100.0 - rank,
        fetched_at=timezone.now(),
    )
    derive_titles(movie)
    return movie


def credits_of(film: Film) -> list[Credit]:
    director, *cast = film.people.split("; ")
    return [
        credit(film, director, CreditKind.DIRECTOR, 0),
        *(
            credit(film, who.split(" as ")[0], CreditKind.CAST, place)
            for place, who in enumerate(cast)
        ),
    ]


def credit(film: Film, name: str, kind: CreditKind, place: int) -> Credit:
    person = Person(id=people(name), name=name)
    return Credit(movie_id=film.tmdb_id, person=person, kind=kind, position=place)


def words_of(film: Film) -> list[str]:
    return film.keywords.split(", ")
