"""/user/preferences/"""

from typing import Any

import pytest

from nexus.accounts.models import User
from nexus.ratings.models import GenrePreference, MoviePreference, PersonPreference
from tests.builders import make_movie, make_person
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.tmdb.shapes import people
from tests.tmdb_server import TmdbServer
from tests.together import together

pytestmark = pytest.mark.usefixtures("genres")

PATH = "/api/user/preferences/"
NOTHING: dict[str, Any] = {"genres": [], "people": [], "movies": []}
DRAMA = {"id": 18, "name": "Drama"}


def ids(answer: Answer, kind: str) -> list[int]:
    return [one["id"] for one in answer.json[kind]]


def test_it_works(owner_api: Api) -> None:
    make_movie(603, title="The Matrix")
    make_person("Keanu Reeves", person_id=6384)

    answer = owner_api.post(
        PATH, {"genres": [18, "comedy"], "people": [6384], "movies": [603]}
    )

    assert answer.status == 200
    assert answer.json == {
        "genres": [{"id": 35, "name": "Comedy"}, DRAMA],
        "people": [{"id": 6384, "name": "Keanu Reeves"}],
        "movies": [{"id": 603, "name": "The Matrix"}],
    }
    assert owner_api.get(PATH).json == answer.json


def test_it_is_empty_at_first(owner_api: Api) -> None:
    assert owner_api.get(PATH).json == NOTHING


def test_it_is_part_of_the_profile(owner_api: Api) -> None:
    owner_api.post(PATH, {"genres": [18]})

    profile = owner_api.get("/api/user/profile/")

    assert profile.json["preferences"] == NOTHING | {"genres": [DRAMA]}


def test_post_adds(owner_api: Api) -> None:
    owner_api.post(PATH, {"genres": [18]})

    answer = owner_api.post(PATH, {"genres": [28]})

    assert ids(answer, "genres") == [28, 18]


def test_put_replaces_all(owner_api: Api) -> None:
    make_movie(603)
    owner_api.post(PATH, {"genres": [18], "movies": [603]})

    answer = owner_api.put(PATH, {"genres": [28]})

    assert ids(answer, "genres") == [28]
    assert ids(answer, "movies") == []


def test_patch_replaces_the_given_kinds(owner_api: Api) -> None:
    make_movie(603)
    owner_api.post(PATH, {"genres": [18], "movies": [603]})

    answer = owner_api.patch(PATH, {"genres": [28]})

    assert ids(answer, "genres") == [28]
    assert ids(answer, "movies") == [603]


def test_delete_clears(owner_api: Api) -> None:
    make_movie(603)
    make_person("Keanu Reeves", person_id=6384)
    owner_api.post(PATH, {"genres": [18], "people": [6384], "movies": [603]})

    answer = owner_api.delete(PATH)

    assert answer.status == 204
    assert answer.response.content == b""
    assert owner_api.get(PATH).json == NOTHING


@pytest.mark.parametrize("name", ["Drama", "drama", " DRAMA ", "018", 18])
def test_it_reads_names_and_ids(owner_api: Api, name: object) -> None:
    answer = owner_api.post(PATH, {"genres": [name]})

    assert answer.json["genres"] == [DRAMA]


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_it_takes_duplicates_once(owner_api: Api, method: str) -> None:
    make_movie(603)
    make_person("Keanu Reeves", person_id=6384)
    body = {"genres": [18, "Drama", 18], "people": [6384] * 2, "movies": [603] * 2}
    owner_api.post(PATH, body)

    answer = owner_api.call(method, PATH, body=body)

    assert answer.status == 200
    assert [ids(answer, kind) for kind in body] == [[18], [6384], [603]]


@pytest.mark.usefixtures("tmdb")
@pytest.mark.parametrize("method", ["post", "put", "patch"])
@pytest.mark.parametrize(
    ("kind", "unknown", "code"),
    [
        ("genres", 99, "unknown_genre"),
        ("genres", "Dramatic", "unknown_genre"),
        ("genres", 2**31 - 1, "unknown_genre"),
        ("people", 999_999, "unknown_person"),
        ("people", -5, "unknown_person"),
        ("people", 0, "unknown_person"),
        ("movies", 999_999, "unknown_movie"),
    ],
)
def test_it_names_the_unknown(
    owner_api: Api, method: str, kind: str, unknown: object, code: str
) -> None:
    owner_api.post(PATH, {"genres": [18]})

    answer = owner_api.call(method, PATH, body={"genres": [28]} | {kind: [unknown]})

    assert answer.status == 400
    assert answer.field_code(kind) == code
    assert str(unknown) in answer.json["message"]
    assert ids(owner_api.get(PATH), "genres") == [18]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("genres", "Drama"),
        ("genres", None),
        ("genres", [""]),
        ("genres", [True]),
        ("genres", [None]),
        ("genres", [18.5]),
        ("genres", ["Dra\0ma"]),
        ("genres", ["x" * 51]),
        ("genres", [0]),
        ("genres", [18] * 51),
        ("genres", [{"id": 18}]),
        ("people", ["Keanu Reeves"]),
        ("people", [2**31]),
        ("people", [-(2**31) - 1]),
        ("movies", ["603"]),
        ("movies", [0]),
        ("movies", [-1]),
        ("movies", [True]),
        ("movies", {"603": 603}),
    ],
)
def test_it_refuses_other_shapes(owner_api: Api, kind: str, value: object) -> None:
    answer = owner_api.post(PATH, {kind: value})

    assert answer.status == 400
    assert all(field.startswith(kind) for field in answer.json["errors"])


