import pytest

from nexus.api.edge.changes import Changes
from nexus.catalog.models import Movie
from nexus.recommendations.films import STORE
from nexus.recommendations.remembered import FILMS, PEOPLE, Remembered, read_films
from tests.api.edge_caller import unstarted
from tests.builders import make_movie, make_person
from tests.query_count import count_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def changes() -> Changes:
    found = unstarted(hears=True)
    STORE.listen_to(found)
    return found


def title(movie: Movie) -> str:
    return FILMS.find([movie.pk])[movie.pk].title


def rename(movie: Movie, title: str) -> None:
    Movie.objects.filter(pk=movie.pk).update(title=title)


@pytest.mark.usefixtures("changes")
def test_it_works() -> None:
    one, other, ada = make_movie(1), make_movie(2), make_person("Ada")
    FILMS.find([1])
    PEOPLE.find([ada.pk])

    new = count_queries(lambda: FILMS.find([1, 2]))
    told = count_queries(lambda: FILMS.find([2, 1]))

    assert (new, told) == (1, 0)
    assert FILMS.find([2, 1]) == {1: one, 2: other}
    assert PEOPLE.find([ada.pk, 404]) == {ada.pk: "Ada"}


def test_it_asks_again_once_a_change_was_heard(changes: Changes) -> None:
    film = make_movie(1, title="Alien")
    title(film)
    rename(film, "Aliens")
    before = title(film)
    changes.begin_anew()

    after = title(film)

    assert (before, after) == ("Alien", "Aliens")


def test_it_remembers_nothing_while_it_hears_nothing(changes: Changes) -> None:
    film = make_movie(1, title="Alien")
    title(film)
    changes.heard_at = float("-inf")
    rename(film, "Aliens")

    assert title(film) == "Aliens"


@pytest.mark.usefixtures("changes")
def test_it_looks_again_for_what_was_not_there() -> None:
    assert FILMS.find([1]) == {}

    film = make_movie(1)

    assert FILMS.find([1]) == {1: film}


@pytest.mark.usefixtures("changes")
def test_it_begins_anew_when_it_is_full() -> None:
    for id_ in (1, 2, 3):
        make_movie(id_)
    films = Remembered(read_films, most=1)
    films.find([1, 2])

    assert list(films.find([3])) == [3]
    assert count_queries(lambda: films.find([3])) == 0
    assert count_queries(lambda: films.find([1])) == 1
