"""The causes behind one score of "rules-1", each with its size in stars."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from nexus.engine import rules
from nexus.engine.affinity import (
    declared_genre_stars,
    declared_person_stars,
    shrunken_deviation,
)
from nexus.engine.arrays import Floats, Ids, Ints
from nexus.engine.catalogue import Catalogue
from nexus.engine.results import ComponentName, ReasonKind
from nexus.engine.signals import Near, Signals, gather, look_near
from nexus.engine.sparse import inner_products
from nexus.engine.taste import Known


class Cause(NamedTuple):
    """A term of the expectation: `stars` of effect; id and given as in Reason."""

    component: ComponentName
    kind: ReasonKind
    id: int | None
    given: float | None
    stars: float


# The places of rated films, and what each adds in stars.
Effects: TypeAlias = tuple[list[int], list[float]]


@dataclass(frozen=True, slots=True)
class Films:
    """Films as one member sees them: near, signals and scores hold one line each.

    left, quality, popularity: of each film, see `rules`; a list is quicker to look into
    mean, own: as in the signals; declared: stars that one declared genre adds to a film
    by_genre: number and sum of the member's ratings of each genre
    rated: of each film its rated neighbours, as places in `known`, with their effects
    rated_ids, rated_stars: of the films in `known`
    """

    catalogue: Catalogue
    known: Known
    rows: Ints
    near: Near
    signals: Signals
    scores: rules.RulesScores
    left: list[float]
    quality: list[float]
    popularity: list[float]
    mean: list[float]
    own: list[float]
    declared: list[float]
    by_genre: list[tuple[float, float]]
    rated: list[Effects]
    rated_ids: list[int]
    rated_stars: list[float]


def look_at(catalogue: Catalogue, known: Known, film_ids: Ids) -> Films:
    """ValueError if a film is not in the catalogue or asked about twice."""
    rows = catalogue.rows_of(film_ids)
    near = look_near(catalogue, known, rows)
    signals = gather(catalogue, known, rows, near)
    scores = rules.score_signals(catalogue, signals)
    declared = declared_genre_stars(signals.genre_hits, signals.n_genres)
    numbers, sums = signals.by_genre.count.tolist(), signals.by_genre.total.tolist()
    return Films(
        catalogue,
        known,
        rows,
        near,
        signals,
        scores,
        left=rules.outweighed(signals).tolist(),
        quality=rules.quality_stars(catalogue, rows).tolist(),
        popularity=rules.popularity_stars(catalogue, rows).tolist(),
        mean=signals.mean.tolist(),
        own=signals.own.tolist(),
        declared=(declared / np.maximum(signals.genre_hits, 1)).tolist(),
        by_genre=list(zip(numbers, sums, strict=True)),
        rated=_effects(near.rated, known, signals),
        rated_ids=catalogue.ids[known.rated].tolist(),
        rated_stars=known.stars.tolist(),
    )


def _effects(near: Floats, known: Known, signals: Signals) -> list[Effects]:
    """w * (stars - mean) / (sum(w) + 1.5) of each rated neighbour, unless it is 0."""
    mean, weight = signals.mean[:, np.newaxis], signals.rated.weight[:, np.newaxis]
    effects = near * (known.stars - mean) / (weight + rules.NEIGHBOUR_PRIOR)
    lines, places = effects.nonzero()
    # Nine films of ten weigh nothing, and of a handful a list is quicker to look into.
    rated, stars = places.tolist(), effects[lines, places].tolist()
    ends = np.cumsum(np.bincount(lines, minlength=len(effects))).tolist()
    return [(rated[first:end], stars[first:end]) for first, end in pairwise([0, *ends])]


def evidence_counts(films: Films) -> Ints:
    """How many ratings (near, or of a shared genre) and declarations bear on each."""
    rows, rated = films.rows, films.known.rated
    bearing = inner_products(films.catalogue.genres.rows, rows, rated) > 0
    bearing |= films.near.rated > 0
    bearing &= rows[:, np.newaxis] != rated
    liked = films.near.liked > 0
    declared = films.signals.genre_hits + films.signals.person_hits
    evidence: Ints = declared + bearing.sum(axis=1) + liked.sum(axis=1)
    return evidence


def causes(films: Films, at: int, limit: int | None = None) -> Iterator[Cause]:
    """Every term but the mean of the film at line `at`; by component they sum to it.

    limit: of the rated films no more than that many of the strongest are needed
    """
    yield from _rated(films, at, limit)
    yield from _genres(films, at)
    yield from _people(films, at)
    yield from _liked(films, at)
    yield from _fame(films, at)


def _rated(films: Films, at: int, limit: int | None) -> Iterator[Cause]:
    for i, stars in _strongest(films.rated[at], limit):
        given = films.rated_stars[i]
        yield Cause("rating_history", "rated_movie", films.rated_ids[i], given, stars)


def _strongest(effects: Effects, limit: int | None) -> Iterator[tuple[int, float]]:
    """Yield the largest effects by place; all ties of the last one stay in.

    So do those that differ by rounding alone, and may be ties as points.
    """
    places, stars = effects
    least = 0.0
    if limit is not None and 0 < limit < len(stars):
        least = sorted(map(abs, stars))[-limit] * (1 - 1e-12)
    for place, effect in zip(places, stars, strict=True):
        if abs(effect) >= least:
            yield place, effect


def _genres(films: Films, at: int) -> Iterator[Cause]:
    """Each genre's share of the mean deviation and of the declared genres."""
    genres = films.catalogue.genres
    columns = genres.columns_of(int(films.rows[at]))
    ids, mean, own = genres.ids[columns].tolist(), films.mean[at], films.own[at]
    # A handful of numbers: plain ones take a tenth of the time that arrays do.
    for column, id_ in zip(columns.tolist(), ids, strict=True):
        count, total = films.by_genre[column]
        if not math.isnan(own):
            count, total = count - 1, total - own
        stars = shrunken_deviation(count, total, mean) / len(ids)
        stars += films.declared[at] if id_ in films.known.genres else 0.0
        average = total / count if count else None
        effect = films.left[at] * stars
        yield Cause("genre_affinity", "genre", id_, average, effect)


def _people(films: Films, at: int) -> Iterator[Cause]:
    row, hits = int(films.rows[at]), films.signals.person_hits[at]
    if not hits:
        return
    stars = films.left[at] * float(declared_person_stars(hits)) / max(int(hits), 1)
    cast = films.catalogue.cast.weights_of(row)
    here = {*cast, *films.catalogue.directors.weights_of(row)}
    for person in films.known.people:
        if person in here:
            yield Cause("genre_affinity", "person", person, None, stars)


def _liked(films: Films, at: int) -> Iterator[Cause]:
    if not films.known.liked.size:
        return
    near = films.near.liked[at]
    total = films.signals.liked.weight[at] + rules.NEIGHBOUR_PRIOR
    effects = rules.LIKED_MOVIE * near / total
    for i in np.flatnonzero(near).tolist():
        id_ = int(films.catalogue.ids[films.known.liked[i]])
        stars = films.left[at] * float(effects[i])
        yield Cause("genre_affinity", "liked_movie", id_, None, stars)


def _fame(films: Films, at: int) -> Iterator[Cause]:
    votes = float(films.catalogue.quality[films.rows[at]]) / 2
    yield Cause("popularity", "quality", None, votes, films.quality[at])
    yield Cause("popularity", "popularity", None, None, films.popularity[at])
