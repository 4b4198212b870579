"""Titles as people type them: without accents, case, articles, and with typos."""

import re
import unicodedata
from collections.abc import Iterable

ENGLISH = ("the", "a", "an")
FRENCH = ("le", "la", "les", "l", "un", "une")
GERMAN = ("der", "die", "das", "ein", "eine")
SPANISH = ("el", "los", "las")
ITALIAN = ("il", "lo", "i", "gli")
PORTUGUESE = ("o", "os", "as")
ARTICLES = {*ENGLISH, *FRENCH, *GERMAN, *SPANISH, *ITALIAN, *PORTUGUESE}
# Letters that Unicode does not take apart into a base letter and a mark.
LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
GRAM = 3


def fold(title: str) -> str:
    """Return the words of a title in lower case, without accents and punctuation."""
    plain = unicodedata.normalize("NFKD", title.casefold().translate(LETTERS))
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", " ", kept).strip()


def sort_key(title: str) -> str:
    """Return the folded title without its leading article, "" never."""
    words = fold(title).split()
    if len(words) > 1 and words[0] in ARTICLES:
        words = words[1:]
    return " ".join(words) or title.casefold()


def grams(text: str) -> set[str]:
    """Return the folded text's trigrams, words padded as PostgreSQL's pg_trgm does."""
    padded = (f"  {word} " for word in fold(text).split())
    return {word[i : i + GRAM] for word in padded for i in range(len(word) - GRAM + 1)}


def grams_of(titles: Iterable[str]) -> list[str]:
    return sorted(set().union(*(grams(title) for title in titles)))
