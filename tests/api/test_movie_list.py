import pytest

from tests.builders import make_movie
from tests.client import Api

pytestmark = pytest.mark.usefixtures("genres")


def test_it_works(api: Api) -> None:
    movie = make_movie(603, title="The Matrix", genres=[28, 878])

    answer = api.get("/api/movies/")

    assert answer.status == 200
    (found,) = answer.json["results"]
    assert found["id"] == movie.id
    assert found["genres"] == [
        {"id": 28, "name": "Action"},
        {"id": 878, "name": "Science Fiction"},
    ]


@pytest.mark.parametrize("path", ["/api/movies", "/movies/", "/movies"])
def test_it_answers_under_every_spelling(api: Api, path: str) -> None:
    make_movie()

    assert api.get(path).json["count"] == 1


@pytest.mark.parametrize("typed", ["inception", "incpetion", "INCEPTIÓN", "incep"])
def test_it_forgives_typos(api: Api, typed: str) -> None:
    make_movie(title="Inception")
    make_movie(title="Heat")

    answer = api.get("/api/movies/", search=typed)

    assert [movie["title"] for movie in answer.json["results"]] == ["Inception"]


def test_it_refuses_unknown_filters(api: Api) -> None:
    answer = api.get("/api/movies/", colour="blue")

    assert answer.status == 400
    assert answer.field_code("colour") == "unknown_parameter"
