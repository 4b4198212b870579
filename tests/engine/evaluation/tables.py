"""Invented tables of ratings: two kinds of people, two kinds of films."""

import numpy as np

from nexus.engine.learned.interactions import History, Ratings

GENRES = ("space", "love")


def two_kinds(*, people: int = 40, films: int = 30, seed: int = 42) -> Ratings:
    """Even people love even films and dislike odd ones, odd people the reverse.

    Each rates about half of the films, more often those they love; ids begin at 100
    (people) and 1000 (films), films of lower id are rated more often.
    """
    rng = np.random.default_rng(seed)
    person, film = np.divmod(np.arange(people * films), films)
    loves = (person - film) % 2 == 0
    often = np.where(loves, 0.75, 0.25) * np.linspace(1.2, 0.5, films)[film]
    rated = rng.random(person.size) < often
    stars = np.where(loves, 4.5, 2.0) + rng.choice([-0.5, 0, 0.5], person.size)
    person, film, stars = person[rated], film[rated], stars[rated]
    return Ratings(person + 100, film + 1000, stars, rng.permutation(person.size))


def groups_of(ratings: Ratings) -> dict[int, tuple[str, ...]]:
    return {film: (GENRES[film % 2],) for film in set(ratings.items.tolist())}


def likes(*items: int) -> History:
    return History(items, [5.0] * len(items))


def by_rows(ratings: Ratings, rows: list[int]) -> Ratings:
    """The same ratings in another order."""
    assert ratings.order is not None
    return Ratings(
        ratings.users[rows],
        ratings.items[rows],
        ratings.stars[rows],
        ratings.order[rows],
    )
