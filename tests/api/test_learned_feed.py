"""The feed while a trained model is served."""

import logging
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog.models import Genre, Movie
from nexus.ratings.models import GenrePreference, HiddenMovie, PersonPreference
from nexus.recommendations.models import TrainedModel
from nexus.recommendations.serving import MODELS
from tests.builders import add_credit, make_movie, make_person, make_rating
from tests.client import Api
from tests.query_count import count_queries
from tests.recommendations.cinema import (
    EVEN,
    ODD,
    UNKNOWN,
    forget_model,
    look_up_once,
    movie,
)
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.usefixtures("version")
ALL = {*EVEN, *ODD, UNKNOWN}


def feed(api: Api, **params: Any) -> dict[str, Any]:
    answer = api.get("/api/user/recommendations/", **params)
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json
    return found


def listed(api: Api, **params: Any) -> list[int]:
    found = feed(api, **{"page_size": 100} | params)
    return [pick["movie"]["id"] for pick in found["results"]]


def rate(api: Api, movie_id: int, stars: float) -> None:
    answer = api.post("/api/ratings/", {"movie": movie_id, "stars": stars})
    assert answer.status == 201, answer


def rate_all(user: User, stars_by_id: dict[int, float]) -> None:
    for movie_id, stars in stars_by_id.items():
        make_rating(user, movie(movie_id), stars=stars)


def like_even(user: User) -> None:
    rate_all(user, dict.fromkeys(EVEN[:3], 5.0) | dict.fromkeys(ODD[:3], 1.0))


def share_of_even(ids: list[int]) -> float:
    return sum(id_ in EVEN for id_ in ids) / len(ids)


def test_it_works(owner: User, owner_api: Api, version: str) -> None:
    like_even(owner)

    found = feed(owner_api, page_size=10)

    assert found["meta"]["recommender"] == "personal"
    assert found["meta"]["model_version"] == version
    assert found["meta"]["degraded"] is False
    assert found["count"] == len(ALL) - 6
    assert [pick["rank"] for pick in found["results"]] == list(range(1, 11))
    assert share_of_even([pick["movie"]["id"] for pick in found["results"]]) == 1


def test_it_learns_from_each_rating(owner_api: Api) -> None:
    lists = [listed(owner_api)]
    for even, odd in zip(EVEN[:3], ODD[:3], strict=True):
        for movie_id, stars in ((even, 5), (odd, 1)):
            rate(owner_api, movie_id, stars)
            lists.append(listed(owner_api))

    for before, after in pairwise(lists):
        assert [id_ for id_ in before if id_ in after] != after
    assert share_of_even(lists[0][:10]) <= 0.6
    assert share_of_even(lists[-1][:10]) == 1


def test_it_turns_with_a_changed_rating(owner: User, owner_api: Api) -> None:
    like_even(owner)
    before = listed(owner_api)
    for movie_id, stars in ((EVEN[0], 1), (EVEN[1], 1), (ODD[0], 5), (ODD[1], 5)):
        owner_api.put(f"/api/movies/{movie_id}/rating/", {"stars": stars})

    after = listed(owner_api)

    assert share_of_even(after[:10]) < share_of_even(before[:10])


def test_it_forgets_a_deleted_rating(owner: User, owner_api: Api) -> None:
    like_even(owner)
    before = feed(owner_api)
    rate(owner_api, EVEN[5], 1)
    assert feed(owner_api) != before

    owner_api.delete(f"/api/movies/{EVEN[5]}/rating/")

    assert feed(owner_api) == before


def test_a_hidden_film_is_gone_at_once(owner: User, owner_api: Api) -> None:
    like_even(owner)
    first = listed(owner_api)[0]
    HiddenMovie.objects.create(
        user=owner, movie=movie(first), created_at=timezone.now()
    )

    assert first not in listed(owner_api)
    assert first not in listed(owner_api, include_watched="true")


def test_a_declared_person_lifts_a_film(owner: User, owner_api: Api) -> None:
    like_even(owner)
    film, actor = EVEN[10], make_person("Ada Actor")
    add_credit(movie(film), actor)
    before = listed(owner_api)
    PersonPreference.objects.create(user=owner, person=actor)

    found = feed(owner_api, page_size=100)["results"]

    ids = [pick["movie"]["id"] for pick in found]
    assert ids.index(film) < before.index(film)
    texts = [one["text"] for one in found[ids.index(film)]["reasons"]]
    assert texts[-1] == "You said that you like Ada Actor."


@pytest.mark.parametrize("genre", [35, 878])  # one that the model has a name for
def test_a_declared_genre_lifts_its_films(
    owner: User, owner_api: Api, genre: int
) -> None:
    like_even(owner)
    films = [film for film in EVEN[10:20] if film not in EVEN[:3]]
    for film in films:
        one = movie(film)
        one.genres = [genre]
        one.updated_at = timezone.now()
        one.save()
    before = listed(owner_api)
    GenrePreference.objects.create(user=owner, genre=Genre.objects.get(id=genre))

    after = listed(owner_api)

    assert after != before
    assert sum(map(after.index, films)) <= sum(map(before.index, films))


def test_a_film_that_nobody_rated_is_listed(owner: User, owner_api: Api) -> None:
    like_even(owner)

    assert UNKNOWN in listed(owner_api)


def test_a_film_that_nobody_rated_comes_where_the_rules_put_it(
    owner: User, owner_api: Api
) -> None:
    like_even(owner)
    actor = make_person("Ada Actor")
    PersonPreference.objects.create(user=owner, person=actor)
    good = make_movie(2002, vote_average=9.5, vote_count=20_000)
    bad = make_movie(2003, vote_average=2.0, vote_count=20_000)
    add_credit(good, actor)

    ids = listed(owner_api)

    assert ids.index(2002) < 5
    assert ids[-1] == bad.pk


