"""Shapes that write themselves out say what their declared fields would."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from nexus.accounts.models import User
from nexus.api.reply import OPTIONS
from nexus.api.shapes.common import WrittenOut
from nexus.api.shapes.movies import MovieDetailOutput
from nexus.api.shapes.ratings import RatingOutput
from nexus.api.shapes.recommendations import MatchScoreOutput, PickOutput
from nexus.catalog.aside import Origin
from nexus.catalog.models import Movie
from nexus.catalog.queries import Billing, MovieCredits
from nexus.catalog.texts import english_texts
from nexus.engine import Component, Explanation
from nexus.ratings.models import Rating
from nexus.recommendations.queries import MatchScore, Pick, Without
from nexus.recommendations.words import Reason, Thing
from tests.builders import NOW, make_movie, make_rating

pytestmark = pytest.mark.usefixtures("genres")

EXPLANATION = Explanation(
    film_id=603,
    model_version="rules-1",
    match_score=71,
    base_points=50,
    base=49.6,
    components=(Component("genre_affinity", 20), Component("popularity", 1)),
    expected_stars=3.987,
    interval=(40, 90),
    confidence="medium",
    evidence_count=3,
    cold_start=False,
    reasons=(),
)
REASONS = [
    Reason("rated_movie", "You liked it.", Thing("movie", 1, "Another"), 3.5),
    Reason("popularity", "Many like it.", None, None),
]


def bodies(shape: type[WrittenOut], thing: Any, **context: Any) -> tuple[bytes, bytes]:
    """Return what the shape writes, and what its fields do."""
    declared = type("Declared", (shape,), {})
    written, made = (
        one(thing, context=dict(context)).data for one in (shape, declared)
    )
    return orjson.dumps(written, option=OPTIONS), orjson.dumps(made, option=OPTIONS)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"review": "Whoa.", "contains_spoilers": True},
        {"review": "Whoa.", "hidden_at": NOW, "updated_at": NOW + timedelta(0, 1, 5)},
    ],
)
@pytest.mark.parametrize("sees", ["owner", "stranger", "nobody"])
def test_a_rating(
    owner: User, stranger: User, sees: str, values: dict[str, Any]
) -> None:
    stored = make_rating(owner, make_movie(603), stars=4.5, **values)
    rating = Rating.objects.get(pk=stored.pk)
    viewer = {"owner": owner, "stranger": stranger}.get(sees)

    written, made = bodies(RatingOutput, rating, viewer=viewer)

    assert written == made


def test_a_film_of_the_feed(db: None) -> None:
    movie = Movie.objects.get(pk=make_movie(603, genres=[28]).pk)

    written, made = bodies(PickOutput, Pick(movie, 71, REASONS, 3))

    assert written == made


def test_a_film_of_its_own_page(db: None) -> None:
    stored = make_movie(603, genres=[28], removed_at=NOW, overview="A hacker.")
    movie = Movie.objects.get(pk=stored.pk)
    context = {
        "texts": english_texts(movie),
        "credits": MovieCredits([Billing(1, "A", None, 0)], [Billing(2, "B", "C", 0)]),
        "keywords": [(3, "simulation")],
        "origin": Origin("cache", NOW),
    }

    written, made = bodies(MovieDetailOutput, movie, **context)

    assert written == made


@pytest.mark.parametrize(
    "without", [None, Without(Thing("movie", 1, "Another"), EXPLANATION, -4)]
)
def test_a_match_score(without: Without | None) -> None:
    found = MatchScore(EXPLANATION, REASONS, without)

    written, made = bodies(MatchScoreOutput, found)

    assert written == made.replace(b',"without":null', b"")
