"""GET /user/onboarding/"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog.models import Movie
from nexus.ratings.models import HiddenMovie, SkippedMovie
from nexus.recommendations.films import STORE
from nexus.recommendations.serving import MODELS
from tests.builders import NOW, make_movie, make_rating, make_viewing
from tests.client import Api
from tests.query_count import count_queries
from tests.recommendations.trouble import no_table_of_models

pytestmark = pytest.mark.usefixtures("genres")

PATH = "/api/user/onboarding/"
BEST_KNOWN = list(range(101, 131))


@pytest.fixture
def films() -> list[Movie]:
    """Thirty of one kind, the best known first."""
    return [make_movie(id_, vote_count=100_000 // id_) for id_ in BEST_KNOWN]


def onboarding(api: Api) -> Any:
    answer = api.get(PATH)
    assert answer.status == 200, answer
    return answer.json


def dealt(api: Api) -> list[int]:
    return [card["movie"]["id"] for card in onboarding(api)["cards"]]


def skip(user: User, movie: Movie) -> None:
    SkippedMovie.objects.create(user=user, movie=movie, created_at=NOW)


def hide(user: User, movie: Movie) -> None:
    HiddenMovie.objects.create(user=user, movie=movie, created_at=NOW)


def test_it_works(owner_api: Api, films: list[Movie]) -> None:
    found = onboarding(owner_api)

    cards = found.pop("cards")
    assert [card["position"] for card in cards] == list(range(1, 21))
    assert (
        cards[0]["movie"] == owner_api.get("/api/movies/", ids="101").json["results"][0]
    )
    assert [card["movie"]["id"] for card in cards] == BEST_KNOWN[:20]
    assert found == {"answered": 0, "skipped": 0, "total": 20, "is_complete": False}


def test_a_rating_is_an_answer(owner_api: Api, films: list[Movie]) -> None:
    assert owner_api.put("/api/movies/103/rating/", {"stars": 4}).status == 201

    found = onboarding(owner_api)

    assert (found["answered"], found["skipped"]) == (1, 0)
    assert dealt(owner_api) == [101, 102, *BEST_KNOWN[3:20]]
    assert found["cards"][0]["position"] == 2


def test_a_skip_is_an_answer(owner_api: Api, films: list[Movie]) -> None:
    assert owner_api.post(f"{PATH}skips/", {"movie": 101}).status == 201

    found = onboarding(owner_api)

    assert (found["answered"], found["skipped"]) == (0, 1)
    assert dealt(owner_api) == BEST_KNOWN[1:20]


def test_a_skip_hides_nothing_from_the_feed(
    owner: User, owner_api: Api, films: list[Movie]
) -> None:
    path = "/api/user/recommendations/"
    before = owner_api.get(path, page_size=50).json["results"]

    skip(owner, films[0])

    assert owner_api.get(path, page_size=50).json["results"] == before


def test_what_is_taken_back_is_asked_again(owner_api: Api, films: list[Movie]) -> None:
    before = onboarding(owner_api)
    owner_api.post(f"{PATH}skips/", {"movie": 101})
    owner_api.put("/api/movies/105/rating/", {"stars": 1})

    owner_api.delete(f"{PATH}skips/101/")
    owner_api.delete("/api/movies/105/rating/")

    assert onboarding(owner_api) == before


def test_a_film_that_was_skipped_and_rated_is_answered_once(
    owner: User, owner_api: Api, films: list[Movie]
) -> None:
    skip(owner, films[0])
    make_rating(owner, films[0])

    found = onboarding(owner_api)

    assert (found["answered"], found["skipped"], len(found["cards"])) == (1, 0, 19)


@pytest.mark.parametrize("settle", [make_viewing, hide])
def test_it_asks_about_another_film_instead(
    owner: User, owner_api: Api, films: list[Movie], settle: Any
) -> None:
    settle(owner, films[0])

    found = onboarding(owner_api)

    assert (found["answered"], found["skipped"]) == (0, 0)
    assert dealt(owner_api) == BEST_KNOWN[1:21]


@pytest.mark.parametrize("n_rated", [0, 4, 20])
def test_it_ends(owner: User, owner_api: Api, films: list[Movie], n_rated: int) -> None:
    for movie in films[:n_rated]:
        make_rating(owner, movie)
    for movie in films[n_rated:19]:
        skip(owner, movie)
    assert onboarding(owner_api)["is_complete"] is (n_rated == 20)

    skip(owner, films[19])

    found = onboarding(owner_api)
    assert (found["is_complete"], found["cards"]) == (True, [])


def test_whoever_has_rated_much_is_not_asked(
    owner: User, owner_api: Api, films: list[Movie]
) -> None:
    for movie in films[5:]:
        make_rating(owner, movie)

    found = onboarding(owner_api)

    assert (found["answered"], found["total"]) == (25, 20)
    assert (found["is_complete"], found["cards"]) == (True, [])


def test_it_asks_about_all_there_is(owner: User, owner_api: Api) -> None:
    movies = [make_movie() for _ in range(3)]
    assert len(dealt(owner_api)) == 3

    for movie in movies:
        skip(owner, movie)

    assert onboarding(owner_api)["is_complete"] is True


def test_without_films_there_is_nothing_to_ask(owner_api: Api) -> None:
    assert onboarding(owner_api) == {
        "cards": [],
        "answered": 0,
        "skipped": 0,
        "total": 20,
        "is_complete": True,
    }


def test_it_shows_no_film_that_lists_do_not_show(
    owner_api: Api, films: list[Movie]
) -> None:
    age(101)
    Movie.objects.filter(id=102).update(removed_at=NOW)

    assert dealt(owner_api) == BEST_KNOWN[2:22]


def test_it_brings_no_film_back_that_was_shown_before(
    owner_api: Api, films: list[Movie]
) -> None:
    assert dealt(owner_api) == BEST_KNOWN[:20]
    age(101)

    found = [dealt(owner_api) for _ in range(2)]

    assert found == [BEST_KNOWN[1:21]] * 2


def age(movie_id: int) -> None:
    """Let the copy grow too old; the row does not change by that."""
    fetched_at = timezone.now() - timedelta(days=181)
    Movie.objects.filter(id=movie_id).update(fetched_at=fetched_at)


def test_it_deals_equal_cards_to_all(
    owner_api: Api, stranger: User, stranger_api: Api, films: list[Movie]
) -> None:
    before = onboarding(owner_api)
    assert onboarding(stranger_api) == before

    make_rating(stranger, films[0])
    skip(stranger, films[1])

    assert onboarding(owner_api) == before
    assert dealt(stranger_api) == BEST_KNOWN[2:20]


def test_it_forgets_nothing_with_the_process(
    owner_api: Api, films: list[Movie]
) -> None:
    before = onboarding(owner_api)

    STORE.clear()

    assert onboarding(owner_api) == before


@pytest.mark.django_db(transaction=True)
def test_it_deals_where_no_model_can_be_looked_up(
    owner_api: Api, films: list[Movie]
) -> None:
    before = onboarding(owner_api)
    MODELS.clear()

    with no_table_of_models():
        assert onboarding(owner_api) == before


def test_it_wants_a_member(api: Api) -> None:
    assert api.get(PATH).status == 401


def test_it_takes_no_parameters(owner_api: Api) -> None:
    answer = owner_api.get(PATH, page=2)

    assert (answer.status, answer.field_code("page")) == (400, "unknown_parameter")


def test_it_asks_as_often_for_many_as_for_one(owner: User, owner_api: Api) -> None:
    counts = []
    for n_more in (1, 9):
        for _ in range(n_more):
            make_movie()
            skip(owner, make_movie())
            hide(owner, make_movie())
            make_viewing(owner, make_movie())
        onboarding(owner_api)  # have the process read the films
        MODELS.clear()  # looked for once a second
        counts.append(count_queries(lambda: owner_api.get(PATH)))
        assert len(dealt(owner_api)) == (1 if n_more == 1 else 10)

    assert len(set(counts)) == 1
