"""The match score while a trained model is served."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog.models import CreditKind, Genre, Movie
from nexus.ratings.models import GenrePreference
from nexus.recommendations.artefacts import read_model
from nexus.recommendations.members import read_member
from nexus.recommendations.models import TrainedModel
from nexus.recommendations.scoring import Learned
from tests.builders import add_credit, make_person, make_rating
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.recommendations.cinema import (
    EVEN,
    ODD,
    UNKNOWN,
    look_up_once,
    movie,
)

pytestmark = pytest.mark.usefixtures("version")
SIX = dict.fromkeys(EVEN[:3], 5.0) | dict.fromkeys(ODD[:3], 1.0)


def ask(api: Api, movie_id: int, **params: Any) -> Answer:
    return api.get(f"/api/movies/{movie_id}/match_score/", **params)


def score(api: Api, movie_id: int, **params: Any) -> dict[str, Any]:
    answer = ask(api, movie_id, **params)
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json
    return found


def rate(user: User, stars_by_id: dict[int, float]) -> None:
    for movie_id, stars in stars_by_id.items():
        make_rating(user, movie(movie_id), stars=stars)


def test_it_works(owner: User, owner_api: Api, version: str) -> None:
    rate(owner, SIX)

    found = score(owner_api, EVEN[9])

    assert found["model_version"] == version
    assert found["match_score"] > 60
    assert found["expected_stars"] > 3.5
    assert found["evidence_count"] == 6
    assert found["cold_start"] is False
    assert "without" not in found
    assert score(owner_api, ODD[9])["match_score"] < 40


def test_it_says_what_the_model_says(owner: User, owner_api: Api, version: str) -> None:
    rate(owner, SIX)
    history = read_member(owner).history
    films = np.array([*EVEN, *ODD])

    match = read_model(version).match(history, films)

    for film, like, stars in zip(films, match.like, match.expected, strict=True):
        found = score(owner_api, int(film))
        assert abs(found["match_score"] - 100 * like) <= 0.5 + 1e-9
        assert found["expected_stars"] == round(float(stars), 2)


@pytest.mark.parametrize("stars", [{1002: 5.0}, SIX, dict.fromkeys(EVEN, 3.5)])
def test_it_adds_up(owner: User, owner_api: Api, stars: dict[int, float]) -> None:
    rate(owner, stars)

    for film in (*EVEN[:5], *ODD[:5], UNKNOWN):
        found = score(owner_api, film)

        names = [part["name"] for part in found["components"]]
        assert names == ["genre_affinity", "rating_history", "popularity"]
        points = sum(part["points"] for part in found["components"])
        assert found["base_points"] + points == found["match_score"]
        low, high = found["interval"]
        assert 0 <= low <= found["match_score"] <= high <= 100


def test_it_says_why_in_words(owner: User, owner_api: Api) -> None:
    rate(owner, SIX)

    reasons = score(owner_api, EVEN[9])["reasons"]

    points = [abs(one["points"]) for one in reasons]
    assert points == sorted(points, reverse=True)
    types = {one["type"] for one in reasons}
    assert types == {"rated_movie", "genre", "quality", "popularity"}
    told = {one["movie"]["id"]: one for one in reasons if one["type"] == "rated_movie"}
    assert set(told) == set(SIX)
    assert told[EVEN[0]]["text"] == f"You gave Film {EVEN[0]} 5 stars."
    assert told[EVEN[0]]["points"] > 0
    assert told[ODD[0]]["text"] == f"You gave Film {ODD[0]} only 1 star."


def test_it_says_what_they_make_of_the_genre(owner: User, owner_api: Api) -> None:
    rate(owner, SIX)

    told = {film: genre_reason(owner_api, film) for film in (EVEN[9], ODD[9])}

    for film, name in ((EVEN[9], "Comedy"), (ODD[9], "Western")):
        points = told[film]["points"]
        trend = "more" if points > 0 else "less"
        text = f"You like {name} films {trend} than most people do."
        assert told[film]["text"] == text
        assert points != 0
    assert told[EVEN[9]]["genre"] == {"id": 35, "name": "Comedy"}
    assert "genre" not in told[ODD[9]]  # Western is none of our table's here


def genre_reason(api: Api, film: int) -> dict[str, Any]:
    reasons = score(api, film)["reasons"]
    (found,) = [one for one in reasons if one["type"] == "genre"]
    reason: dict[str, Any] = found
    return reason


@pytest.mark.parametrize("kind", [CreditKind.DIRECTOR, CreditKind.CAST])
def test_it_names_who_is_in_both_films(
    owner: User, owner_api: Api, kind: CreditKind
) -> None:
    rate(owner, SIX)
    ada = make_person("Ada Actor")
    for film in (EVEN[0], EVEN[9]):
        add_credit(movie(film), ada, kind)
        Movie.objects.filter(id=film).update(updated_at=timezone.now())

    reasons = score(owner_api, EVEN[9])["reasons"]

    told = {one["movie"]["id"]: one for one in reasons if one["type"] == "rated_movie"}
    link = "by" if kind == CreditKind.DIRECTOR else "with"
    text = f"You gave Film {EVEN[0]} 5 stars, also {link} Ada Actor."
    assert told[EVEN[0]]["text"] == text
    assert told[EVEN[0]]["person"] == {"id": ada.pk, "name": "Ada Actor"}
    assert "person" not in told[EVEN[1]]


def test_it_names_what_was_declared(owner: User, owner_api: Api) -> None:
    rate(owner, SIX)
    before = score(owner_api, EVEN[9])
    GenrePreference.objects.create(user=owner, genre=Genre.objects.get(id=18))

    after = score(owner_api, EVEN[9])

    assert after["reasons"][-1] == {
        "type": "genre",
        "text": "You said that you like Drama films.",
        "genre": {"id": 18, "name": "Drama"},
        "points": 0.0,
    }
    assert after["match_score"] == before["match_score"]


def test_it_moves_with_a_rating(owner: User, owner_api: Api) -> None:
    rate(owner, SIX)
    before = score(owner_api, EVEN[9])["match_score"]

    rate(owner, dict.fromkeys(EVEN[3:6], 0.5))

    assert score(owner_api, EVEN[9])["match_score"] < before


def test_it_leaves_the_films_own_rating_out(owner: User, owner_api: Api) -> None:
    rate(owner, SIX)
    before = score(owner_api, EVEN[9])
    rate(owner, {EVEN[9]: 0.5})

    assert score(owner_api, EVEN[9]) == before


def test_the_only_rating_may_be_its_own(owner: User, owner_api: Api) -> None:
    rate(owner, {EVEN[9]: 0.5})

    found = score(owner_api, EVEN[9])

    assert (found["cold_start"], found["evidence_count"]) == (True, 0)


def test_a_newcomer_is_for_the_rules(owner_api: Api) -> None:
    found = score(owner_api, EVEN[9])

    assert found["model_version"] == "rules-1"
    assert found["cold_start"] is True


# Without one of the ratings


@pytest.mark.parametrize("film", [EVEN[9], ODD[9], EVEN[1], UNKNOWN])
@pytest.mark.parametrize("stars", [SIX, {EVEN[0]: 5.0}, {EVEN[0]: 5.0, UNKNOWN: 1.0}])
@pytest.mark.parametrize("has_model", [True, False])
def test_it_is_as_if_the_film_had_not_been_rated(
    owner: User,
    owner_api: Api,
    film: int,
    stars: dict[int, float],
    *,
    has_model: bool,
) -> None:
    if not has_model:
        TrainedModel.objects.all().delete()
    rate(owner, stars)
    found = score(owner_api, film, without=EVEN[0])
    owner_api.delete(f"/api/movies/{EVEN[0]}/rating/")

    real = score(owner_api, film)

    assert found["without"] == {
        "movie": {"id": EVEN[0], "title": f"Film {EVEN[0]}"},
        "match_score": real["match_score"],
        "expected_stars": real["expected_stars"],
        "interval": real["interval"],
        "difference": found["match_score"] - real["match_score"],
    }


def test_it_tells_what_a_rating_adds(owner: User, owner_api: Api) -> None:
    rate(owner, {EVEN[0]: 5})

    found = score(owner_api, EVEN[9], without=EVEN[0])

    assert found["without"]["difference"] > 0
    plain = score(owner_api, EVEN[9])
    assert found == plain | {"without": found["without"]}


def test_without_its_own_rating_a_film_scores_the_same(
    owner: User, owner_api: Api
) -> None:
    rate(owner, SIX)

    assert score(owner_api, EVEN[0], without=EVEN[0])["without"]["difference"] == 0


def test_a_rating_that_the_model_does_not_know_adds_nothing(
    owner: User, owner_api: Api
) -> None:
    rate(owner, SIX | {UNKNOWN: 5})

    assert score(owner_api, EVEN[9], without=UNKNOWN)["without"]["difference"] == 0


@pytest.mark.parametrize("without", [EVEN[8], 424_242])
def test_it_refuses_a_film_that_was_not_rated(
    owner: User, owner_api: Api, without: int
) -> None:
    rate(owner, SIX)

    answer = ask(owner_api, EVEN[9], without=without)

    assert answer.status == 400
    assert answer.field_code("without") == "invalid"


def test_anothers_rating_is_none(owner: User, stranger_api: Api) -> None:
    rate(owner, SIX)

    assert ask(stranger_api, EVEN[9], without=EVEN[0]).status == 400


@pytest.mark.parametrize("without", ["0", "-1", "x", "", "2147483648", "1.5"])
def test_it_refuses_nonsense(owner_api: Api, without: str) -> None:
    answer = ask(owner_api, EVEN[9], without=without)

    assert answer.status == 400
    assert "without" in answer.json["errors"]


# What it costs


@pytest.mark.parametrize(("params", "times"), [({}, 1), ({"without": EVEN[0]}, 2)])
def test_it_scores_as_often_as_it_answers(
    owner: User, owner_api: Api, params: dict[str, int], times: int
) -> None:
    rate(owner, SIX)

    assert count_explained(lambda: score(owner_api, EVEN[9], **params)) == times


def count_explained(act: Callable[[], object]) -> int:
    calls = 0

    def watch(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code is Learned.explain.__code__

    sys.setprofile(watch)
    try:
        act()
    finally:
        sys.setprofile(None)
    return calls


def test_it_asks_as_much_for_one_rating_as_for_fifty(
    owner: User, owner_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up_once(monkeypatch)
    rate(owner, {ODD[20]: 4.0})
    score(owner_api, EVEN[9])
    counts = []
    for films in (ODD[:1], ODD[1:10], EVEN[10:]):
        rate(owner, dict.fromkeys(films, 4.0))
        counts.append(count_queries(lambda: score(owner_api, EVEN[9])))

    assert counts[0] == counts[1] == counts[2]
