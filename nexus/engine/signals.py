"""Everything the fixed rules look at, gathered for one member over many films."""

from dataclasses import dataclass

import numpy as np

from nexus.engine.affinity import (
    GenreRatings,
    declared_genre_hits,
    declared_person_hits,
    mean_genre_deviation,
    ratings_by_genre,
    usual_genre_deviation,
)
from nexus.engine.arrays import Floats, Ints, Rows, Sparse
from nexus.engine.catalogue import Catalogue
from nexus.engine.content import Content, in_columns_of
from nexus.engine.neighbours import (
    Neighbourhood,
    find_lines,
    nearness,
    neighbourhood,
    sum_lines,
)
from nexus.engine.taste import Known, Taste, place

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

    rows: Rows
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


@dataclass(frozen=True, slots=True)
class Guests:
    """Films of a taste that a catalogue lacks, as it sees them.

    content, by_genre: in its columns
    """

    known: Known
    content: Content
    by_genre: GenreRatings


def receive(catalogue: Catalogue, guests: Catalogue, taste: Taste) -> Guests:
    """guests: films that the catalogue lacks, weighed as it weighs."""
    known = place(guests, taste)
    return Guests(
        known=known,
        content=in_columns_of(guests.content, guests.fields, catalogue.fields),
        by_genre=ratings_by_genre(guests.genres, known.rated, known.stars),
    )


def look_near(catalogue: Catalogue, known: Known, rows: Ints) -> Near:
    content = catalogue.content
    return Near(
        nearness(content, rows, known.rated), nearness(content, rows, known.liked)
    )


def gather(catalogue: Catalogue, known: Known, rows: Ints, near: Near) -> Signals:
    """Gather the signals of the films at `rows`, that `look_near` was asked about."""
    rated = neighbourhood(near.rated, known.stars)
    liked = neighbourhood(near.liked, np.ones(known.liked.size))
    own = _own_stars(catalogue, known)[rows]
    heard = _hear(_ratings(catalogue, known), catalogue.genres.rows, rows, own)
    return _signals(catalogue, known, rows, heard, rated, liked)


def gather_all(
    catalogue: Catalogue, known: Known, guests: Guests | None = None
) -> Signals:
    """Gather the signals of all films, each the same as by `gather`."""
    content, near, size = catalogue.content, catalogue.near, len(catalogue)
    rated, liked = (near.of(content, films) for films in (known.rated, known.liked))
    if guests is not None:
        rated += find_lines(guests.content, guests.known.rated, content)
        liked += find_lines(guests.content, guests.known.liked, content)
    ratings = _ratings(catalogue, known, guests)
    return _signals(
        catalogue,
        known,
        slice(None),
        _hear_of_all(catalogue, known, ratings),
        sum_lines(rated, ratings.stars, size=size),
        sum_lines(liked, np.ones(len(liked)), size=size),
    )


@dataclass(frozen=True, slots=True)
class _Ratings:
    """All of a member's ratings, those of guests behind the others."""

    stars: Floats
    by_genre: GenreRatings


def _ratings(
    catalogue: Catalogue, known: Known, guests: Guests | None = None
) -> _Ratings:
    by_genre = ratings_by_genre(catalogue.genres, known.rated, known.stars)
    if guests is None:
        return _Ratings(known.stars, by_genre)
    stars = np.concatenate([known.stars, guests.known.stars])
    return _Ratings(stars, by_genre.plus(guests.by_genre))


@dataclass(frozen=True, slots=True)
class _Heard:
    """Of some films, what the ratings say apart from neighbours; see `Signals`."""

    ratings: _Ratings
    own: Floats
    mean: Floats
    genre: Floats


def _hear(ratings: _Ratings, genres: Sparse, rows: Ints, own: Floats) -> _Heard:
    mean = member_mean(ratings.stars, own)
    genre = mean_genre_deviation(genres, rows, ratings.by_genre, mean, own)
    return _Heard(ratings, own, mean, genre)


def _hear_of_all(catalogue: Catalogue, known: Known, ratings: _Ratings) -> _Heard:
    """Hear once of all unrated films that share their genres, and of each rated one."""
    content, n = catalogue.content, len(catalogue)
    (mean,) = member_mean(ratings.stars, np.array([np.nan]))
    genres = usual_genre_deviation(content.genres, ratings.by_genre, mean)
    rated = _hear(ratings, catalogue.genres.rows, known.rated, known.stars)

    def put(usual: Floats, of_rated: Floats) -> Floats:
        usual[known.rated] = of_rated
        return usual

    return _Heard(
        ratings,
        own=put(np.full(n, np.nan), rated.own),
        mean=put(np.full(n, mean), rated.mean),
        genre=put(genres.take(content.genres_of), rated.genre),
    )


def _signals(
    catalogue: Catalogue,
    known: Known,
    rows: Rows,
    heard: _Heard,
    rated: Neighbourhood,
    liked: Neighbourhood,
) -> Signals:
    genres, own = catalogue.genres, heard.own
    return Signals(
        rows=rows,
        own=own,
        others=heard.ratings.stars.size - (~np.isnan(own)).astype(np.int64),
        mean=heard.mean,
        by_genre=heard.ratings.by_genre,
        genre=heard.genre,
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


def _own_stars(catalogue: Catalogue, known: Known) -> Floats:
    own = np.full(len(catalogue), np.nan)
    own[known.rated] = known.stars
    return own
