import pytest
from django.db import IntegrityError

from nexus.catalog.models import Genre
from tests.builders import GENRES, NOW, make_movie
from tests.client import Api
from tests.query_count import count_queries

pytestmark = pytest.mark.usefixtures("genres")


def test_it_works(api: Api) -> None:
    make_movie(genres=[28, 18])
    make_movie(genres=[28])

    answer = api.get("/api/genres/")

    assert answer.status == 200
    assert answer.json == [
        {"id": 28, "name": "Action", "movie_count": 2},
        {"id": 35, "name": "Comedy", "movie_count": 0},
        {"id": 18, "name": "Drama", "movie_count": 1},
        {"id": 27, "name": "Horror", "movie_count": 0},
        {"id": 878, "name": "Science Fiction", "movie_count": 0},
    ]


def test_it_does_not_count_films_that_tmdb_took_back(api: Api) -> None:
    make_movie(genres=[28], removed_at=NOW)

    assert api.get("/api/genres/").json[0]["movie_count"] == 0


def test_it_passes_over_genres_without_a_name(api: Api) -> None:
    make_movie(genres=[424_242])

    assert len(api.get("/api/genres/").json) == len(GENRES)


def test_it_may_be_cached_by_anybody(api: Api) -> None:
    answer = api.get("/api/genres/")

    assert answer.headers["Cache-Control"].startswith("public, max-age=")
    etag = answer.headers["ETag"]
    assert api.get("/api/genres/", headers={"If-None-Match": etag}).status == 304


@pytest.mark.parametrize("rows", [10, 100])
def test_it_asks_the_database_equally_often(api: Api, rows: int) -> None:
    make_movie()
    for_one = count_queries(lambda: api.get("/api/genres/"))
    for _ in range(rows - 1):
        make_movie()

    assert count_queries(lambda: api.get("/api/genres/")) == for_one


def test_a_name_of_two_genres_means_the_first_one(api: Api) -> None:
    Genre.objects.create(id=9000, name="Drama")
    make_movie(title="First", genres=[18])
    make_movie(title="Second", genres=[9000])

    answer = api.get("/api/movies/", genres="Drama")

    assert [movie["title"] for movie in answer.json["results"]] == ["First"]


def test_no_two_genres_share_an_id() -> None:
    with pytest.raises(IntegrityError):
        Genre.objects.create(id=18, name="Tragedy")
