"""/profiles/stats/"""

from datetime import date

import pytest

from nexus.accounts.models import User
from nexus.catalog.models import CreditKind
from tests.builders import (
    add_credit,
    make_movie,
    make_person,
    make_playlist,
    make_rating,
    make_viewing,
)
from tests.client import Api
from tests.query_count import count_queries

pytestmark = pytest.mark.usefixtures("genres")

PATH = "/api/profiles/stats/"
HALVES = [f"{half_stars / 2:.1f}" for half_stars in range(1, 11)]


def test_it_works(owner: User, owner_api: Api) -> None:
    heat = make_movie(runtime=170, genres=[28, 18], year=1995)
    alien = make_movie(runtime=117, genres=[878], year=1979)
    make_viewing(owner, heat)
    make_viewing(owner, alien)
    make_rating(owner, heat, stars=4.5, review="Great.")
    make_playlist(owner)

    answer = owner_api.get(PATH)

    assert answer.status == 200
    assert answer.json == {
        "movies_watched": 2,
        "watch_time_minutes": 287,
        "movies_without_runtime": 0,
        "ratings_count": 1,
        "average_rating": 4.5,
        "rating_distribution": dict.fromkeys(HALVES, 0) | {"4.5": 1},
        "top_genres": [
            share(28, "Action", minutes=170, average_rating=4.5),
            share(18, "Drama", minutes=170, average_rating=4.5),
            share(878, "Science Fiction", minutes=117),
        ],
        "top_directors": [],
        "top_actors": [],
        "by_year": [{"year": 1979, "count": 1}, {"year": 1995, "count": 1}],
        "by_decade": [{"decade": 1970, "count": 1}, {"decade": 1990, "count": 1}],
        "reviews_count": 1,
        "playlists_count": 1,
    }


def share(id_: int, name: str, **values: object) -> dict[str, object]:
    return {"id": id_, "name": name, "count": 1, "average_rating": None} | values


def test_it_answers_a_member_who_did_nothing(owner_api: Api) -> None:
    answer = owner_api.get(PATH)

    assert answer.json == {
        "movies_watched": 0,
        "watch_time_minutes": 0,
        "movies_without_runtime": 0,
        "ratings_count": 0,
        "average_rating": None,
        "rating_distribution": dict.fromkeys(HALVES, 0),
        "top_genres": [],
        "top_directors": [],
        "top_actors": [],
        "by_year": [],
        "by_decade": [],
        "reviews_count": 0,
        "playlists_count": 0,
    }


def test_it_counts_a_rewatch_in_minutes_only(owner: User, owner_api: Api) -> None:
    heat = make_movie(runtime=170, genres=[18], year=1995)
    pacino = make_person("Al Pacino")
    add_credit(heat, pacino)
    make_viewing(owner, heat)
    make_viewing(owner, heat, date(2020, 1, 1))
    make_viewing(owner, heat, date(2021, 1, 1))

    found = owner_api.get(PATH).json

    assert found["movies_watched"] == 1
    assert found["watch_time_minutes"] == 510
    assert found["top_genres"] == [share(18, "Drama", minutes=510)]
    assert found["top_actors"] == [share(pacino.pk, "Al Pacino")]
    assert found["by_year"] == [{"year": 1995, "count": 1}]


def test_it_counts_films_of_unknown_length_once(owner: User, owner_api: Api) -> None:
    short = make_movie(runtime=None)
    make_viewing(owner, short)
    make_viewing(owner, short, date(2020, 1, 1))
    make_viewing(owner, make_movie(runtime=90))

    found = owner_api.get(PATH).json

    assert found["movies_without_runtime"] == 1
    assert found["watch_time_minutes"] == 90


def test_it_leaves_out_years_nobody_knows(owner: User, owner_api: Api) -> None:
    make_viewing(owner, make_movie(year=None, release_date=None))

    found = owner_api.get(PATH).json

    assert found["movies_watched"] == 1
    assert found["by_year"] == []
    assert found["by_decade"] == []


