"""Who answers, and what becomes of a model that cannot."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from nexus import engine
from nexus.accounts.models import User
from nexus.recommendations.artefacts import folder_of, read_model, remove, version_for
from nexus.recommendations.films import NOTHING, Films
from nexus.recommendations.members import read_member
from nexus.recommendations.models import TrainedModel
from nexus.recommendations.percentiles import fit_in, nth_highest
from nexus.recommendations.scoring import PANEL, cautious, with_genre_of_ours
from nexus.recommendations.serving import MODELS
from tests.builders import make_rating
from tests.client import Api
from tests.recommendations.cinema import (
    EVEN,
    ODD,
    forget_model,
    movie,
)
from tests.recommendations.trouble import no_table_of_models

Broken = Callable[[engine.Model], engine.Model]


def test_a_film_is_fitted_in_at_its_percentile() -> None:
    scores = np.array([-8.0, np.nan, -2.0, -4.0, -6.0])
    likes = np.array([0.1, 0.55, 0.9, 0.6, 0.5])

    found = fit_in(scores, likes, np.isnan(scores), ~np.isnan(scores))

    # Half of the four are below .55: it comes in the middle of the four scores.
    assert found.tolist() == [-8, -5, -2, -4, -6]


@pytest.mark.parametrize(
    ("like", "score"), [(0.0, -8), (0.1, -7.25), (0.7, -3.5), (1.0, -2)]
)
def test_ends_and_ties(like: float, score: float) -> None:
    scores = np.array([-8.0, -2.0, -4.0, -6.0, np.nan])
    likes = np.array([0.1, 0.9, 0.6, 0.5, like])

    found = fit_in(scores, likes, np.isnan(scores), ~np.isnan(scores))

    assert found[-1] == score


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 20, 60, 99, 200])
def test_what_is_of_interest_gets_its_score_all_the_same(n: int) -> None:
    random = np.random.default_rng(n)
    # Of a few values each, so that there are ties at every end.
    scores, likes = random.integers(0, 30, (2, 200)) / 30
    scores[::2] = np.nan
    known = ~np.isnan(scores)
    whole = fit_in(scores, likes, ~known, known)
    least = nth_highest(whole, n) if n else np.inf

    found = fit_in(scores, likes, ~known, known, least=least)

    listed = whole >= least
    assert found[listed].tolist() == whole[listed].tolist()
    assert not (found[~listed] >= least).any()


def test_what_is_no_part_of_the_scale_sets_no_standard() -> None:
    scores = np.array([9.0, -2.0, -4.0, np.nan])
    likes = np.array([0.2, 0.9, 0.6, 1.0])

    found = fit_in(
        scores, likes, np.isnan(scores), np.array([False, True, True, False])
    )

    assert found.tolist() == [9, -2, -4, -2]


def test_it_keeps_to_the_likes_where_nothing_is_known() -> None:
    scores, likes = np.full(2, np.nan), np.array([0.2, 0.4])

    found = fit_in(scores, likes, np.isnan(scores), ~np.isnan(scores))

    assert found.tolist() == [0.2, 0.4]


@pytest.mark.parametrize("score", [0, 3, 50, 100])
def test_a_guess_is_cautious(score: int) -> None:
    sure = engine.Explanation(
        film_id=1,
        model_version="rules-1",
        match_score=score,
        base_points=score,
        base=float(score),
        components=(),
        expected_stars=4.0,
        interval=(score, score),
        confidence="high",
        evidence_count=90,
        cold_start=False,
        reasons=(),
    )

    found = cautious(sure)

    assert found.confidence == "low"
    low, high = found.interval
    assert 0 <= low <= score <= high <= 100
    assert replace(found, confidence="high", interval=sure.interval) == sure
    if score == 50:
        assert (low, high) == (18, 82)


# Models that break


@pytest.fixture
def rated(owner: User) -> None:
    for movie_id, stars in ((EVEN[0], 5), (EVEN[1], 4.5), (ODD[0], 1)):
        make_rating(owner, movie(movie_id), stars=stars)


def serve(model: engine.Model) -> str:
    """Save a model as a version, and activate it."""
    folder = folder_of("saved")
    version = version_for(engine.save(model, folder), timezone.now().date())
    folder.rename(folder_of(version))
    TrainedModel.objects.filter(is_active=True).update(version=version)
    forget_model()
    return version


def without_quality(model: engine.Model) -> engine.Model:
    nothing = np.full_like(model.taste.quality, np.nan)
    return replace(model, taste=replace(model.taste, quality=nothing))


def without_noise(model: engine.Model) -> engine.Model:
    nothing = np.full_like(model.taste.noise, np.nan)
    return replace(model, taste=replace(model.taste, noise=nothing))


def cut_off(model: engine.Model) -> engine.Model:
    short = model.calibration.offset[:5]
    return replace(model, calibration=replace(model.calibration, offset=short))


def without_prior(model: engine.Model) -> engine.Model:
    nothing = np.full_like(model.pick.prior, np.nan)
    return replace(model, pick=replace(model.pick, prior=nothing))


BROKEN = [without_quality, without_noise, cut_off]


def feed(api: Api) -> dict[str, Any]:
    answer = api.get("/api/user/recommendations/", page_size=100)
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json
    return found


def score(api: Api) -> dict[str, Any]:
    answer = api.get(f"/api/movies/{EVEN[9]}/match_score/", without=EVEN[0])
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json
    return found


def by_rules(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Ask while no model is active."""
    TrainedModel.objects.all().delete()
    forget_model()
    return ask()


