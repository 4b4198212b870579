"""/user/history/"""

from datetime import UTC, date, datetime, timedelta

import pytest

from nexus.accounts.models import User
from nexus.ratings.models import Viewing
from tests.builders import NOW, make_movie, make_viewing
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.tmdb_server import TmdbServer
from tests.together import together

pytestmark = pytest.mark.usefixtures("genres")

PATH = "/api/user/history/"


def watch(api: Api, day: object = "2020-02-29", movie_id: int = 603) -> Answer:
    return api.post(PATH, {"movie": movie_id, "watched_on": day})


def test_it_works(owner_api: Api) -> None:
    make_movie(603, title="The Matrix")

    added = watch(owner_api, "2020-02-29")

    assert added.status == 201
    assert added.json["movie"]["title"] == "The Matrix"
    assert added.json["watched_on"] == "2020-02-29"
    assert owner_api.get(PATH).json["results"] == [added.json]


def test_it_takes_a_day_once(owner_api: Api) -> None:
    make_movie(603)
    first = watch(owner_api)

    second = watch(owner_api)

    assert second.status == 200
    assert second.json == first.json
    assert Viewing.objects.count() == 1


def test_it_takes_rewatches(owner_api: Api) -> None:
    make_movie(603)

    answers = [watch(owner_api, day) for day in ("2020-02-28", "2020-02-29", None)]

    assert [answer.status for answer in answers] == [201, 201, 201]


def test_it_takes_an_unknown_day_once(owner_api: Api) -> None:
    make_movie(603)

    answers = [owner_api.post(PATH, {"movie": 603}), watch(owner_api, None)]

    assert [answer.status for answer in answers] == [201, 200]
    assert answers[1].json["watched_on"] is None


def test_it_takes_the_same_day_of_two_members(
    owner_api: Api, stranger_api: Api
) -> None:
    make_movie(603)

    assert watch(owner_api).status == 201
    assert watch(stranger_api).status == 201


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_it_takes_todays_of_every_timezone(owner_api: Api, days: int) -> None:
    make_movie(603)
    day = datetime.now(UTC).date() + timedelta(days=days)

    assert watch(owner_api, day.isoformat()).status == 201


def test_it_refuses_days_to_come(owner_api: Api) -> None:
    make_movie(603)
    day = datetime.now(UTC).date() + timedelta(days=3)

    answer = watch(owner_api, day.isoformat())

    assert answer.status == 400
    assert answer.field_code("watched_on") == "future_day"
    assert not Viewing.objects.exists()


@pytest.mark.parametrize(
    "day", ["", "yesterday", "2020-02-30", "2020-02-29T12:00:00Z", 20200229, True, []]
)
def test_it_refuses_what_is_no_day(owner_api: Api, day: object) -> None:
    make_movie(603)

    answer = watch(owner_api, day)

    assert answer.status == 400
    assert answer.field_code("watched_on") == "invalid"


@pytest.mark.usefixtures("tmdb")
def test_it_stores_a_film_that_only_tmdb_knows(owner_api: Api) -> None:
    assert watch(owner_api).json["movie"]["title"] == "The Matrix"


@pytest.mark.usefixtures("tmdb")
def test_it_does_not_find_an_unknown_film(owner_api: Api) -> None:
    answer = watch(owner_api, movie_id=999_999)

    assert answer.status == 404
    assert answer.code == "movie_not_found"


def test_it_says_when_tmdb_is_down(owner_api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("503")

    assert watch(owner_api).status == 503


def test_it_lists_the_newest_entry_first(owner: User, owner_api: Api) -> None:
    for movie_id, age in ((1, 2), (2, 0), (3, 1)):
        at = NOW - timedelta(days=age)
        make_viewing(owner, make_movie(movie_id), created_at=at)

    answer = owner_api.get(PATH)

    assert [one["movie"]["id"] for one in answer.json["results"]] == [2, 3, 1]


def test_it_lists_the_viewings_of_a_film(owner: User, owner_api: Api) -> None:
    matrix = make_movie(603)
    make_viewing(owner, matrix, date(2020, 1, 1))
    make_viewing(owner, matrix, date(2021, 1, 1))
    make_viewing(owner, make_movie())

    answer = owner_api.get(PATH, movie=603)

    assert [one["movie"]["id"] for one in answer.json["results"]] == [603, 603]


def test_it_hides_the_history_of_others(owner: User, stranger_api: Api) -> None:
    make_viewing(owner, make_movie())

    assert stranger_api.get(PATH).json["results"] == []


def test_it_wants_a_member(api: Api) -> None:
    assert api.get(PATH).status == 401
    assert watch(api).status == 401
    assert api.delete(f"{PATH}1/").status == 401


def test_it_removes_an_entry(owner: User, owner_api: Api) -> None:
    entry = make_viewing(owner, make_movie())

    assert owner_api.delete(f"{PATH}{entry.pk}/").status == 204
    assert owner_api.delete(f"{PATH}{entry.pk}/").status == 404
    assert not Viewing.objects.exists()


def test_it_removes_nobody_elses_entry(owner: User, stranger_api: Api) -> None:
    entry = make_viewing(owner, make_movie())

    answer = stranger_api.delete(f"{PATH}{entry.pk}/")

    assert answer.status == 404
    assert answer.code == "viewing_not_found"
    assert Viewing.objects.exists()


def test_it_asks_as_often_for_many_as_for_one(owner: User, owner_api: Api) -> None:
    counts = []
    for n_more in (1, 9, 90):
        for _ in range(n_more):
            make_viewing(owner, make_movie())
        counts.append(count_queries(lambda: owner_api.get(PATH, page_size=100)))

    assert len(set(counts)) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("day", ["2020-02-29", None])
def test_it_takes_a_day_once_under_simultaneous_requests(
    owner: User, day: str | None
) -> None:
    make_movie(603)
    apis = [Api(owner) for _ in range(8)]

    answers = together(*[lambda api=api: watch(api, day) for api in apis])

    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert Viewing.objects.count() == 1
