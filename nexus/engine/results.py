"""What a scorer answers: the same forms for fixed rules and for trained models."""

from dataclasses import dataclass
from typing import Literal

from nexus.engine.arrays import Floats

ComponentName = Literal["genre_affinity", "rating_history", "popularity"]
ReasonKind = Literal[
    "rated_movie", "liked_movie", "genre", "person", "quality", "popularity"
]
Confidence = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """How well films suit one member: float64[n] each, in the order asked for.

    like:       probability 0..1 that the member would give 4 stars or more
    expected:   stars, 0.5..5
    low, high:  stars: four of five ratings are expected between the two
    confidence: share 0..1 of the uncertainty of a stranger about an unknown film that
                is gone
    NaN = cannot say.
    """

    like: Floats
    expected: Floats
    low: Floats
    high: Floats
    confidence: Floats


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the match score in whole points, positive or negative."""

    name: ComponentName
    points: int


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause in numbers; the application finds the words.

    id:     film, genre or person, by `kind`; None for quality and popularity, and for
            a genre that a trained model knows by name
    stars:  rated_movie: what the member gave it; genre: the member's average there,
            None if none was rated; quality: the average as stars 0.5..5, drawn to the
            usual one while votes are few; otherwise None
    points: share of the match score, before rounding to whole points
    name:   the genre as the ratings' source calls it, where there is no id
    """

    kind: ReasonKind
    id: int | None
    stars: float | None
    points: float
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One match score taken apart.

    match_score:    0..100; base_points + the components' points, exactly
    base:           points of the average film for anybody, before rounding; with those
                    of all reasons they are 100 * Match.like, but for rounding errors
    expected_stars: 0.5..5
    interval:       whole points, low <= match_score <= high, within 0..100: the score
                    at either end of an 80 % range of stars. In "rules-1" that is the
                    range of the expectation, in a trained model that of the rating
                    itself: it stays wide however much is known
    evidence_count: ratings and declared preferences that bear on this film
    cold_start:     no rating of another film is there to go by
    reasons:        strongest first by |points|
    """

    film_id: int
    model_version: str
    match_score: int
    base_points: int
    base: float
    components: tuple[Component, ...]
    expected_stars: float
    interval: tuple[int, int]
    confidence: Confidence
    evidence_count: int
    cold_start: bool
    reasons: tuple[Reason, ...]
