"""A person from their ratings alone: exact posterior, exact "without".

    A = P0 + sum_i x_i x_i' / s_i,   h = P0 m0(seen) + sum_i x_i e_i / s_i,   w = A^-1 h

e_i = r_i - mu - b_i, s_i the noise variance of film i's ratings. A film j is expected
to get mu + b_j + x_j . w stars, with variance x_j' A^-1 x_j + s_j. Since w is linear
in h and h is a sum over rated films, every expectation is a sum of shares, one per
rated film, exactly. Leaving a rating out is a rank-1 downdate of A^-1 (Sherman &
Morrison 1950). d dimensions: (p: k factors, b: 1, theta: one per group).
"""

from dataclasses import dataclass

import numpy as np

from nexus.engine.arrays import Floats
from nexus.engine.learned.interactions import Columns, Known
from nexus.engine.learned.taste import TasteModel


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Folded in. known: what was rated; w float64[d]; covariance float64[d, d] = A^-1.

    shares float64[n, d]: each rated film's in h: P0 and its share in m0, x_i e_i / s_i;
    h = P0 start + their sum
    start float64[d]: the part of m0 that is owed to no film
    """

    known: Known
    w: Floats
    covariance: Floats
    start: Floats
    shares: Floats

    def __len__(self) -> int:
        return len(self.known)


def fold_in(model: TasteModel, known: Known) -> Person:
    """The person with these ratings; without any, the usual one."""
    rows, noise = model.rows(known.columns), model.noise[known.columns]
    precision = model.precision + (rows.T / noise) @ rows
    covariance = np.linalg.inv(precision)
    return _settle(model, known, (covariance + covariance.T) / 2)


def without(model: TasteModel, person: Person, place: int) -> Person:
    """The person as they would be had they not rated film `place` of `known`.

    Equal to folding in anew from the other ratings. IndexError if there is no such.
    """
    if not 0 <= place < len(person):
        raise IndexError(f"no rating {place} among {len(person)}")
    known = person.known
    column = known.columns[[place]]
    row, noise = model.rows(column)[0], model.noise[column[0]]
    turned = person.covariance @ row
    grown = np.outer(turned, turned) / (noise - row @ turned)
    left = Known(np.delete(known.columns, place), np.delete(known.stars, place))
    return _settle(model, left, person.covariance + grown)


def _settle(model: TasteModel, known: Known, covariance: Floats) -> Person:
    n = len(known)
    held = n / (n + model.pull_ratings) if n else 0.0
    start = model.usual - held * model.unpulled
    seen = model.seen.rows(known.columns) * (held / np.sqrt(max(n, 1)))
    pulls, own = seen @ model.weighed_pull, told(model, known)
    total = model.precision @ start + pulls.sum(axis=0) + own.sum(axis=0)
    return Person(known, covariance @ total, covariance, start, own + pulls)


def told(model: TasteModel, known: Known) -> Floats:
    """x_i e_i / s_i: what each rating itself adds to h, float64[n, d]."""
    columns = known.columns
    errors = known.stars - model.mean - model.quality[columns]
    return model.rows(columns) * (errors / model.noise[columns])[:, None]


def expected_stars(model: TasteModel, person: Person, columns: Columns) -> Floats:
    """float64[m], not clipped to 0.5..5; column -1 is a film nobody rated."""
    return model.mean + model.quality[columns] + model.rows(columns) @ person.w


def taste_variance(model: TasteModel, person: Person, columns: Columns) -> Floats:
    """x_j' A^-1 x_j: float64[m], stars^2; how little is known of the person's taste."""
    rows = model.rows(columns)
    found = np.einsum("md,md->m", rows @ person.covariance, rows)
    return np.asarray(found, dtype=np.float64)


def variance(model: TasteModel, person: Person, columns: Columns) -> Floats:
    """float64[m], stars^2: of the rating itself."""
    return taste_variance(model, person, columns) + model.noise[columns]