@pytest.mark.parametrize("broken", [*BROKEN, without_prior])
def test_the_rules_answer_for_a_broken_model(
    version: str, rated: None, owner_api: Api, broken: Broken
) -> None:
    serve(broken(read_model(version)))

    found = feed(owner_api)

    assert found["meta"]["degraded"] is True
    assert found["meta"]["model_version"] == "rules-1"
    rules = by_rules(lambda: feed(owner_api))
    assert rules["meta"]["degraded"] is False
    assert found["results"] == rules["results"]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_model_makes_no_wrong_score(
    version: str, rated: None, owner_api: Api, broken: Broken
) -> None:
    serve(broken(read_model(version)))

    found = score(owner_api)

    assert found["model_version"] == "rules-1"
    assert found == by_rules(lambda: score(owner_api))


def test_it_is_logged_once(
    version: str, rated: None, owner_api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    broken = serve(without_quality(read_model(version)))

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            feed(owner_api)
            score(owner_api)

    (message,) = [one.getMessage() for one in caplog.records]
    assert message == f"model {broken} fails, rules answer"


def test_a_model_that_is_removed_while_it_runs_still_answers(
    version: str, rated: None, owner_api: Api
) -> None:
    before = feed(owner_api)
    remove([version])

    assert feed(owner_api) == before


def test_a_model_that_is_gone_before_it_is_read_should_have_answered(
    version: str, rated: None, owner_api: Api
) -> None:
    remove([version])
    MODELS.clear()

    meta = feed(owner_api)["meta"]

    assert (meta["model_version"], meta["degraded"]) == ("rules-1", True)


def test_musicals_are_no_genre_of_ours() -> None:
    reason = engine.Reason("genre", None, 4.0, 2.0, "Musical")

    assert with_genre_of_ours(reason) == reason


# A look-up that fails


@pytest.mark.django_db(transaction=True)
def test_the_model_still_answers_where_the_look_up_fails(
    version: str, rated: None, owner_api: Api
) -> None:
    before = feed(owner_api)

    with no_table_of_models():
        MODELS.running(now=timezone.now() + timedelta(days=1))
        assert MODELS.is_blind
        assert feed(owner_api) == before


@pytest.mark.django_db(transaction=True)
def test_the_rules_answer_where_there_is_no_model_yet(
    version: str, rated: None, owner_api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    forget_model()

    with caplog.at_level(logging.WARNING), no_table_of_models():
        found = [feed(owner_api), feed(owner_api)]

    for one in found:
        assert one["meta"]["model_version"] == "rules-1"
        assert one["meta"]["degraded"] is True
    (message,) = [one.getMessage() for one in caplog.records]
    assert message == "the look-up of the model fails"


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_gone_is_no_matter_of_models(
    version: str, rated: None, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, films = read_member(owner), Films(NOTHING)
    forget_model()

    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        connection.close()
        with pytest.raises(OperationalError):
            PANEL.ask(lambda _: 1, films=films, member=member, now=timezone.now())
