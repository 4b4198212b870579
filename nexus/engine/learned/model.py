"""The learned engine in one piece: learns from many, answers for anybody.

Two fitted parts share a table of ratings: which film somebody picks next (`pick`), and
how they would like it (`taste`, with the calibration that makes true chances of it).
A person is nothing but their ratings: a new one counts in the very next answer, and
nothing is kept of anybody.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal, Protocol, TypeAlias, TypeVar

import numpy as np

from nexus.engine.arrays import Floats, Ids, Ints, check_count
from nexus.engine.learned import explanation, fold_in, matching
from nexus.engine.learned.calibration import Calibration
from nexus.engine.learned.cards import choose_cards
from nexus.engine.learned.combine import combine, pick_weight
from nexus.engine.learned.held_out import calibrate_on_held_out
from nexus.engine.learned.interactions import (
    Columns,
    History,
    Ratings,
    Table,
    Vocabulary,
    index,
    place,
)
from nexus.engine.learned.likes import doubt_of_strangers, likes_of_all
from nexus.engine.learned.pick import PickConfig, PickModel, fit_pick
from nexus.engine.learned.pick_sparse import SparseConfig, fit_pick_sparse, is_small
from nexus.engine.learned.prior import Groups
from nexus.engine.learned.taste import TasteConfig, TasteModel, fit_taste
from nexus.engine.results import Explanation, Match

N_CARDS = 50


@dataclass(frozen=True, slots=True)
class Config:
    """Constants of both parts.

    sparse counts in the scalable form; scalable: whether to take that, None: where the
    exact one is too large
    """

    pick: PickConfig = field(default_factory=PickConfig)
    sparse: SparseConfig = field(default_factory=SparseConfig)
    taste: TasteConfig = field(default_factory=TasteConfig)
    scalable: bool | None = None


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """fingerprint: SHA-256 of the ratings, whatever order they came in."""

    fingerprint: str
    n_ratings: int
    n_people: int
    n_films: int


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Fitted by `fit`, or mapped by `load`. Every method leaves it as it is.

    strangers: float64[n_films], for ranking (see `likes`)
    cards: int64[<= 50], the films to ask somebody new about, the most telling first
    """

    pick: PickModel
    taste: TasteModel
    calibration: Calibration
    strangers: Floats
    trained_on: TrainedOn
    cards: Ints

    def __post_init__(self) -> None:
        """ValueError if the parts are not of the same films, or not of one size."""
        if not np.array_equal(self.pick.vocabulary.items, self.vocabulary.items):
            raise ValueError("pick and taste are of different films")
        for name, (found, wanted) in _shapes(self).items():
            if found != wanted:
                raise ValueError(f"{name} must be of shape {wanted}, not {found}")

    @property
    def vocabulary(self) -> Vocabulary:
        """The films somebody has rated, ascending by id."""
        return self.taste.vocabulary

    def person(self, history: History) -> fold_in.Person:
        """What the model makes of them, once for all questions about one person."""
        return fold_in.fold_in(self.taste, place(self.vocabulary, history))

    def rank(
        self,
        history: History | fold_in.Person,
        candidates: Ids,
        declared: Sequence[str] = (),
        *,
        weight: float | None = None,
    ) -> Floats:
        """float64[m]: what to show first; higher is better, NaN = nobody rated it.

        Rated candidates get a score like the others, for the caller to hide. declared:
        names of groups (genres) the person says they like, not one string. weight: of
        what is picked beside what is liked, which counts 1; None: what finds most of
        the films that people go on to like (`combine.pick_weight`).
        """
        _refuse_string("declared", declared)
        person = self._as_person(history)
        known = person.known
        like = likes_of_all(self.taste, self.calibration, person, self.strangers)
        pick = self.pick.scores(known.columns, known.stars, declared)
        weight = pick_weight(len(known)) if weight is None else weight
        # One place more than there are films: where those nobody rated (-1) point.
        scores = np.append(combine(pick, like, weight), np.nan)
        return scores[self.vocabulary.columns_of_all(candidates)]

    def match(self, history: History | fold_in.Person, candidates: Ids) -> Match:
        """How each film would suit the person, as if they had not rated this film.

        A film nobody rated is taken for an average one, with a wide range.
        """
        person = self._as_person(history)
        columns = self.vocabulary.columns(candidates)
        values = {each.name: np.empty(columns.size) for each in fields(Match)}
        for asked, places in self._by_what_is_left_out(person, columns):
            found = self._match(asked, columns[places])
            for name, filled in values.items():
                filled[places] = getattr(found, name)
        return Match(**values)

    def explain(
        self,
        history: History | fold_in.Person,
        candidate: int,
        limit: int | None = None,
    ) -> Explanation:
        """Take the match score of one film apart; all of it adds up.

        limit: reasons to name at most, the strongest; None: all of them.
        """
        return self.explain_all(history, [candidate], limit)[0]

    def explain_all(
        self,
        history: History | fold_in.Person,
        candidates: Ids,
        limit: int | None = None,
    ) -> tuple[Explanation, ...]:
        """Explain each film as `explain` does, in the given order; much faster."""
        check_count("limit", limit)
        if not len(candidates):
            return ()
        person = self._as_person(history)
        columns = self.vocabulary.columns(candidates)
        ids: list[int] = np.asarray(candidates).tolist()
        found: dict[int, Explanation] = {}
        for asked, places in self._by_what_is_left_out(person, columns):
            films = [ids[at] for at in places.tolist()]
            explained = explanation.explain(
                self.taste, self.calibration, asked, films, limit=limit
            )
            found.update(zip(places.tolist(), explained, strict=True))
        return tuple(found[at] for at in range(len(ids)))

    def without(self, history: History, rated_item: int, candidate: int) -> Match:
        """The match of one film had `rated_item` not been rated, exactly; arrays of 1.

        ValueError if it is not in the history.
        """
        if rated_item not in history.items:
            raise ValueError(f"film {rated_item} is not in the history")
        column = self.vocabulary.columns([rated_item])[0]
        person = self._unrated(self.person(history), column)
        columns = self.vocabulary.columns([candidate])
        return self._match(self._unrated(person, columns[0]), columns)

    def _as_person(self, history: History | fold_in.Person) -> fold_in.Person:
        return self.person(history) if isinstance(history, History) else history

    def _match(self, person: fold_in.Person, columns: Columns) -> Match:
        return matching.match(self.taste, self.calibration, person, columns)

    def _by_what_is_left_out(
        self, person: fold_in.Person, columns: Columns
    ) -> Iterator[tuple[fold_in.Person, Columns]]:
        """Places of the columns, with the person as they are to be asked about these.

        That is without their rating of the very film, so each rated film comes alone.
        """
        told = set(person.known.columns.tolist())
        asked = columns.tolist()
        left = [at for at, column in enumerate(asked) if column not in told]
        if left:
            yield person, np.array(left)
        for column in sorted(told.intersection(asked)):
            yield self._unrated(person, column), np.flatnonzero(columns == column)

    def _unrated(self, person: fold_in.Person, column: int) -> fold_in.Person:
        """The person without their rating of the column, if there is one."""
        places = np.flatnonzero(person.known.columns == column)
        if column < 0 or not places.size:
            return person
        return fold_in.without(self.taste, person, int(places[0]))


