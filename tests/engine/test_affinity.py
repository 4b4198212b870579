import math

import numpy as np
import pytest

from nexus.engine import build_catalogue
from nexus.engine.affinity import (
    declared_genre_hits,
    declared_genre_stars,
    declared_person_hits,
    declared_person_stars,
    genre_deviation,
    mean_genre_deviation,
    ratings_by_genre,
)
from nexus.engine.signals import member_mean
from tests.engine.films import film

NAN = float("nan")

CATALOGUE = build_catalogue(
    [
        film(1, genres=(1,)),
        film(2, genres=(1, 2)),
        film(3, genres=(2,), cast=(7, 8), directors=(7,)),
        film(4, cast=(8,), directors=(9,)),
    ]
)
ALL = np.arange(4)


def test_it_shrinks_the_mean_of_the_member_by_hand() -> None:
    stars = np.array([5.0, 4.0])

    found = member_mean(stars, np.array([NAN, 5.0]))

    assert found == pytest.approx([3.5 + 2 / 10, 3.5 + 0.5 / 9])
    assert member_mean(stars[:0], np.array([NAN])).tolist() == [3.5]


def test_it_counts_and_sums_ratings_by_genre() -> None:
    found = ratings_by_genre(CATALOGUE.genres, np.array([0, 1]), np.array([5.0, 2.0]))

    assert found.count.tolist() == [2, 1]
    assert found.total.tolist() == [7, 2]


def test_it_shrinks_the_deviation_of_a_genre_by_hand() -> None:
    ratings = ratings_by_genre(CATALOGUE.genres, np.array([0, 1]), np.array([5.0, 2.0]))
    mean = np.array([3.0, 3.0])

    found = genre_deviation(ratings, np.array([0, 0]), mean, np.array([NAN, 5.0]))

    assert found == pytest.approx([(7 - 6) / (2 + 5), (2 - 3) / (1 + 5)])


def test_it_averages_over_the_genres_of_a_film_by_hand() -> None:
    ratings = ratings_by_genre(CATALOGUE.genres, np.array([0]), np.array([5.0]))
    mean, own = np.full(4, 4.0), np.array([5.0, NAN, NAN, NAN])

    found = mean_genre_deviation(CATALOGUE.genres.rows, ALL, ratings, mean, own)

    assert found == pytest.approx([0.0, (1 / 6 + 0) / 2, 0.0, 0.0])


def test_it_values_declared_genres_by_hand() -> None:
    hits = declared_genre_hits(CATALOGUE.genres, ALL, [2, 1, 99])

    assert hits.tolist() == [1, 2, 1, 0]
    found = declared_genre_stars(hits, np.array([1, 2, 1, 0]))
    assert found == pytest.approx([0.25, 0.25 * 2 / math.sqrt(2), 0.25, 0.0])


def test_it_values_declared_people_by_hand() -> None:
    hits = declared_person_hits(CATALOGUE, ALL, [7, 8, 99])

    assert hits.tolist() == [0, 0, 2, 1]
    found = declared_person_stars(hits)
    assert found == pytest.approx([0, 0, 0.3 * math.sqrt(2), 0.3])
