"""What the bench asks for is what the product answers."""

import json

import numpy as np
import pytest

from bench.load import goals
from bench.load.goals import Material, Member, goals_with
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
        members=[Member("of the owner", [movie.pk for movie in movies[:10]])],
    )


def test_a_part_has_the_goals_that_it_is_compared_with() -> None:
    names = [goal.name for goal in goals_with("page 500")]

    assert names == ["page 1", "page 500", "page 500, one filter"]
    with pytest.raises(SystemExit, match="No goal has 'nothing' in its name"):
        goals_with("nothing")


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
