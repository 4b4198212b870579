"""The cards that a new member is asked to rate: which films, and how many are to come.

All members are dealt from one deck, whose order nobody's answers change: first the
films that the trained model says tell most about a person, then those of fixed rules.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nexus import engine
from nexus.accounts.models import User
from nexus.catalog.expiry import shown
from nexus.catalog.models import Movie
from nexus.ratings.onboarding import Answers, answers_of
from nexus.recommendations.films import STORE
from nexus.recommendations.serving import MODELS

CARDS: Final = 20
VARIED: Final = 100  # films that fixed rules put first; who saw all needs no cards
SPARE: Final = 10  # for films that are gone, or too old to be shown, since we looked
NO_IDS: Final = np.empty(0, np.int64)

Ids: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Card:
    movie: Movie
    position: int  # 1 to CARDS


@dataclass(frozen=True, slots=True)
class Onboarding:
    """The cards to come; `answered` and `skipped` count films."""

    cards: list[Card]
    answered: int
    skipped: int
    total: int = CARDS

    @property
    def is_complete(self) -> bool:
        return not self.cards


def cards_for(*, user: User, now: datetime) -> Onboarding:
    """Deal what is left of the member's cards.

    Never a film that they rated, skipped, watched or hid.
    """
    answers = answers_of(user=user)
    wanted = max(0, CARDS - len(answers))
    movies = deal(answers, wanted, now=now) if wanted else []
    first = CARDS - wanted + 1
    cards = [Card(movie, place) for place, movie in enumerate(movies, start=first)]
    return Onboarding(cards, len(answers.rated), len(answers.skipped))


def deal(answers: Answers, wanted: int, *, now: datetime) -> list[Movie]:
    deck = map(int, deck_at(now))
    unasked = (id_ for id_ in deck if id_ not in answers.settled)
    ids = list(islice(unasked, wanted + SPARE))
    movies = Movie.objects.filter(shown(now)).in_bulk(ids)
    if len(movies) < len(ids):
        STORE.doubt()
    return [movies[id_] for id_ in ids if id_ in movies][:wanted]


def deck_at(now: datetime) -> Ids:
    """Return all films that may be cards, in order."""
    model = MODELS.current(now=now)
    learned = NO_IDS if model is None else model.cards
    return DECKS.of(STORE.current(now=now), learned)


@dataclass(frozen=True, slots=True)
class Deck:
    """What it was made of, and the films in order."""

    films: Ids
    learned: Ids
    ids: Ids


class Decks:
    """Remembers the deck of the films as they were last seen."""

    def __init__(self) -> None:
        self.last = Deck(NO_IDS, NO_IDS, NO_IDS)

    def of(self, catalogue: engine.Catalogue, learned: Ids) -> Ids:
        # A catalogue never changes, and neither does a model: each has its own arrays.
        last, films = self.last, catalogue.ids
        if last.films is not films or last.learned is not learned:
            last = self.last = Deck(films, learned, make_deck(catalogue, learned))
        return last.ids


DECKS = Decks()


def make_deck(catalogue: engine.Catalogue, learned: Ids) -> Ids:
    """Put what was learned first, as far as we hold those films."""
    first = learned[np.isin(learned, catalogue.ids)]
    rest = deck_by_rules(catalogue)
    return np.concatenate([first, rest[~np.isin(rest, first)]])


def deck_by_rules(catalogue: engine.Catalogue) -> Ids:
    """Order all films so that the first are widely known, and of all kinds.

    A film counts as much as it has votes, times how good they are. The first are chosen
    for variety too, the others follow by that alone. Ties go to the lower id.
    """
    fame = catalogue.votes * catalogue.quality
    varied = pick_varied(catalogue, fame, VARIED)
    by_fame = np.argsort(-fame, kind="stable")
    rest = by_fame[~np.isin(by_fame, varied)]
    ids: Ids = catalogue.ids[np.concatenate([varied, rest])]
    return ids


def pick_varied(
    catalogue: engine.Catalogue, fame: NDArray[np.float64], count: int
) -> NDArray[np.intp]:
    """Return rows of films of all genres and decades.

    Each halves what the films of its decade count, and those of its genres, in
    proportion to how many of theirs it has: fame * 2 ** -(decade + genres).
    """
    decades = np.nan_to_num(catalogue.years // 10, nan=-1)
    genres = catalogue.genres.rows.sign()
    n_genres = np.maximum(genres.sum(axis=1), 1)
    worth = fame.copy()
    picked: list[int] = []
    for _ in range(min(count, len(catalogue))):
        best = int(np.argmax(worth))
        picked.append(best)
        shared = genres @ genres[[best]].toarray()[0] / n_genres
        worth *= 0.5 ** (shared + (decades == decades[best]))
        worth[best] = -1
    return np.array(picked, np.intp)
