import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.catalog.titles import (
    fold,
    remainders,
    sort_key,
    stored_remainders,
    typos_forgiven,
    typos_to_each,
)


@pytest.mark.parametrize(
    ("title", "folded"),
    [
        ("Amélie", "amelie"),
        ("WALL·E", "wall e"),
        ("Smørgåsbord", "smorgasbord"),
        ("Straße", "strasse"),
        ("Zażółć", "zazolc"),
        ("  M*A*S*H ", "m a s h"),
        ("Зеркало", "зеркало"),
        ("ﬁn", "fin"),
        ("...", ""),
    ],
)
def test_it_folds(title: str, folded: str) -> None:
    assert fold(title) == folded


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("The Matrix", "matrix"),
        ("La Haine", "haine"),
        ("L'Avventura", "avventura"),
        ("The", "the"),
        ("Them!", "them"),
        ("!!!", "!!!"),
    ],
)
def test_it_sorts_without_the_leading_article(title: str, key: str) -> None:
    assert sort_key(title) == key


@pytest.mark.parametrize(
    ("typed", "word", "typos"),
    [
        ("heat", "heat", 0),
        ("haet", "heat", 1),
        ("het", "heat", 1),
        ("heeat", "heat", 1),
        ("heet", "heat", 1),
        ("ha", "heat", 2),
        ("x", "heat", 4),
        ("incpetino", "inception", 2),
    ],
)
def test_it_counts_typos(typed: str, word: str, typos: int) -> None:
    found = typos_to_each(typed, ["a", word, "something longer"])

    assert found[1] == typos


WORDS = st.text("abc", min_size=1, max_size=10)


@given(WORDS, st.lists(WORDS, max_size=20))
def test_words_that_are_near_share_a_remainder(typed: str, words: list[str]) -> None:
    allowed = typos_forgiven(typed)
    numbers = set(remainders(typed, typos=allowed)) if allowed else set()

    for word, typos in zip(words, typos_to_each(typed, words), strict=True):
        is_near = 0 < typos <= allowed
        assert not is_near or numbers.intersection(stored_remainders(word))