def _shapes(model: Model) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Of everything that is indexed by films or multiplied: as it is, as it must be."""
    pick, taste, n = model.pick, model.taste, len(model.vocabulary)
    d, q = taste.k + 1 + len(taste.groups), len(taste.pull)
    nothing = np.empty(0, dtype=np.intp), np.empty(0)
    targets = pick.weights.product(*nothing).size
    return {
        "strangers": (model.strangers.shape, (n,)),
        "pick.weights": ((pick.weights.n_items, targets), (n, n)),
        "pick.prior": (pick.prior.shape, (n,)),
        "pick.genres": (pick.genres.members.shape, (len(pick.genres.names), n)),
        "taste.vectors": (taste.vectors.shape, (n + 1, d)),
        "taste.quality": (taste.quality.shape, (n + 1,)),
        "taste.noise": (taste.noise.shape, (n + 1,)),
        "taste.doubt": (taste.doubt.shape, (n + 1,)),
        "taste.counts": (taste.counts.shape, (n + 1,)),
        "taste.precision": (taste.precision.shape, (d, d)),
        "taste.usual": (taste.usual.shape, (d,)),
        "taste.unpulled": (taste.unpulled.shape, (d,)),
        "taste.seen": (taste.seen.codes.shape, (n, q)),
        "taste.pull": (taste.pull.shape, (q, d)),
    }


Part: TypeAlias = Literal["pick", "taste", "calibration"]
T = TypeVar("T")


class Keep(Protocol):
    """Returns a part by its name: as it was kept, or made and kept."""

    def __call__(self, name: Part, make: Callable[[], T]) -> T: ...


def make_anew(name: Part, make: Callable[[], T]) -> T:
    return make()


def fit(
    ratings: Ratings,
    *,
    config: Config | None = None,
    item_groups: Groups | None = None,
    rng: np.random.Generator,
    keep: Keep = make_anew,
) -> Model:
    """Learn from ratings; equal ratings, config and seed give equal bits.

    That is on one machine, with one number of threads. item_groups: names of the groups
    (genres) of each film id, from the source of the ratings. keep: called with the name
    and the making of each long part; it may return what an earlier run has made.
    ValueError if there are no ratings, or if names are one string.
    """
    for film, names in (item_groups or {}).items():
        _refuse_string(f"item_groups[{film}]", names)
    config = config or Config()
    table = index(ratings)
    # Each part's own numbers: they are the same whether another part is made or kept.
    for_pick, for_taste, for_calibration = rng.spawn(3)
    pick = keep("pick", lambda: _fit_pick(table, config, item_groups, for_pick))
    taste = keep(
        "taste",
        lambda: fit_taste(table, item_groups, config=config.taste, rng=for_taste),
    )
    held_out = keep(
        "calibration",
        lambda: calibrate_on_held_out(
            table, item_groups, config=config.taste, rng=for_calibration
        ),
    )
    strangers = doubt_of_strangers(taste)
    cards = choose_cards(table, N_CARDS)
    return Model(pick, taste, held_out, strangers, _describe(table), cards)


def _refuse_string(name: str, names: Sequence[str]) -> None:
    """A string is a sequence of strings, too: of its letters."""
    if isinstance(names, str):
        raise ValueError(f"{name} must be a sequence of names, not {names!r}")


def _fit_pick(
    table: Table, config: Config, groups: Groups | None, rng: np.random.Generator
) -> PickModel:
    scalable = config.scalable
    if scalable is None:
        scalable = not is_small(table.n_users, table.n_items)
    if scalable:
        sizes = config.sparse
        return fit_pick_sparse(table, config.pick, sizes, rng=rng, groups=groups)
    return fit_pick(table, config.pick, groups=groups)


def _describe(table: Table) -> TrainedOn:
    digest = hashlib.sha256()
    for values in (table.vocabulary.items, table.users, table.items, table.stars):
        digest.update(values.data)
    if table.order is not None:
        digest.update(table.order.data)
    return TrainedOn(
        fingerprint=digest.hexdigest(),
        n_ratings=table.stars.size,
        n_people=table.n_users,
        n_films=table.n_items,
    )
