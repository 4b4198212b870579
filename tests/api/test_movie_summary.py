"""A film in brief is written out by hand: as its declared fields would do it."""

from datetime import date
from typing import Any

import pytest
from rest_framework import serializers

from nexus.api.shapes.movies import MovieOutput
from nexus.catalog.models import Movie
from tests.builders import NOW, make_movie

pytestmark = pytest.mark.usefixtures("genres")

NOTHING: dict[str, Any] = dict.fromkeys(
    [
        "year",
        "release_date",
        "runtime",
        "vote_average",
        "vote_count",
        "popularity",
        "original_language",
        "poster_path",
    ]
)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"genres": [28, 424_242, 18], "poster_path": "/a.jpg"},
        NOTHING | {"genres": []},
        {"release_date": date(870, 1, 2), "vote_average": 0.0, "vote_count": 0},
        {"title": 'É "<&>', "original_title": "千と千尋"},
        {"fetched_at": None, "purged_at": NOW},
    ],
)
def test_it_is_what_the_fields_make_of_it(values: dict[str, Any]) -> None:
    movie = Movie.objects.get(pk=make_movie(1, **values).pk)

    class Declared(MovieOutput):
        pass

    written = MovieOutput(movie, context={}).data

    assert written == Declared(movie, context={}).data
    assert list(written) == list(MovieOutput().fields)
    assert isinstance(MovieOutput().fields["id"], serializers.IntegerField)
