import pytest

from nexus.catalog.titles import fold, grams, sort_key


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


def test_it_cuts_words_into_trigrams() -> None:
    assert grams("Up, up") == {"  u", " up", "up "}


def test_one_letter_is_enough_to_search_by() -> None:
    assert grams("M")
