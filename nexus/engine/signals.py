"""Everything the fixed rules look at, gathered for one member over many films."""

from dataclasses import dataclass

import numpy as np

from nexus.engine.affinity import (
    GenreRatings,
    declared_genre_hits,
    declared_person_hits,
    mean_genre_deviation,
    ratings_by_genre,
)
from nexus.engine.arrays import Floats, Ints
from nexus.engine.catalogue import Catalogue
from nexus.engine.neighbours import (
    Neighbourhood,
    nearness,
    neighbourhood,
    neighbourhood_of_all,
)
from nexus.engine.taste import Known

AVERAGE_STARS = 3.5
MEMBER_PRIOR = 8.0


@dataclass(frozen=True, slots=True)
class Near:
    """`nearness` of the films asked about to the rated and to the declared films."""

    rated: Floats
    liked: Floats


@dataclass(frozen=True, slots=True)
class Signals:
    """One value per film asked about; a film's own rating is left out of its values.

    rows:        the films
    own:         stars of the film's own rating, NaN if not rated
    others:      number of ratings of other films
    mean:        the member's shrunken mean, stars
    by_genre:    all of the member's ratings by genre, own ones included
    genre:       mean shrunken deviation over its genres, stars
    n_genres, genre_hits, person_hits: its genres; declared genres and people it has
    rated, liked: its neighbours among the rated and among the declared films
    """

    rows: Ints
    own: Floats
    others: Ints
    mean: Floats
    by_genre: GenreRatings
    genre: Floats
    n_genres: Ints
    genre_hits: Ints
    person_hits: Ints
    rated: Neighbourhood
    liked: Neighbourhood


def look_near(catalogue: Catalogue, known: Known, rows: Ints) -> Near:
    content = catalogue.content
    return Near(
        nearness(content, rows, known.rated), nearness(content, rows, known.liked)
    )


def gather(catalogue: Catalogue, known: Known, rows: Ints, near: Near) -> Signals:
    """Gather the signals of the films at `rows`, that `look_near` was asked about."""
    rated = neighbourhood(near.rated, known.stars)
    liked = neighbourhood(near.liked, _ones(known))
    return _signals(catalogue, known, rows, rated, liked)


def gather_all(catalogue: Catalogue, known: Known) -> Signals:
    """Gather the signals of all films, each the same as by `gather`."""
    content, rows = catalogue.content, np.arange(len(catalogue))
    near = catalogue.near
    rated = neighbourhood_of_all(content, known.rated, known.stars, near)
    liked = neighbourhood_of_all(content, known.liked, _ones(known), near)
    return _signals(catalogue, known, rows, rated, liked)


def _signals(
    catalogue: Catalogue,
    known: Known,
    rows: Ints,
    rated: Neighbourhood,
    liked: Neighbourhood,
) -> Signals:
    genres = catalogue.genres
    own = _own_stars(catalogue, known)[rows]
    others = known.rated.size - (~np.isnan(own)).astype(np.int64)
    mean = member_mean(known.stars, own)
    by_genre = ratings_by_genre(genres, known.rated, known.stars)
    return Signals(
        rows=rows,
        own=own,
        others=others,
        mean=mean,
        by_genre=by_genre,
        genre=mean_genre_deviation(genres, rows, by_genre, mean, own),
        n_genres=np.diff(genres.rows.indptr)[rows].astype(np.int64),
        genre_hits=declared_genre_hits(genres, rows, known.genres),
        person_hits=declared_person_hits(catalogue, rows, known.people),
        rated=rated,
        liked=liked,
    )


def member_mean(stars: Floats, own: Floats) -> Floats:
    """3.5 + sum(stars - 3.5) / (n + 8), without the rating `own` where it is not NaN.

    One value per entry of `own`. A newcomer's mean is 3.5.
    """
    left_out = ~np.isnan(own)
    total = float((stars - AVERAGE_STARS).sum())
    without_own: Floats = total - np.where(left_out, own - AVERAGE_STARS, 0.0)
    return AVERAGE_STARS + without_own / (stars.size - left_out + MEMBER_PRIOR)


def _ones(known: Known) -> Floats:
    return np.ones(known.liked.size)


def _own_stars(catalogue: Catalogue, known: Known) -> Floats:
    own = np.full(len(catalogue), np.nan)
    own[known.rated] = known.stars
    return own
