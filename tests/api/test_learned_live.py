"""A new member as the product meets them: over HTTP, from the first card on."""

import math
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from nexus.catalog.models import Movie
from tests.client import Answer, Api
from tests.recommendations.cinema import (
    EVEN,
    ODD,
    fill_cinema,
    forget_model,
    serve_model,
)

COMEDY, HORROR = 35, 27
ONBOARDING = "/api/user/onboarding/"


@pytest.fixture(autouse=True)
def version(
    db: None, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    fill_cinema()
    for films, genre in ((EVEN, COMEDY), (ODD, HORROR)):
        changed = {"genres": [genre], "updated_at": timezone.now()}
        Movie.objects.filter(id__in=films).update(**changed)
    yield serve_model(settings, tmp_path_factory)
    forget_model()


class Reader:
    """Reads a member's feed, and takes the time."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.seconds: list[float] = []

    def read(self, page_size: int = 20) -> dict[str, Any]:
        started = perf_counter()
        answer = self.api.get("/api/user/recommendations/", page_size=page_size)
        self.seconds.append(perf_counter() - started)
        found: dict[str, Any] = ok(answer).json
        return found

    def films(self) -> list[int]:
        return [pick["movie"]["id"] for pick in self.read(100)["results"]]

    def share_of_comedy(self) -> float:
        picks = self.read()["results"]
        genres = [pick["movie"]["genres"][0]["id"] for pick in picks]
        return genres.count(COMEDY) / len(genres)

    @property
    def p95_ms(self) -> float:
        """Of all but the first, which has the process read films and model."""
        by_time = sorted(self.seconds[1:])
        return 1000 * by_time[math.ceil(0.95 * len(by_time)) - 1]


@pytest.fixture
def reader(owner_api: Api) -> Reader:
    return Reader(owner_api)


def ok(answer: Answer) -> Answer:
    assert answer.status in {200, 201}, answer
    return answer


def rate(api: Api, movie_id: int, stars: float) -> None:
    ok(api.put(f"/api/movies/{movie_id}/rating/", {"stars": stars}))


@pytest.mark.parametrize(("films", "likes_comedy"), [(EVEN, True), (ODD, False)])
def test_five_ratings_turn_the_feed(
    reader: Reader,
    cell: Callable[[str, str, str, str], None],
    films: range,
    *,
    likes_comedy: bool,
) -> None:
    before = reader.share_of_comedy()

    for movie_id in films[:5]:
        rate(reader.api, movie_id, 5)
        reader.read()
    after = reader.share_of_comedy()

    assert 0.3 <= before <= 0.7
    assert after >= 0.9 if likes_comedy else after <= 0.1
    row = f"who likes {'comedy' if likes_comedy else 'horror'}"
    for column, share in (("comedy before", before), ("comedy after", after)):
        cell("First 20 films of the feed", row, column, f"{share:.0%}")
    cell("First 20 films of the feed", row, "p95 ms", f"{reader.p95_ms:.0f}")


def test_each_rating_counts_in_the_very_next_answer(reader: Reader) -> None:
    for movie_id, stars in zip(EVEN[:6], (5, 4.5, 1, 5, 3, 5), strict=True):
        before = [id_ for id_ in reader.films() if id_ != movie_id]

        rate(reader.api, movie_id, stars)

        assert reader.films() != before


def test_a_hidden_film_is_gone_from_the_very_next_answer(reader: Reader) -> None:
    rate(reader.api, EVEN[0], 5)
    first, *others = reader.films()

    ok(reader.api.post("/api/user/hidden/", {"movie": first}))

    assert reader.films() == others


def test_a_preference_counts_in_the_very_next_answer(reader: Reader) -> None:
    for movie_id in (EVEN[0], ODD[0]):
        rate(reader.api, movie_id, 4)
    before = reader.share_of_comedy()

    ok(reader.api.post("/api/user/preferences/", {"genres": [COMEDY]}))

    assert reader.share_of_comedy() > before


def test_twenty_cards_make_it_personal(reader: Reader, version: str) -> None:
    assert reader.read()["meta"]["recommender"] == "trending"

    for place, card in enumerate(ok(reader.api.get(ONBOARDING)).json["cards"]):
        movie_id = card["movie"]["id"]
        if place % 4 == 3:
            ok(reader.api.post(f"{ONBOARDING}skips/", {"movie": movie_id}))
        else:
            rate(reader.api, movie_id, 5 if movie_id in EVEN else 1)

    assert ok(reader.api.get(ONBOARDING)).json["is_complete"] is True
    meta = reader.read()["meta"]
    assert (meta["recommender"], meta["model_version"]) == ("personal", version)
    assert set(reader.films()[:10]) <= set(EVEN)
