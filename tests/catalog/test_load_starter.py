import pytest

from nexus.catalog.load_starter import load_starter, provisional_id
from nexus.catalog.models import Credit, Genre, Movie, Person
from nexus.catalog.starter import GENRES, read_films
from tests.builders import make_movie
from tests.client import Api
from tests.query_count import count_queries
from tests.together import together

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    films = read_films()

    assert load_starter() == len(films)

    assert Movie.objects.count() == len(films)
    assert Genre.objects.count() == len(GENRES)
    film = films[0]
    movie = Movie.objects.get(id=film.tmdb_id)
    assert (movie.title, movie.year) == (film.title, film.year)
    assert movie.fetched_at is None
    assert {one.person.name for one in movie.credits.all()} == {
        *film.directors,
        *film.cast,
    }


def test_it_may_be_repeated() -> None:
    load_starter()
    credits_ = Credit.objects.count()

    assert load_starter() == 0

    assert Credit.objects.count() == credits_


def test_it_leaves_a_film_alone_that_is_here() -> None:
    film = read_films()[0]
    make_movie(film.tmdb_id, title="Ours")

    load_starter()

    movie = Movie.objects.get(id=film.tmdb_id)
    assert movie.title == "Ours"
    assert not movie.credits.exists()


def test_it_needs_few_statements() -> None:
    assert count_queries(load_starter) < 20


def test_every_name_has_a_number_of_its_own() -> None:
    names = {name for film in read_films() for name in (*film.directors, *film.cast)}

    assert len({provisional_id(name) for name in names}) == len(names)
    assert all(-(2**31) <= provisional_id(name) < 0 for name in names)


def test_its_films_can_be_listed_and_found_by_person(api: Api) -> None:
    load_starter()
    person = Credit.objects.select_related("person").earliest("id").person

    answer = api.get("/api/movies/", person=person.pk)

    assert answer.json["count"] >= 1
    assert answer.json["results"][0]["genres"]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_load_it_once() -> None:
    together(load_starter, load_starter, load_starter)

    films = read_films()
    assert Movie.objects.count() == len(films)
    assert Credit.objects.count() == sum(
        len(film.directors) + len(film.cast) for film in films
    )
    assert not Person.objects.filter(id__gt=0).exists()