def test_the_score_of_such_a_film_is_unsure(owner: User, owner_api: Api) -> None:
    like_even(owner)

    found = owner_api.get(f"/api/movies/{UNKNOWN}/match_score/").json
    picks = feed(owner_api, page_size=100)["results"]

    assert found["model_version"] == "rules-1"
    assert found["confidence"] == "low"
    assert found["interval"][1] - found["interval"][0] >= 50
    pick = next(pick for pick in picks if pick["movie"]["id"] == UNKNOWN)
    assert pick["match_score"] == found["match_score"]


def test_it_agrees_with_the_match_score(owner: User, owner_api: Api) -> None:
    like_even(owner)

    for pick in feed(owner_api, page_size=100)["results"]:
        path = f"/api/movies/{pick['movie']['id']}/match_score/"
        assert owner_api.get(path).json["match_score"] == pick["match_score"]


def test_it_gives_equal_lists_for_equal_input(owner: User, owner_api: Api) -> None:
    like_even(owner)

    first = feed(owner_api, page_size=100)
    MODELS.clear()

    assert feed(owner_api, page_size=100) == first


def test_it_filters(owner: User, owner_api: Api) -> None:
    like_even(owner)

    assert set(listed(owner_api, ids="1010,1011,2001")) == {1010, 1011, 2001}
    assert listed(owner_api, year=1900) == []


def test_it_lists_known_films_by_their_stars_if_asked(
    owner: User, owner_api: Api
) -> None:
    like_even(owner)

    ids = listed(owner_api, include_watched="true")

    assert set(ids) == ALL
    assert set(ids[:4]) > set(EVEN[:3])
    assert set(ids[-5:]) > set(ODD[:3])


def test_it_digs_for_the_less_known(owner: User, owner_api: Api) -> None:
    like_even(owner)

    known = [
        feed(owner_api, novelty=share, page_size=6)["meta"]["popularity"]
        for share in (0, 0.5, 1)
    ]

    assert known[0] > known[2]


def test_it_diversifies(owner: User, owner_api: Api) -> None:
    like_even(owner)
    for n in range(1012, 1040):
        one = movie(n)
        one.genres, one.year = [35 if n % 3 else 27], 1900 + n % 100
        one.updated_at = timezone.now()
        one.save()

    plain, mixed = (
        feed(owner_api, diversity=share, page_size=6)["meta"] for share in (0, 0.8)
    )

    assert mixed["intra_list_distance"] > plain["intra_list_distance"]


# Where the rules answer


def test_a_newcomer_gets_what_is_trending(
    owner_api: Api, tmdb: TmdbServer, version: str
) -> None:
    meta = feed(owner_api)["meta"]

    assert (meta["recommender"], meta["model_version"]) == ("trending", "rules-1")


def test_a_declaration_alone_is_for_the_rules(owner: User, owner_api: Api) -> None:
    GenrePreference.objects.create(user=owner, genre=Genre.objects.get(id=18))

    meta = feed(owner_api)["meta"]

    assert (meta["recommender"], meta["model_version"]) == ("preferences", "rules-1")


def test_so_are_ratings_of_films_that_the_model_does_not_know(
    owner: User, owner_api: Api
) -> None:
    rate_all(owner, {UNKNOWN: 5})

    meta = feed(owner_api)["meta"]

    assert (meta["recommender"], meta["model_version"]) == ("personal", "rules-1")
    assert meta["degraded"] is False


def test_without_an_active_model_the_rules_answer(owner: User, owner_api: Api) -> None:
    like_even(owner)
    TrainedModel.objects.all().delete()

    meta = feed(owner_api)["meta"]

    assert (meta["model_version"], meta["degraded"]) == ("rules-1", False)


def test_so_are_lists_in_which_the_model_knows_no_film(
    owner: User, owner_api: Api
) -> None:
    like_even(owner)
    Movie.objects.exclude(id__in=[*EVEN[:3], *ODD[:3]]).delete()
    others = [make_movie(3000 + n, vote_average=9 - n).pk for n in range(5)]

    assert listed(owner_api) == others


# What it costs


def test_it_asks_as_much_for_one_film_as_for_a_hundred(
    owner: User, owner_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    like_even(owner)
    look_up_once(monkeypatch)
    feed(owner_api)

    def ask(page_size: int) -> int:
        return count_queries(lambda: feed(owner_api, page_size=page_size))

    assert ask(1) == ask(10) == ask(100)


def test_it_asks_as_much_as_the_rules(
    owner: User, owner_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    like_even(owner)
    look_up_once(monkeypatch)
    feed(owner_api)
    by_model = count_queries(lambda: feed(owner_api))
    TrainedModel.objects.all().delete()
    forget_model()
    feed(owner_api)

    assert count_queries(lambda: feed(owner_api)) == by_model


def test_it_asks_as_much_for_one_rating_as_for_fifty(
    owner: User, owner_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up_once(monkeypatch)
    counts = []
    rate_all(owner, {ODD[20]: 4.0})
    feed(owner_api)
    for films in (ODD[:1], ODD[1:10], EVEN[:28]):
        rate_all(owner, dict.fromkeys(films, 4.0))
        counts.append(count_queries(lambda: feed(owner_api)))

    assert counts[0] == counts[1] == counts[2]


def test_it_logs_nothing(
    owner: User, owner_api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    like_even(owner)

    with caplog.at_level(logging.WARNING):
        feed(owner_api)

    assert caplog.records == []