def test_it_averages_and_distributes_ratings(owner: User, owner_api: Api) -> None:
    for stars in (0.5, 5, 5):
        make_rating(owner, make_movie(), stars=stars)

    found = owner_api.get(PATH).json

    assert found["average_rating"] == 3.5
    assert list(found["rating_distribution"]) == HALVES
    assert found["rating_distribution"]["0.5"] == 1
    assert found["rating_distribution"]["5.0"] == 2


def test_it_puts_the_most_watched_genre_first(owner: User, owner_api: Api) -> None:
    for genres, stars in (([18], 3), ([18, 35], 4), ([35, 18], 4.5)):
        movie = make_movie(genres=genres)
        make_viewing(owner, movie)
        make_rating(owner, movie, stars=stars)

    found = owner_api.get(PATH).json["top_genres"]

    assert [(one["name"], one["count"]) for one in found] == [
        ("Drama", 3),
        ("Comedy", 2),
    ]
    assert [one["average_rating"] for one in found] == [3.83, 4.25]


@pytest.mark.parametrize(
    ("kind", "field"),
    [(CreditKind.DIRECTOR, "top_directors"), (CreditKind.CAST, "top_actors")],
)
def test_it_puts_the_most_watched_people_first(
    owner: User, owner_api: Api, kind: CreditKind, field: str
) -> None:
    often, once = make_person("Often"), make_person("Once")
    for people, stars in (([often, once], 4), ([often], 2)):
        movie = make_movie()
        make_viewing(owner, movie)
        make_rating(owner, movie, stars=stars)
        for person in people:
            add_credit(movie, person, kind)

    found = owner_api.get(PATH).json

    assert found[field] == [
        share(often.pk, "Often", count=2, average_rating=3),
        share(once.pk, "Once", average_rating=4),
    ]


def test_it_knows_a_person_under_both_ids(owner: User, owner_api: Api) -> None:
    real = make_person("Al Pacino", person_id=1158)
    provisional = make_person("Al Pacino", person_id=-7)
    provisional.replaced_by = real
    provisional.save()
    for person in (real, provisional):
        movie = make_movie()
        add_credit(movie, person)
        make_viewing(owner, movie)

    found = owner_api.get(PATH).json

    assert found["top_actors"] == [share(1158, "Al Pacino", count=2)]


def test_it_names_ten_people_and_genres_at_most(owner: User, owner_api: Api) -> None:
    movie = make_movie()
    make_viewing(owner, movie)
    for n in range(12):
        add_credit(movie, make_person(f"Actor {n:02}"))

    found = owner_api.get(PATH).json["top_actors"]

    assert [one["name"] for one in found] == [f"Actor {n:02}" for n in range(10)]


def test_it_counts_nobody_elses(owner: User, stranger: User, owner_api: Api) -> None:
    movie = make_movie()
    add_credit(movie, make_person("Al Pacino"))
    make_viewing(stranger, movie)
    make_rating(stranger, movie, review="Good.")
    make_playlist(stranger)

    found = owner_api.get(PATH).json

    assert found["movies_watched"] == 0
    assert found["ratings_count"] == 0
    assert found["reviews_count"] == 0
    assert found["playlists_count"] == 0
    assert found["top_actors"] == []


def test_it_wants_a_member(api: Api) -> None:
    assert api.get(PATH).status == 401


def test_it_asks_as_often_for_many_as_for_one(owner: User, owner_api: Api) -> None:
    director = make_person("Agnès Varda")
    counts = []
    for n_more in (1, 9, 90):
        for _ in range(n_more):
            movie = make_movie()
            add_credit(movie, director, CreditKind.DIRECTOR)
            add_credit(movie, make_person("Extra"))
            make_viewing(owner, movie)
            make_rating(owner, movie, review="Good.")
        counts.append(count_queries(lambda: owner_api.get(PATH)))

    assert len(set(counts)) == 1
