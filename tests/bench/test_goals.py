"""What the bench asks for is what the product answers."""

import json

import numpy as np
import pytest

from bench.load import goals
from bench.load.__main__ import summed_up
from bench.load.goals import Goal, Material
from bench.load.wrk import Load
from nexus.accounts.models import User
from nexus.catalog.models import Genre
from nexus.catalog.starter import GENRES
from tests.builders import make_movie
from tests.client import Api


@pytest.fixture
def material(owner: User) -> Material:
    Genre.objects.bulk_create(Genre(id=id_, name=name) for name, id_ in GENRES.items())
    movies = [make_movie(title=f"The Dark Night {number}") for number in range(100)]
    return Material(
        random=np.random.default_rng(1),
        films=[movie.pk for movie in movies],
        titles=[movie.title for movie in movies],
        tokens=["of the owner"],
    )


def test_it_asks_what_can_be_answered(
    material: Material, api: Api, owner_api: Api
) -> None:
    answers = {
        goal.name: [
            (owner_api if ask.token else api).call(
                ask.method.lower(), ask.path, body=json.loads(ask.body or "null")
            )
            for ask in goal.asks(material)[:3]
        ]
        for goal in goals.GOALS
    }

    statuses = {name: {one.status for one in all_} for name, all_ in answers.items()}
    assert {name: s for name, s in statuses.items() if not s <= {200, 201}} == {}


def test_a_goal_is_met_by_the_medians_and_without_a_failure() -> None:
    goal = Goal("x", lambda _: [], share=0.1, p95_ms=25.0)
    limit = Load(10_000, 1.0, 0, 0, 1.0, 2.0, 3.0)
    fine = Load(1_100, 1.0, 0, 0, 5.0, 20.0, 30.0)
    slow = Load(900, 1.0, 0, 0, 5.0, 30.0, 40.0)
    failed = Load(1_100, 1.0, 1, 0, 5.0, 20.0, 30.0)
    cpu = [{"web": 1.0, "database": 1.0, "cache": 0.0}]

    met = summed_up(goal, [limit] * 3, [fine, slow, fine], cpu * 3)
    missed = summed_up(goal, [limit] * 3, [slow, slow, fine], cpu * 3)
    broken = summed_up(goal, [limit] * 3, [fine, failed, fine], cpu * 3)

    assert (met.is_met, met.share) == (True, 0.11)
    assert met.goal == ">= 0.1 of the limit, p95 <= 25.0 ms"
    assert (missed.is_met, broken.is_met) == (False, False)
