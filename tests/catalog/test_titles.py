import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.catalog.titles import (
    all_words_of,
    fold,
    keys_of,
    remainders,
    sort_title,
    stored_remainders,
    title_key,
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
        ("8½", "8 1 2"),
        ("Fast & Furious", "fast and furious"),
        ("R&B", "r b"),
        ("हैरी पॉटर", "हैरी पॉटर"),
        ("แฮร์รี่", "แฮร์รี"),
        ("I ❤️ Huckabees", "i huckabees"),
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
        ("Die Hard", "hard"),
        ("The", "the"),
        ("Them!", "them"),
        ("!!!", "!!!"),
    ],
)
def test_it_is_found_without_what_is_an_article_somewhere(title: str, key: str) -> None:
    assert title_key(title) == key


@pytest.mark.parametrize(
    ("title", "keys"),
    [
        ("The Matrix", {"matrix"}),
        ("Spider-Man", {"spider man", "spiderman"}),
        ("WALL·E", {"wall e", "walle"}),
        ("The X-Men", {"x men", "xmen"}),
        ("Schindler's List", {"schindler s list", "schindlers list"}),
        ("L.A. Story", {"a story", "la story"}),
        ("हैरी पॉटर", {"हैरी पॉटर"}),
        ("दो-तीन", {"दो तीन", "दोतीन"}),
        ("Lilo & Stitch", {"lilo and stitch", "lilo stitch"}),
        ("...", {"..."}),
    ],
)
def test_it_is_found_without_its_signs(title: str, keys: set[str]) -> None:
    assert set(keys_of([title])) == keys


def test_words_are_known_together_and_apart() -> None:
    words = all_words_of(["E.T. the Extra-Terrestrial", "Mission: Impossible"])

    assert {"e", "t", "et", "extra", "terrestrial", "extraterrestrial"} < set(words)
    assert "missionimpossible" not in words


@pytest.mark.parametrize(
    "title",
    [
        "Die Hard",
        "As Good as It Gets",
        "I Am Legend",
        "La La Land",
        "Los Angeles Plays Itself",
        "A.I. Artificial Intelligence",
        "The",
        "Them!",
    ],
)
def test_an_english_title_is_sorted_by_all_its_words(title: str) -> None:
    assert sort_title(title, title, "en") == fold(title)


@pytest.mark.parametrize(
    ("title", "original_title", "language", "sorted_by"),
    [
        ("The Matrix", "The Matrix", "en", "matrix"),
        ("A Bug's Life", "A Bug's Life", "en", "bug s life"),
        ("'The Thing'", "The Thing", None, "thing"),
        ("La Haine", "La haine", "fr", "haine"),
        ("L'Avventura", "L\u2019avventura", "it", "avventura"),
        ("À nos amours", "À nos amours", "fr", "a nos amours"),
        ("Das Boot", "Das Boot", "de", "boot"),
        ("Das Boot", "Das Boot", "en", "das boot"),
        ("Die Another Day", "Stirb an einem anderen Tag", "de", "die another day"),
        ("The Hunt", "Jagten", "da", "hunt"),
        ("The !!!", "The !!!", "en", "the"),
        ("!!!", "!!!", "en", "!!!"),
    ],
)
def test_it_is_sorted_without_an_article_of_its_language(
    title: str, original_title: str, language: str | None, sorted_by: str
) -> None:
    assert sort_title(title, original_title, language) == sorted_by


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
