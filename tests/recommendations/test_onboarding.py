"""In which order films become cards."""

from collections import Counter

import numpy as np

from nexus import engine
from nexus.catalog.starter import GENRES, read_films
from nexus.recommendations.onboarding import CARDS, Decks, deck_by_rules, make_deck

DRAMA, WESTERN = 18, 37


def film(id_: int, votes: int, **facts: object) -> engine.FilmFacts:
    known = {"year": 2000, "genres": (DRAMA,), "vote_average": 7.0} | facts
    return engine.FilmFacts(id=id_, vote_count=votes, **known)  # type: ignore[arg-type]  # as given


def deck(*films: engine.FilmFacts) -> list[int]:
    return [int(id_) for id_ in deck_by_rules(engine.build_catalogue(films))]


def test_it_works() -> None:
    assert deck(film(1, 10), film(2, 1000), film(3, 100)) == [2, 3, 1]


def test_ties_go_to_the_lower_id() -> None:
    assert deck(film(3, 10), film(1, 10), film(2, 10)) == [1, 2, 3]


def test_it_prefers_the_better_of_equally_known_ones() -> None:
    assert deck(film(1, 9000, vote_average=5.0), film(2, 9000)) == [2, 1]


def test_it_prefers_another_genre_and_another_decade() -> None:
    """After the first, another drama of its decade counts a quarter, 2500."""
    found = deck(
        film(1, 10_000),
        film(2, 9_900),
        film(3, 5_200, genres=(WESTERN,)),
        film(4, 5_100, year=1999),
        film(5, 2_400, genres=(WESTERN,), year=1960),
    )

    # Halved for the decade or for the genre: 2600 and 2550; the last is as it was.
    assert found == [1, 3, 4, 5, 2]


def test_what_is_known_of_a_film_is_what_counts() -> None:
    nothing = film(1, 0, year=None, genres=(), vote_average=None)

    assert deck(nothing, film(2, 5), film(3, 7, year=None)) == [3, 2, 1]
    assert deck(nothing) == [1]
    assert deck() == []


def test_it_names_each_film_once_however_many() -> None:
    ids = range(1, 301)

    found = deck(*[film(id_, 1000 - id_, year=1900 + id_ % 100) for id_ in ids])

    assert sorted(found) == list(ids)
    assert found[100:] == sorted(found[100:])


def test_what_was_learned_comes_first() -> None:
    catalogue = engine.build_catalogue([film(id_, 100 - id_) for id_ in range(1, 6)])

    found = make_deck(catalogue, np.array([4, 77, 2]))

    assert found.tolist() == [4, 2, 1, 3, 5]


def test_a_deck_is_made_once_for_a_catalogue_and_a_model() -> None:
    decks = Decks()
    catalogue = engine.build_catalogue([film(1, 10), film(2, 20)])
    larger = engine.build_catalogue([film(1, 10), film(2, 20), film(3, 5)])
    learned, other = np.array([1]), np.array([2])

    first = decks.of(catalogue, learned)

    assert decks.of(catalogue, learned) is first
    assert decks.of(catalogue, other).tolist() == [2, 1]
    assert decks.of(larger, other).tolist() == [2, 1, 3]


def test_of_the_starter_catalogue_it_asks_about_all_kinds() -> None:
    known = {one.tmdb_id: one for one in read_films()}
    facts = [
        film(
            one.tmdb_id,
            one.vote_count,
            year=one.year,
            genres=tuple(GENRES[name] for name in one.genres),
            vote_average=one.vote_average,
        )
        for one in known.values()
    ]

    cards = [known[id_] for id_ in deck(*facts)[:CARDS]]

    genres = Counter(name for one in cards for name in one.genres)
    decades = {one.year // 10 for one in cards}
    assert len(genres) >= 15
    assert max(genres.values()) <= CARDS / 2
    assert decades >= set(range(194, 203))
    assert min(one.vote_count for one in cards) > 2_000
