"""The causes behind one score of "rules-1", each with its size in stars."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nexus.engine import rules
from nexus.engine.affinity import (
    declared_genre_stars,
    declared_person_stars,
    genre_deviation,
)
from nexus.engine.arrays import Floats, Ints
from nexus.engine.catalogue import Catalogue
from nexus.engine.content import similarities
from nexus.engine.neighbours import closeness
from nexus.engine.results import ComponentName, ReasonKind
from nexus.engine.signals import Signals, gather
from nexus.engine.taste import Known


@dataclass(frozen=True, slots=True)
class Cause:
    """A term of the expectation: `stars` of effect; id and given as in Reason."""

    component: ComponentName
    kind: ReasonKind
    id: int | None
    given: float | None
    stars: float


@dataclass(frozen=True, slots=True)
class Film:
    """One film as one member sees it; signals and scores hold one value each."""

    catalogue: Catalogue
    known: Known
    row: int
    signals: Signals
    scores: rules.RulesScores


def look_at(catalogue: Catalogue, known: Known, film_id: int) -> Film:
    """ValueError if the film is not in the catalogue."""
    rows = catalogue.rows_of([film_id])
    signals = gather(catalogue, known, rows)
    scores = rules.score_signals(catalogue, signals)
    return Film(catalogue, known, int(rows[0]), signals, scores)


def causes(film: Film) -> Iterator[Cause]:
    """Every term but the mean; by component they sum to its stars."""
    yield from _rated(film)
    yield from _genres(film)
    yield from _people(film)
    yield from _liked(film)
    yield from _fame(film)


def evidence_count(film: Film) -> int:
    """How many ratings (near, or of a shared genre) and declarations bear on it."""
    bearing = _closeness(film, film.known.rated) > 0
    genres = film.catalogue.genres
    for genre in genres.weights_of(film.row):
        bearing |= np.isin(film.known.rated, genres.films_with(genre))
    bearing &= film.known.rated != film.row
    signals = film.signals
    declared = signals.genre_hits + signals.person_hits + signals.liked.count
    return int(bearing.sum() + declared[0])


def _rated(film: Film) -> Iterator[Cause]:
    """w * (stars - mean) / (sum(w) + 1.5) of each rated neighbour."""
    near = _closeness(film, film.known.rated)
    total = film.signals.rated.weight[0] + rules.NEIGHBOUR_PRIOR
    effects = near * (film.known.stars - film.signals.mean[0]) / total
    for at in np.flatnonzero(near):
        id_ = int(film.catalogue.ids[film.known.rated[at]])
        given, stars = float(film.known.stars[at]), float(effects[at])
        yield Cause("rating_history", "rated_movie", id_, given, stars)


def _genres(film: Film) -> Iterator[Cause]:
    """Each genre's share of the mean deviation and of the declared genres."""
    genres, signals = film.catalogue.genres, film.signals
    ids = genres.weights_of(film.row)
    columns = np.searchsorted(genres.ids, list(ids))
    mean, own = (np.repeat(x, len(ids)) for x in (signals.mean, signals.own))
    each = genre_deviation(signals.by_genre, columns, mean, own) / max(len(ids), 1)
    hits = signals.genre_hits
    declared = declared_genre_stars(hits, signals.n_genres)[0] / max(hits[0], 1)
    for column, id_, rated in zip(columns, ids, each, strict=True):
        stars = rated + (declared if id_ in film.known.genres else 0.0)
        average = _genre_average(film, int(column))
        yield Cause("genre_affinity", "genre", id_, average, _left(film) * float(stars))


def _genre_average(film: Film, column: int) -> float | None:
    by_genre, own = film.signals.by_genre, film.signals.own[0]
    has_own = not np.isnan(own)
    count = by_genre.count[column] - has_own
    if not count:
        return None
    return float((by_genre.total[column] - (own if has_own else 0.0)) / count)


def _people(film: Film) -> Iterator[Cause]:
    hits = film.signals.person_hits
    stars = _left(film) * float(declared_person_stars(hits)[0]) / max(hits[0], 1)
    cast = film.catalogue.cast.weights_of(film.row)
    here = {*cast, *film.catalogue.directors.weights_of(film.row)}
    for person in film.known.people:
        if person in here:
            yield Cause("genre_affinity", "person", person, None, stars)


def _liked(film: Film) -> Iterator[Cause]:
    near = _closeness(film, film.known.liked)
    total = film.signals.liked.weight[0] + rules.NEIGHBOUR_PRIOR
    effects = rules.LIKED_MOVIE * near / total
    for at in np.flatnonzero(near):
        id_ = int(film.catalogue.ids[film.known.liked[at]])
        stars = _left(film) * float(effects[at])
        yield Cause("genre_affinity", "liked_movie", id_, None, stars)


def _fame(film: Film) -> Iterator[Cause]:
    rows = film.signals.rows
    quality = float(rules.quality_stars(film.catalogue, rows)[0])
    votes = float(film.catalogue.quality[film.row]) / 2
    yield Cause("popularity", "quality", None, votes, quality)
    popularity = float(rules.popularity_stars(film.catalogue, rows)[0])
    yield Cause("popularity", "popularity", None, None, popularity)


def _left(film: Film) -> float:
    return float(rules.outweighed(film.signals)[0])


def _closeness(film: Film, judged: Ints) -> Floats:
    alike = similarities(film.catalogue.content, film.signals.rows, judged)[0]
    return np.where(judged == film.row, 0.0, closeness(alike))