@pytest.mark.usefixtures("tmdb")
def test_it_stores_what_only_tmdb_knows(owner_api: Api) -> None:
    keanu = people("Keanu Reeves")

    answer = owner_api.post(PATH, {"movies": [603], "people": [keanu]})

    assert answer.json["movies"] == [{"id": 603, "name": "The Matrix"}]
    assert answer.json["people"] == [{"id": keanu, "name": "Keanu Reeves"}]


@pytest.mark.parametrize("body", [{"movies": [603]}, {"people": [1000]}])
def test_it_says_when_tmdb_is_down(
    owner_api: Api, tmdb: TmdbServer, body: dict[str, Any]
) -> None:
    tmdb.fail("503")

    assert owner_api.post(PATH, body).status == 503
    assert owner_api.get(PATH).json == NOTHING


def test_it_takes_the_real_person_for_a_provisional_one(owner_api: Api) -> None:
    real = make_person("Keanu Reeves", person_id=6384)
    provisional = make_person("Keanu Reeves", person_id=-7)
    provisional.replaced_by = real
    provisional.save()

    answer = owner_api.post(PATH, {"people": [-7]})

    assert answer.json["people"] == [{"id": 6384, "name": "Keanu Reeves"}]


def test_it_keeps_a_person_who_turns_out_to_be_another(owner_api: Api) -> None:
    provisional = make_person("Keanu Reeves", person_id=-7)
    owner_api.post(PATH, {"people": [-7]})
    provisional.replaced_by = make_person("Keanu Reeves", person_id=6384)
    provisional.save()

    answer = owner_api.post(PATH, {"people": [6384]})

    assert answer.json["people"] == [{"id": 6384, "name": "Keanu Reeves"}]


def test_it_orders_namesakes(owner_api: Api) -> None:
    for person_id in (9, 7, 8):
        make_person("Chris Smith", person_id=person_id)

    answer = owner_api.post(PATH, {"people": [9, 7, 8]})

    assert ids(answer, "people") == [7, 8, 9]


def test_it_keeps_the_preferences_of_members_apart(
    owner_api: Api, stranger_api: Api
) -> None:
    owner_api.post(PATH, {"genres": [18]})
    stranger_api.delete(PATH)

    assert stranger_api.get(PATH).json == NOTHING
    assert ids(owner_api.get(PATH), "genres") == [18]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_wants_a_member(api: Api, method: str) -> None:
    assert api.get(PATH).status == 401
    assert api.call(method, PATH, body={}).status == 401


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_it_takes_simultaneous_changes_in_any_order(owner: User, method: str) -> None:
    movies = [make_movie(n).pk for n in range(1, 21)]
    persons = [make_person(f"Person {n}").pk for n in range(20)]
    there = {"genres": [18, 28, 35, 878, 27], "people": persons, "movies": movies}
    back = {kind: values[::-1] for kind, values in there.items()}
    apis = [Api(owner) for _ in range(8)]
    calls = [
        lambda api=api, body=body: api.call(method, PATH, body=body)
        for api, body in zip(apis, [there, back] * 4, strict=True)
    ]

    answers = together(*calls)

    assert {answer.status for answer in answers} == {200}
    assert GenrePreference.objects.count() == 5
    assert PersonPreference.objects.count() == 20
    assert MoviePreference.objects.count() == 20


def test_it_asks_the_database_equally_often(owner_api: Api) -> None:
    people = [make_person(f"Person {n}").pk for n in range(100)]
    movies = [make_movie().pk for _ in range(100)]

    def queries_for(n: int) -> int:
        body = {"people": people[:n], "movies": movies[:n]}
        return count_queries(lambda: owner_api.put(PATH, body))

    owner_api.put(PATH, {})  # whatever is read once only
    assert queries_for(1) == queries_for(10) == queries_for(100)


def test_it_does_not_ask_tmdb_for_very_many(owner_api: Api, tmdb: TmdbServer) -> None:
    answer = owner_api.post(PATH, {"movies": list(range(1_000_000, 1_000_021))})

    assert answer.field_code("movies") == "too_many_to_fetch"
    assert not tmdb.calls
