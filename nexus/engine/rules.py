"""The scorer "rules-1": fixed formulas, nothing fitted.

Everything is added up in stars and turned into log-odds once:

    expected = mean + (1 - a) * affinity + a * history + quality + popularity
    log-odds = 1.7 * (expected - 3.5),   like = sigmoid(log-odds)

mean       3.5 + sum(stars - 3.5) / (n + 8), the member's generosity (the damped
           baseline of Koren 2008)
history    sum(w * (stars - mean)) / sum(w) over the content neighbours among the
           rated films, w = `neighbours.closeness`; a = sum(w) / (sum(w) + 1.5)
affinity   mean over the film's genres of sum(stars - mean) / (n in genre + 5), plus
           .25 * declared genres / sqrt(genres) + .3 * sqrt(declared people)
           + .5 * a' for declared films, a' = a over those in place of the rated ones
quality    .3 stars per point (of 10) of the Bayesian vote average above the usual
popularity .25 * (percentile - .5)

What the member gave to films like this one outweighs what is known of its genres as
far as there are such films (a): neighbours shrink towards genres, genres to the mean.
It is monotonic throughout: a rating raised, or a genre, person or film declared, never
lowers the score of any film. A film's own rating is left out of its own score, which
says what the member would be told without having rated it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nexus.engine.affinity import declared_genre_stars, declared_person_stars
from nexus.engine.arrays import Floats, Ids, Ints, Rows
from nexus.engine.catalogue import Catalogue
from nexus.engine.quality import PRIOR_VOTES
from nexus.engine.results import Match
from nexus.engine.signals import (
    AVERAGE_STARS,
    Signals,
    gather,
    gather_all,
    look_near,
    receive,
)
from nexus.engine.taste import LEAST_STARS, MOST_STARS, Taste, place

VERSION = "rules-1"

NEIGHBOUR_PRIOR = 1.5
LIKED_MOVIE = 0.5
QUALITY_GAIN = 0.3
POPULARITY_GAIN = 0.25
LOG_ODDS_PER_STAR = 1.7

TASTE_SD = 0.6
QUALITY_SD = 0.35
RATING_SD = 0.8
EIGHTY_PERCENT = 1.2816  # half-width of a normal's middle 80 %, in deviations


@dataclass(frozen=True, eq=False)
class RulesScores:
    """What "rules-1" says of the films at `ids`, one value each.

    mean, affinity, history, fame: stars, whose sum is expected. votes, others: on what
    it rests, see `Catalogue` and `Signals`; evidence: the effective number of rated
    neighbours. All else is worked out when it is asked for: lists need no more than
    `like`.
    """

    ids: Ints
    mean: Floats
    affinity: Floats
    history: Floats
    fame: Floats
    evidence: Floats
    others: Ints
    votes: Floats

    @cached_property
    def base(self) -> Floats:
        """Log-odds, as the next three: their sum is the log-odds of `like`."""
        return LOG_ODDS_PER_STAR * (self.mean - AVERAGE_STARS)

    @cached_property
    def genre_affinity(self) -> Floats:
        return LOG_ODDS_PER_STAR * self.affinity

    @cached_property
    def rating_history(self) -> Floats:
        return LOG_ODDS_PER_STAR * self.history

    @cached_property
    def popularity(self) -> Floats:
        return LOG_ODDS_PER_STAR * self.fame

    @cached_property
    def expected(self) -> Floats:
        """Stars, not clipped to 0.5..5."""
        return self.mean + self.affinity + self.history + self.fame

    @cached_property
    def like(self) -> Floats:
        log_odds = LOG_ODDS_PER_STAR * (self.expected - AVERAGE_STARS)
        return np.asarray(1 / (1 + np.exp(-log_odds)))

    @cached_property
    def uncertainty(self) -> Floats:
        """Standard deviation of the expectation in stars; falls with ratings and votes.

        variance = .6^2 / (1 + neighbours / 2 + ratings / 40)
                   + .35^2 * 100 / (votes + 100)
        """
        taste = TASTE_SD**2 / (1 + (self.evidence / 2 + self.others / 40))
        film = QUALITY_SD**2 * PRIOR_VOTES / (self.votes + PRIOR_VOTES)
        return np.asarray(np.sqrt(taste + film))

    @cached_property
    def match(self) -> Match:
        """Probability, stars, and the 80 % range of a single rating around them.

        A rating varies by .8 stars around its expectation, however well that is known.
        """
        half = EIGHTY_PERCENT * np.sqrt(self.uncertainty**2 + RATING_SD**2)
        most = TASTE_SD**2 + QUALITY_SD**2
        return Match(
            like=self.like,
            expected=np.clip(self.expected, LEAST_STARS, MOST_STARS),
            low=np.clip(self.expected - half, LEAST_STARS, MOST_STARS),
            high=np.clip(self.expected + half, LEAST_STARS, MOST_STARS),
            confidence=np.clip(1 - self.uncertainty**2 / most, 0.0, 1.0),
        )


def score_by_rules(
    catalogue: Catalogue,
    taste: Taste,
    film_ids: Ids | None = None,
    *,
    guests: Catalogue | None = None,
) -> RulesScores:
    """Score the given films in the given order, by default all by ascending id.

    A film's values do not depend on which others are asked about. ValueError if a
    film is not in the catalogue or asked about twice. guests: films of the taste that
    the catalogue lacks, weighed as it weighs; they count where all films are scored.
    """
    known = place(catalogue, taste)
    if film_ids is None:
        received = None if guests is None else receive(catalogue, guests, taste)
        return score_signals(catalogue, gather_all(catalogue, known, received))
    rows = catalogue.rows_of(film_ids)
    near = look_near(catalogue, known, rows)
    return score_signals(catalogue, gather(catalogue, known, rows, near))


def score_signals(catalogue: Catalogue, signals: Signals) -> RulesScores:
    rows = signals.rows
    return RulesScores(
        ids=catalogue.ids[rows],
        mean=signals.mean,
        affinity=outweighed(signals) * affinity_stars(signals),
        history=history_stars(signals),
        fame=quality_stars(catalogue, rows) + popularity_stars(catalogue, rows),
        evidence=signals.rated.weight,
        others=signals.others,
        votes=catalogue.votes[rows],
    )


def outweighed(signals: Signals) -> Floats:
    """1 - a: the part of the affinity that rated neighbours leave standing, 0..1."""
    return NEIGHBOUR_PRIOR / (signals.rated.weight + NEIGHBOUR_PRIOR)


def history_stars(signals: Signals) -> Floats:
    """a * history: sum(w * (stars - mean)) / (sum(w) + 1.5); 0 without neighbours."""
    near = signals.rated
    return (near.stars - signals.mean * near.weight) / (near.weight + NEIGHBOUR_PRIOR)


def affinity_stars(signals: Signals) -> Floats:
    """Genres by rating and by declaration, declared people and films, in stars."""
    found = signals.genre
    if signals.genre_hits.any():
        found = found + declared_genre_stars(signals.genre_hits, signals.n_genres)
    if signals.person_hits.any():
        found = found + declared_person_stars(signals.person_hits)
    if signals.liked.weight.any():
        found = found + liked_movie_stars(signals.liked.weight)
    return found


def liked_movie_stars(weight: Floats) -> Floats:
    """.5 stars * sum(w) / (sum(w) + 1.5) over the declared films alike."""
    return LIKED_MOVIE * weight / (weight + NEIGHBOUR_PRIOR)


def quality_stars(catalogue: Catalogue, rows: Rows) -> Floats:
    """.3 stars per point of vote average above the usual; 0 without votes."""
    return QUALITY_GAIN * (catalogue.quality[rows] - catalogue.usual_quality)


def popularity_stars(catalogue: Catalogue, rows: Rows) -> Floats:
    """.25 * (percentile - .5): from -.125 to .125 stars, 0 if unknown."""
    return POPULARITY_GAIN * (catalogue.popularity[rows] - 0.5)
