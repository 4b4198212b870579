from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from nexus.catalog.models import Credit, Movie, Person
from tests.builders import make_movie, make_user
from tests.client import Answer, Api
from tests.tmdb_server import TmdbServer
from tests.together import together

pytestmark = pytest.mark.usefixtures("genres")

OLD = timedelta(days=8)
OBSCURE = 910_002


@pytest.fixture
def obscure(tmdb: TmdbServer) -> Iterator[TmdbServer]:
    """A TMDb that knows one film more."""
    tmdb.add_movie(OBSCURE, "Obscure")
    yield tmdb
    tmdb.movies.pop(OBSCURE, None)


def import_(api: Api, movie_id: object) -> Answer:
    return api.post("/api/tmdb/import/", {"tmdb_id": movie_id})


def test_it_works(owner_api: Api, tmdb: TmdbServer) -> None:
    answer = import_(owner_api, 603)

    assert answer.status == 201
    assert answer.json["title"] == "The Matrix"
    assert [person["name"] for person in answer.json["cast"]] == [
        "Keanu Reeves",
        "Carrie-Anne Moss",
    ]
    assert answer.json["meta"]["source"] == "live"
    assert Movie.objects.get().pk == 603


def test_it_does_not_ask_again_for_a_fresh_film(
    owner_api: Api, tmdb: TmdbServer
) -> None:
    import_(owner_api, 603)

    answer = import_(owner_api, 603)

    assert answer.status == 200
    assert answer.json["title"] == "The Matrix"
    assert tmdb.calls["/movie/603"] == 1


@pytest.mark.parametrize("age", [OLD, None])
def test_it_refreshes_an_old_film(
    owner_api: Api, tmdb: TmdbServer, age: timedelta | None
) -> None:
    make_movie(603, title="Old", fetched_at=age and timezone.now() - age)

    answer = import_(owner_api, 603)

    assert answer.status == 200
    assert answer.json["title"] == "The Matrix"
    assert answer.json["meta"]["source"] == "live"


def test_it_keeps_an_old_film_while_tmdb_is_down(
    owner_api: Api, tmdb: TmdbServer
) -> None:
    make_movie(603, title="Old", fetched_at=timezone.now() - OLD)
    tmdb.fail("503")

    answer = import_(owner_api, 603)

    assert (answer.status, answer.json["title"]) == (200, "Old")
    assert answer.json["meta"]["source"] == "stale"
    assert answer.json["meta"]["degraded"] is True


def test_it_is_for_members(api: Api, tmdb: TmdbServer) -> None:
    assert import_(api, 603).status == 401
    assert not tmdb.asked


def test_it_knows_no_such_film(owner_api: Api, tmdb: TmdbServer) -> None:
    answer = import_(owner_api, 999_999)

    assert (answer.status, answer.code) == (404, "movie_not_found")


def test_it_is_unavailable_while_tmdb_is_down(owner_api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("503")

    answer = import_(owner_api, 603)

    assert (answer.status, answer.code) == (503, "tmdb_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_it_says_that_there_is_no_key(owner_api: Api) -> None:
    answer = import_(owner_api, 603)

    assert (answer.status, answer.code) == (503, "tmdb_not_configured")


def test_it_answers_a_stored_film_without_a_key(owner_api: Api) -> None:
    make_movie(603, fetched_at=None)

    assert import_(owner_api, 603).status == 200


@pytest.mark.parametrize(
    "tmdb_id", [0, -1, 2**31, "603", 1.5, True, None, [603], {"id": 603}]
)
def test_it_refuses(owner_api: Api, tmdb: TmdbServer, tmdb_id: object) -> None:
    answer = import_(owner_api, tmdb_id)

    assert answer.status == 400
    assert "tmdb_id" in answer.json["errors"]
    assert not tmdb.asked


def test_it_does_not_import_what_tmdb_took_back(
    owner_api: Api, obscure: TmdbServer
) -> None:
    make_movie(OBSCURE, title="Obscure", fetched_at=None)
    obscure.remove_movie(OBSCURE)

    answers = [import_(owner_api, OBSCURE) for _ in range(2)]

    assert {(one.status, one.code) for one in answers} == {(404, "movie_not_found")}
    assert obscure.calls[f"/movie/{OBSCURE}"] == 1
    assert Movie.objects.get().removed_at is not None


def test_it_revives_what_tmdb_knows_again(
    owner_api: Api, api: Api, obscure: TmdbServer
) -> None:
    make_movie(OBSCURE, removed_at=timezone.now(), fetched_at=timezone.now() - OLD)

    answer = import_(owner_api, OBSCURE)

    assert (answer.status, answer.json["title"]) == (200, "Obscure")
    assert api.get("/api/movies/").json["count"] == 1


@pytest.mark.django_db(transaction=True)
def test_simultaneous_imports_of_one_film_make_one(tmdb: TmdbServer) -> None:
    api = Api(make_user())

    answers = together(*[partial(import_, api, 603)] * 8)

    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert Movie.objects.count() == 1
    assert Credit.objects.count() == 3
    assert tmdb.calls["/movie/603"] == 1


@pytest.mark.django_db(transaction=True)
def test_simultaneous_imports_of_related_films_do_not_block_each_other(
    tmdb: TmdbServer,
) -> None:
    api = Api(make_user())
    related = [603, 604, 238, 240, 120, 121, 122, 155]

    answers = together(*[partial(import_, api, movie_id) for movie_id in related])

    assert [answer.status for answer in answers] == [201] * 8
    assert Movie.objects.count() == 8
    names = [person.name for person in Person.objects.all()]
    assert len(names) == len(set(names))
