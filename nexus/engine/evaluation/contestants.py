"""What can be measured: anything with a name that learns a model from ratings.

A model knows a person by the history handed to it, so it can answer for somebody it
never saw; only `RatingModel` may have been trained on the very person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from nexus.engine.arrays import Floats, Ints
from nexus.engine.learned.interactions import History, Ratings
from nexus.engine.results import Match


class RankingModel(Protocol):
    """Orders films by what the person would pick and like next."""

    def rank(self, history: History, candidates: Ints) -> Floats:
        """float64[m]: higher is better, NaN = cannot say; rated films are scored too.

        Hiding what is rated is the protocol's business, because the mask is part of
        what is compared.
        """
        ...


@runtime_checkable
class DeclaringModel(Protocol):
    """A ranking model that also takes the names of genres a person says they like."""

    def rank_declared(
        self, history: History, candidates: Ints, declared: Sequence[str]
    ) -> Floats: ...


class RatingModel(Protocol):
    def expect(self, person: int, history: History, candidates: Ints) -> Floats:
        """float64[m]: stars 0.5..5, never NaN; the history is what was trained on."""
        ...


class MatchModel(Protocol):
    """Foresees how much anybody would like films: chance, stars, range."""

    def match(self, history: History, candidates: Ints) -> Match: ...


@runtime_checkable
class ExplainingModel(Protocol):
    def explain(self, history: History, candidate: int) -> object: ...


@runtime_checkable
class SavingModel(Protocol):
    """A model that is kept in files: all that serving needs, in a new folder."""

    def save(self, directory: Path) -> object: ...


class Ranker(Protocol):
    @property
    def name(self) -> str: ...

    def fit(self, ratings: Ratings) -> RankingModel: ...


class Predictor(Protocol):
    @property
    def name(self) -> str: ...

    def fit(self, ratings: Ratings) -> RatingModel: ...


class Matcher(Protocol):
    @property
    def name(self) -> str: ...

    def fit(self, ratings: Ratings) -> MatchModel: ...


@dataclass(frozen=True, slots=True)
class Field:
    """Who takes part in which protocols; the first of each is what others differ from.

    absent: names of peers left out because their library is not installed
    """

    rankers: tuple[Ranker, ...] = ()
    predictors: tuple[Predictor, ...] = ()
    matchers: tuple[Matcher, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def everybody(self) -> tuple[Ranker | Predictor | Matcher, ...]:
        """Each contestant once, in order of appearance."""
        all_of: list[Ranker | Predictor | Matcher] = []
        all_of += [*self.rankers, *self.predictors, *self.matchers]
        return tuple({contestant.name: contestant for contestant in all_of}.values())
