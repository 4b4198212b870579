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
from nexus.engine.neighbours import Neighbourhood, neighbourhood
from nexus.engine.taste import Known

AVERAGE_STARS = 3.5
MEMBER_PRIOR = 8.0


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


def gather(catalogue: Catalogue, known: Known, rows: Ints | None) -> Signals:
    """Gather the signals of the films at `rows`, of all films if None."""
    asked = np.arange(len(catalogue)) if rows is None else rows
    genres = catalogue.genres
    own = _own_stars(catalogue, known)[asked]
    others = known.rated.size - (~np.isnan(own)).astype(np.int64)
    mean = member_mean(known.stars, own)
    by_genre = ratings_by_genre(genres, known.rated, known.stars)
    ones = np.ones(known.liked.size)
    return Signals(
        rows=asked,
        own=own,
        others=others,
        mean=mean,
        by_genre=by_genre,
        genre=mean_genre_deviation(genres, asked, by_genre, mean, own),
        n_genres=np.diff(genres.rows.indptr)[asked].astype(np.int64),
        genre_hits=declared_genre_hits(genres, asked, known.genres),
        person_hits=declared_person_hits(catalogue, asked, known.people),
        rated=neighbourhood(catalogue.content, known.rated, known.stars, rows),
        liked=neighbourhood(catalogue.content, known.liked, ones, rows),
    )


def member_mean(stars: Floats, own: Floats) -> Floats:
    """3.5 + sum(stars - 3.5) / (n + 8), without the rating `own` where it is not NaN.

    One value per entry of `own`. A newcomer's mean is 3.5.
    """
    left_out = ~np.isnan(own)
    total = float((stars - AVERAGE_STARS).sum())
    without_own: Floats = total - np.where(left_out, own - AVERAGE_STARS, 0.0)
    return AVERAGE_STARS + without_own / (stars.size - left_out + MEMBER_PRIOR)


def _own_stars(catalogue: Catalogue, known: Known) -> Floats:
    own = np.full(len(catalogue), np.nan)
    own[known.rated] = known.stars
    return own
