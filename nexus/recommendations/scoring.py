"""Who scores films for a member: the trained model, or fixed rules where there is none.

Both stand behind `Scorer`. The model answers whoever has rated a film that it knows. Of
a film that it does not know it can say nothing; the rules can, and their answer is
fitted in:

- in a list, by percentile: of the films that both can score and the member has not
  rated, as many are to be below it as are by the rules' probability of a like. One that
  the rules find likelier to be liked than three quarters of those gets the model's
  score at three quarters. Here the rules go by the member's newest 100 ratings.
- as a match score, by the rules alone, with low confidence and a range as wide as
  theirs is for somebody unknown.

What a member declares is no rating, and a chance of a like that was measured on ratings
does not move by it. In lists it counts: genres by the model's own term, people and
films, and genres that the model has no name for, by the rules' log-odds.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from math import ceil, floor
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from nexus import engine
from nexus.recommendations.films import Films
from nexus.recommendations.members import Member
from nexus.recommendations.percentiles import fit_in, nth_highest
from nexus.recommendations.serving import MODELS, Running

logger = logging.getLogger(__name__)

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
T = TypeVar("T")

# Of many ratings the rules look at the newest: their time grows with the number.
RATINGS_COMPARED: Final = 100
# The rules' range for a stranger and a film without votes, in log-odds to each side.
WIDE: Final = 1.51
# What is picked counts for less than where most later likes are found (1.9 at 100
# ratings, 3.1 at 20 and below), which costs .001 to .003 of NDCG: whoever looks at the
# list sees the match scores, and why a film that will not please them comes first.
PICK_WEIGHT: Final = 1.25
# What arithmetic raises over arrays that do not say what they should.
NUMBERS_AMISS: Final = (ArithmeticError, LookupError, TypeError, ValueError)
DECLARED: Final = frozenset({"genre", "person", "liked_movie"})
# MovieLens's names of TMDb's genres, where it has one. Its "Musical" is none: TMDb's
# "Music" is also of concerts and musicians' lives.
GENRE_NAMES: Final = {
    12: "Adventure",
    14: "Fantasy",
    16: "Animation",
    18: "Drama",
    27: "Horror",
    28: "Action",
    35: "Comedy",
    37: "Western",
    53: "Thriller",
    80: "Crime",
    99: "Documentary",
    878: "Sci-Fi",
    9648: "Mystery",
    10749: "Romance",
    10751: "Children",
    10752: "War",
}
GENRE_IDS: Final = {name: id_ for id_, name in GENRE_NAMES.items()}


class Scorer(Protocol):
    """Scores the films of one catalogue for one member."""

    @property
    def version(self) -> str: ...

    def relevance(self, among: Bools, *, own_stars: bool, most: int) -> Floats:
        """One value per film of the catalogue, in its order; higher is better.

        Finite for those `among`, all others are NaN; but so may be any that is not one
        of the `most` best. own_stars: what the member said of a film counts, not what
        is expected
        """
        ...

    def explain(
        self, movie_ids: Sequence[int], *, limit: int
    ) -> list[engine.Explanation]:
        """Take match scores apart, with at most so many reasons each.

        A film's own rating is left out of its score.
        """
        ...

    def without(self, movie_id: int) -> "Scorer":
        """The same, had the member not rated this film."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """The fixed formulas of "rules-1"; relevance is the probability of a like.

    Films beyond the picture have none, and count for it where the member judged them.
    """

    films: Films
    member: Member
    version: str = engine.RULES_VERSION

    @property
    def catalogue(self) -> engine.Catalogue:
        return self.films.catalogue

    def relevance(self, among: Bools, *, own_stars: bool, most: int) -> Floats:
        del most  # each film has its own
        likes = self.likes()
        found = self.own_stars_first(likes) if own_stars else likes
        return np.where(among, found, np.nan)

    def likes(self) -> Floats:
        """Return the probability of a like, of every film of the catalogue."""
        return self.score(self.member.taste).like

    def score(self, taste: engine.Taste) -> engine.RulesScores:
        return engine.score_by_rules(self.catalogue, taste, guests=self.films.guests)

    def own_stars_first(self, likes: Floats) -> Floats:
        rated = self.member.taste.rated
        rows = self.catalogue.known_rows(rated)
        found = likes.copy()
        found[rows] = [rated[id_] / 5 for id_ in self.catalogue.ids[rows].tolist()]
        return found

    def explain(
        self, movie_ids: Sequence[int], *, limit: int
    ) -> list[engine.Explanation]:
        return self.explain_as(self.member.taste, movie_ids, limit=limit)

    def explain_as(
        self, taste: engine.Taste, movie_ids: Sequence[int], *, limit: int | None = None
    ) -> list[engine.Explanation]:
        """Explain for a member of this taste."""
        if not movie_ids:
            return []
        catalogue = self.films.holding({*movie_ids, *taste.rated, *taste.movies})
        found = engine.explain_all_by_rules(catalogue, taste, movie_ids, limit=limit)
        return list(found)

    def without(self, movie_id: int) -> "Rules":
        return replace(self, member=self.member.without(movie_id))


class ModelBroken(ValueError):
    """The model has no number for a film that it was trained on."""


@dataclass(frozen=True, eq=False)
class Learned:
    """The trained model, and the rules for films that it does not know."""

    running: Running
    rules: Rules

    @property
    def version(self) -> str:
        return self.running.version

    @property
    def model(self) -> engine.Model:
        return self.running.model

    @property
    def catalogue(self) -> engine.Catalogue:
        return self.rules.catalogue

    @property
    def member(self) -> Member:
        return self.rules.member

    @cached_property
    def person(self) -> engine.Person:
        return self.model.person(self.member.history)

    def relevance(self, among: Bools, *, own_stars: bool, most: int) -> Floats:
        found = self.learned() + self.declared()
        known = ~np.isnan(found)
        rated = self.catalogue.known_rows(self.member.taste.rated)
        # Films that were rated score high: no new film is to be measured by them.
        scale = known.copy()
        scale[rated] = False
        if own_stars:
            known[rated] = False
        stands_in = among & ~known
        if stands_in.any():
            latest = replace(self.rules, member=self.member.latest(RATINGS_COMPARED))
            likes = latest.likes()
            if own_stars:
                likes = self.rules.own_stars_first(likes)
            least = nth_highest(found[np.flatnonzero(among & known)], most)
            found = fit_in(found, likes, stands_in, scale, least=least)
        return np.where(among, found, np.nan)

    def learned(self) -> Floats:
        """The model's score of every film; NaN where it does not know the film."""
        ids, genres = self.catalogue.ids, self.member.taste.genres
        names = [GENRE_NAMES[id_] for id_ in sorted(genres) if id_ in GENRE_NAMES]
        scores = self.model.rank(self.person, ids, declared=names, weight=PICK_WEIGHT)
        known = self.model.vocabulary.columns_of_all(ids) >= 0
        if (known & ~np.isfinite(scores)).any():
            raise ModelBroken("no score for a film it was trained on")
        return scores

    @property
    def knows_member(self) -> bool:
        return len(self.person) > 0

    def knows(self, movie_ids: Sequence[int] | NDArray[np.int64]) -> Bools:
        return self.model.vocabulary.columns(movie_ids) >= 0

    def declared(self) -> Floats:
        """Log-odds of what the member declared and the model has no term for."""
        said, named = self.said, set(self.model.pick.genres.names)
        genres = {id_ for id_ in said.genres if GENRE_NAMES.get(id_) not in named}
        if not (genres or said.people or said.movies):
            return np.zeros(len(self.catalogue))
        left = replace(said, genres=genres)
        return self.rules.score(left).genre_affinity

    @property
    def said(self) -> engine.Taste:
        """What the member declared, without any rating; a rated film is no more."""
        taste = self.member.taste
        movies = set(taste.movies) - set(taste.rated)
        return engine.Taste(genres=taste.genres, people=taste.people, movies=movies)

    def explain(
        self, movie_ids: Sequence[int], *, limit: int
    ) -> list[engine.Explanation]:
        known = self.knows(movie_ids).tolist()
        pairs = list(zip(movie_ids, known, strict=True))
        strange = self.rules.explain(
            [id_ for id_, told in pairs if not told], limit=limit
        )
        found = {one.film_id: cautious(one) for one in strange}
        rated = [id_ for id_, told in pairs if told]
        said = self.reasons_said(rated)
        for one in self.model.explain_all(self.person, rated, limit=limit):
            # A third of the reasons are for what the member declared.
            own = said.get(one.film_id, [])[: limit // 3]
            learned = map(with_genre_of_ours, one.reasons[: limit - len(own)])
            reasons = (*learned, *own)
            found[one.film_id] = replace(
                one, model_version=self.version, reasons=reasons
            )
        return [found[id_] for id_ in movie_ids]

    def reasons_said(self, movie_ids: Sequence[int]) -> dict[int, list[engine.Reason]]:
        """Name what the member declared that bears on the films, without points.

        It is why they are listed, and no part of their match score.
        """
        if not (movie_ids and self.member.is_known):
            return {}
        found = self.rules.explain_as(self.said, movie_ids)
        return {
            one.film_id: [
                replace(reason, points=0.0)
                for reason in one.reasons
                if reason.kind in DECLARED
            ]
            for one in found
        }

    def without(self, movie_id: int) -> Scorer:
        """The rules, if it was the only rating that the model knows."""
        left = replace(self, rules=self.rules.without(movie_id))
        return left if left.knows_member else left.rules


def with_genre_of_ours(reason: engine.Reason) -> engine.Reason:
    """Give a genre that the model has a name for our id, where we have that genre."""
    if reason.kind != "genre" or reason.name is None:
        return reason
    return replace(reason, id=GENRE_IDS.get(reason.name))


def cautious(found: engine.Explanation) -> engine.Explanation:
    """Take the answer for what it is: a guess about a film that nobody rated."""
    low, high = widely_around(found.match_score)
    interval = min(found.interval[0], low), max(found.interval[1], high)
    return replace(found, confidence="low", interval=interval)


@cache
def widely_around(match_score: int) -> tuple[int, int]:
    middle = logit(np.clip(match_score / 100, 0.005, 0.995))
    low, high = expit(middle - WIDE), expit(middle + WIDE)
    return floor(100 * low), ceil(100 * high)


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """degraded: there is a model, and it could not answer."""

    value: T
    version: str
    degraded: bool = False


class Panel:
    """Asks the model of this process, and the rules where it has no answer."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.told: set[str] = set()

    def ask(
        self,
        question: Callable[[Scorer], T],
        *,
        films: Films,
        member: Member,
        now: datetime,
    ) -> Answered[T]:
        """Return the answer; the question must be arithmetic alone."""
        rules = Rules(films, member)

        def by_model(running: Running) -> Answered[T] | None:
            learned = Learned(running, rules)
            if not learned.knows_member:
                return None
            return Answered(question(learned), learned.version)

        def by_rules() -> Answered[T]:
            return Answered(question(rules), rules.version)

        if not member.taste.rated:
            return by_rules()
        return self.choose(by_model, by_rules, now=now)

    def choose(
        self,
        by_model: Callable[[Running], Answered[T] | None],
        by_rules: Callable[[], Answered[T]],
        *,
        now: datetime,
    ) -> Answered[T]:
        """Return the model's answer, or the rules' where there is none.

        Whatever goes wrong with a model is logged once, and then the rules are asked.
        """
        running = MODELS.running(now=now)
        if running is None:
            return replace(by_rules(), degraded=MODELS.is_lacking)
        try:
            answer = by_model(running)
        except NUMBERS_AMISS as error:
            self.tell(running.version, error)
            return replace(by_rules(), degraded=True)
        return by_rules() if answer is None else answer

    def tell(self, version: str, error: Exception) -> None:
        if version not in self.told:
            self.told.add(version)
            logger.error("model %s fails, rules answer", version, exc_info=error)


PANEL: Final = Panel()
