"""Similar titles while a trained model is served."""

import logging
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from nexus.recommendations.artefacts import read_model
from nexus.recommendations.models import TrainedModel
from nexus.recommendations.serving import MODELS, Running
from tests.client import Api
from tests.query_count import count_queries
from tests.recommendations.cinema import (
    EVEN,
    UNKNOWN,
    forget_model,
    look_up_once,
)

pytestmark = pytest.mark.usefixtures("version")
ASKED = EVEN[4]


def similar(api: Api, movie_id: int = ASKED, **params: Any) -> list[dict[str, Any]]:
    answer = api.get(f"/api/movies/{movie_id}/similar/", **params)
    assert answer.status == 200, answer
    found: list[dict[str, Any]] = answer.json
    return found


def ids(found: list[dict[str, Any]]) -> list[int]:
    return [one["movie"]["id"] for one in found]


def by_content(api: Api, movie_id: int) -> list[dict[str, Any]]:
    """Ask while no model is active."""
    TrainedModel.objects.all().delete()
    forget_model()
    return similar(api, movie_id)


def serve_changed(version: str, **taste: Any) -> None:
    """Serve the model with other numbers in its second part."""
    model = read_model(version)
    MODELS.current(now=timezone.now())
    MODELS.found = Running(version, replace(model, taste=replace(model.taste, **taste)))


def test_it_works(api: Api, version: str) -> None:
    model = read_model(version)
    (column,) = model.vocabulary.columns([ASKED])
    best_first = model.vocabulary.items[np.argsort(-model.pick.because_of(column))]

    found = similar(api, limit=5)

    assert ids(found) == best_first[:5].tolist()
    assert set(found[0]) == {"movie", "similarity", "reasons"}
    values = [one["similarity"] for one in found]
    assert values == sorted(values, reverse=True)
    assert all(0 < value <= 1 for value in values)


def test_it_says_who_else_picks_it(api: Api) -> None:
    found = similar(api, limit=100)

    texts = dict.fromkeys(("like", "watched"), 0)
    for one in found:
        for reason in one["reasons"]:
            if reason["type"] == "rated_movie":
                assert reason["movie"] == {"id": ASKED, "title": f"Film {ASKED}"}
                assert "points" not in reason
                texts[reason["text"].split()[2]] += 1
    assert found[0]["reasons"][0]["type"] == "rated_movie"
    assert texts["like"] > 0


def test_it_says_that_they_liked_it_only_where_they_do(api: Api) -> None:
    for one in similar(api, limit=100):
        texts = [reason["text"] for reason in one["reasons"]]
        if f"People who like Film {ASKED} are likely to like it, too." in texts:
            assert one["movie"]["id"] in EVEN


def test_a_film_that_nobody_rated_is_named_by_content(api: Api) -> None:
    unknown = next(
        one for one in similar(api, limit=100) if one["movie"]["id"] == UNKNOWN
    )

    assert {reason["type"] for reason in unknown["reasons"]} == {"genre"}


def test_so_are_all_for_such_a_film(api: Api) -> None:
    found = similar(api, UNKNOWN)

    assert found == by_content(api, UNKNOWN)


def test_below_five_ratings_content_alone_counts(api: Api, version: str) -> None:
    counts = read_model(version).taste.counts.copy()
    counts[:] = 4
    serve_changed(version, counts=counts)

    found = similar(api)

    assert found == by_content(api, ASKED)


def test_it_gives_equal_lists_for_equal_input(api: Api) -> None:
    first = similar(api, limit=100)
    MODELS.clear()

    assert similar(api, limit=100) == first
    assert similar(api, limit=7) == first[:7]


def test_it_never_lists_the_film_itself(api: Api) -> None:
    assert ASKED not in ids(similar(api, limit=100))


def test_content_answers_for_a_broken_model(
    api: Api, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    counts = read_model(version).taste.counts
    serve_changed(version, counts=np.full(counts.shape, None))

    with caplog.at_level(logging.WARNING):
        found = [similar(api), similar(api)]

    (message,) = [one.getMessage() for one in caplog.records]
    assert message == f"model {version} fails, rules answer"
    assert found[0] == found[1] == by_content(api, ASKED)


def test_without_a_model_content_alone_counts(api: Api) -> None:
    values = {one["similarity"] for one in by_content(api, ASKED)}

    assert len(values) == 1  # all films of the cinema are alike


def test_it_asks_as_much_for_one_film_as_for_a_hundred(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up_once(monkeypatch)
    similar(api)

    def ask(limit: int) -> int:
        return count_queries(lambda: similar(api, limit=limit))

    assert ask(1) == ask(10) == ask(100)


def test_it_asks_as_much_as_without_a_model(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up_once(monkeypatch)
    similar(api)
    by_model = count_queries(lambda: similar(api))
    TrainedModel.objects.all().delete()
    forget_model()
    similar(api)

    assert count_queries(lambda: similar(api)) == by_model
