"""Feed, match score and similar titles where only the best known films are listed."""

from typing import Any

import pytest
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog.models import Movie
from nexus.ratings.models import MoviePreference
from nexus.recommendations import shortlist
from tests.builders import make_movie, make_rating
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.recommendations.cinema import look_up_once
from tests.recommendations.shelf import (
    ALIEN,
    ALIENS,
    AMELIE,
    FELLOWSHIP,
    FIGHT_CLUB,
    GODFATHER,
    GODFATHER_2,
    MATRIX,
    RELOADED,
    ROMANCE,
    SCIENCE_FICTION,
    SEVEN,
    TITANIC,
    TWO_TOWERS,
    fill_shelf,
)
from tests.tmdb_server import TmdbServer

# The nine with the most votes; the most popular one is among them.
LISTED = {MATRIX, RELOADED, FIGHT_CLUB, SEVEN, 680, 278, GODFATHER, GODFATHER_2, 155}


@pytest.fixture(autouse=True)
def large_shelf(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_shelf()
    monkeypatch.setattr(shortlist, "RECOMMENDED_FILMS", 10)
    monkeypatch.setattr(shortlist, "RISING_FILMS", 1)


def feed(api: Api, **params: Any) -> list[dict[str, Any]]:
    answer = api.get("/api/user/recommendations/", page_size=100, **params)
    assert answer.status == 200, answer
    found: list[dict[str, Any]] = answer.json["results"]
    return found


def ids(found: list[dict[str, Any]]) -> set[int]:
    return {one["movie"]["id"] for one in found}


def score(api: Api, movie_id: int, **params: Any) -> Answer:
    return api.get(f"/api/movies/{movie_id}/match_score/", **params)


def percent(api: Api, movie_id: int) -> int:
    answer = score(api, movie_id)
    assert answer.status == 200, answer
    found: int = answer.json["match_score"]
    return found


def rate(user: User, movie_id: int, stars: float) -> None:
    make_rating(user, Movie.objects.get(id=movie_id), stars=stars)


def spoken_of(answer: Answer) -> set[int]:
    reasons = answer.json["reasons"]
    return {one["movie"]["id"] for one in reasons if one["type"] == "rated_movie"}


def test_the_feed_lists_the_best_known_films(owner_api: Api) -> None:
    assert ids(feed(owner_api)) == LISTED


def test_the_feed_narrows_them_by_filters(owner_api: Api) -> None:
    assert ids(feed(owner_api, genres=SCIENCE_FICTION)) == {MATRIX, RELOADED}
    assert ids(feed(owner_api, genres=ROMANCE)) == set()
    assert ids(feed(owner_api, search="godfather")) == {GODFATHER, GODFATHER_2}
    assert ids(feed(owner_api, year_max=1980)) == {GODFATHER, GODFATHER_2}


def test_a_film_that_people_talk_about_is_listed(owner_api: Api) -> None:
    new = make_movie(vote_count=3, popularity=500.0)

    assert ids(feed(owner_api)) == LISTED | {new.pk}


def test_an_obscure_film_has_a_match_score(owner: User, owner_api: Api) -> None:
    rate(owner, MATRIX, 5)
    rate(owner, ALIEN, 5)
    rate(owner, GODFATHER, 1)

    answer = score(owner_api, ALIENS)

    assert answer.status == 200
    assert ALIEN in spoken_of(answer)
    assert answer.json["match_score"] > percent(owner_api, TITANIC)


def test_an_obscure_rating_counts_for_a_known_film(owner: User, owner_api: Api) -> None:
    sequel = make_movie(vote_count=1, genres=[SCIENCE_FICTION, 28], year=2003)
    sequel.keywords.set(Movie.objects.get(id=MATRIX).keywords.all())
    before = percent(owner_api, MATRIX)

    rate(owner, sequel.pk, 5)

    assert percent(owner_api, MATRIX) > before
    assert spoken_of(score(owner_api, MATRIX)) == {sequel.pk}


def test_an_obscure_rating_counts_in_the_feed(owner: User, owner_api: Api) -> None:
    before = {one["movie"]["id"]: one["match_score"] for one in feed(owner_api)}
    rate(owner, FELLOWSHIP, 1)
    rate(owner, ALIENS, 5)

    found = feed(owner_api, diversity=0)

    scores = [one["match_score"] for one in found]
    assert found[0]["movie"]["id"] == MATRIX
    assert scores[0] > before[MATRIX]
    assert scores == sorted(scores, reverse=True)
    assert scores == [percent(owner_api, one["movie"]["id"]) for one in found]


def test_an_obscure_favourite_counts(owner: User, owner_api: Api) -> None:
    before = percent(owner_api, TWO_TOWERS)

    MoviePreference.objects.create(user=owner, movie_id=FELLOWSHIP)

    assert percent(owner_api, TWO_TOWERS) > before


def test_a_rating_can_be_thought_away(owner: User, owner_api: Api) -> None:
    rate(owner, ALIEN, 5)

    answer = score(owner_api, ALIENS, without=ALIEN)

    assert answer.status == 200
    assert answer.json["without"]["difference"] > 0


def test_an_imported_film_has_a_score_at_once(owner_api: Api, tmdb: TmdbServer) -> None:
    Movie.objects.filter(id=ALIENS).delete()
    feed(owner_api)

    assert owner_api.post("/api/tmdb/import/", {"tmdb_id": ALIENS}).status == 201
    before = percent(owner_api, ALIENS)
    rating = {"movie": ALIEN, "stars": 5}
    assert owner_api.post("/api/ratings/", rating).status == 201

    assert percent(owner_api, ALIENS) > before
    assert ids(feed(owner_api)) == LISTED


def test_an_obscure_film_has_similar_titles(api: Api) -> None:
    answer = api.get(f"/api/movies/{TITANIC}/similar/")

    assert answer.status == 200
    assert ids(answer.json)
    assert ids(answer.json) <= LISTED
    blank = make_movie(vote_count=0, genres=[])
    assert api.get(f"/api/movies/{blank.pk}/similar/").json == []


def test_its_similar_titles_say_what_is_shared(api: Api) -> None:
    first = api.get(f"/api/movies/{ALIEN}/similar/").json[0]

    assert first["movie"]["id"] in {MATRIX, RELOADED}
    texts = {reason["text"] for reason in first["reasons"]}
    assert "Both are Science Fiction films." in texts


def test_what_changes_counts_in_the_very_next_answer(api: Api) -> None:
    film = make_movie(vote_count=0, genres=[])
    path = f"/api/movies/{film.pk}/similar/"
    assert api.get(path).json == []

    film.genres = [SCIENCE_FICTION]
    film.save()

    assert ids(api.get(path).json) == {MATRIX, RELOADED}


def test_what_goes_is_gone_in_the_very_next_answer(owner: User, owner_api: Api) -> None:
    rate(owner, ALIEN, 5)
    assert ALIEN in spoken_of(score(owner_api, ALIENS))
    now = timezone.now()

    Movie.objects.filter(id=ALIEN).update(removed_at=now, updated_at=now)

    assert ALIEN not in spoken_of(score(owner_api, ALIENS))
    assert score(owner_api, ALIEN).status == 404


def test_the_next_best_known_film_takes_a_place(owner_api: Api) -> None:
    feed(owner_api)
    now = timezone.now()

    Movie.objects.filter(id=MATRIX).update(removed_at=now, updated_at=now)

    assert ids(feed(owner_api)) == (LISTED - {MATRIX}) | {27205}


def test_obscure_films_are_read_once(
    owner: User, owner_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up_once(monkeypatch)
    for movie_id in (ALIEN, AMELIE, FELLOWSHIP):
        rate(owner, movie_id, 4)
    first = count_queries(lambda: feed(owner_api))

    assert count_queries(lambda: feed(owner_api)) < first
