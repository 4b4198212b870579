import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from nexus.accounts.models import Role, User
from nexus.catalog.models import Movie, Person
from tests.builders import add_credit, make_movie, make_person, make_user
from tests.query_count import count_queries
from tests.tmdb_server import TmdbServer


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(make_user(role=Role.ADMIN))
    return client


@pytest.mark.parametrize("noun", ["movie", "genre", "person"])
def test_it_lists_and_searches(operator: Client, noun: str) -> None:
    response = operator.get(f"/admin/catalog/{noun}/", {"q": "matrix"})

    assert response.status_code == 200


def test_it_shows_a_film_with_its_people(operator: Client) -> None:
    movie = make_movie(603, title="The Matrix")
    add_credit(movie, make_person("Keanu Reeves"))

    page = operator.get("/admin/catalog/movie/603/change/").content.decode()

    assert "The Matrix" in page
    assert "Keanu Reeves" in page
    assert 'name="title"' not in page


@pytest.mark.parametrize("noun", ["movie", "genre"])
@pytest.mark.parametrize("action", ["add", "1/delete"])
def test_it_changes_nothing_that_tmdb_owns(
    operator: Client, noun: str, action: str
) -> None:
    make_movie(1)

    response = operator.post(f"/admin/catalog/{noun}/{action}/", {"title": "Mine"})

    assert response.status_code in {302, 403, 404}
    assert Movie.objects.get().title != "Mine"


def test_a_person_known_by_name_only_can_be_replaced(operator: Client) -> None:
    old = make_person("K. Reeves", person_id=-1)
    real = make_person("Keanu Reeves", person_id=6384)

    operator.post("/admin/catalog/person/-1/change/", {"replaced_by": real.pk})

    old.refresh_from_db()
    assert old.replaced_by == real


def test_a_person_of_tmdb_cannot_be_replaced(operator: Client) -> None:
    make_person("Keanu Reeves", person_id=6384)
    make_person("Other", person_id=1)

    response = operator.post("/admin/catalog/person/6384/change/", {"replaced_by": 1})

    assert response.status_code == 403
    assert Person.objects.get(id=6384).replaced_by is None


def test_films_can_be_refreshed(operator: Client, tmdb: TmdbServer) -> None:
    make_movie(603)

    operator.post(
        "/admin/catalog/movie/", {"action": "refresh", "_selected_action": [603]}
    )

    assert ProcrastinateJob.objects.get().args == {"movie_id": 603}


def test_it_is_not_for_members(owner: User) -> None:
    client = Client()
    client.force_login(owner)

    assert client.get("/admin/catalog/movie/").status_code == 302


@pytest.mark.parametrize("rows", [10, 100])
def test_it_asks_the_database_equally_often(operator: Client, rows: int) -> None:
    def ask() -> None:
        assert operator.get("/admin/catalog/person/").status_code == 200

    real = make_person("Real")
    Person.objects.create(id=-1, name="Provisional", replaced_by=real)
    for_one = count_queries(ask)
    for number in range(2, rows + 1):
        Person.objects.create(id=-number, name=f"P {number}", replaced_by=real)

    assert count_queries(ask) == for_one
