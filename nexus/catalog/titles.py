"""Titles as people type them: without accents, case, articles, and with typos."""

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

import numpy as np

ENGLISH = "en"
ARTICLES_OF = {
    ENGLISH: {"the", "a", "an"},
    "fr": {"le", "la", "les", "l", "un", "une"},
    "de": {"der", "die", "das", "ein", "eine"},
    "es": {"el", "la", "los", "las", "un", "una", "unos", "unas"},
    "it": {"il", "lo", "la", "l", "i", "gli", "le", "un", "uno", "una"},
    "pt": {"o", "a", "os", "as", "um", "uma"},
}
# What a title's key goes without, whatever its language: stored keys rest on it.
ARTICLES = frozenset(
    {"the", "a", "an", "le", "la", "les", "l", "un", "une", "der", "die", "das", "ein"}
    | {"eine", "el", "los", "las", "il", "lo", "i", "gli", "o", "os", "as"}
)
# A space ends it, or an apostrophe what is left of one: "l'avventura", not "a.i.".
FIRST_WORD = re.compile(r"[\W_]*([^\W_]+)(?:\s|(?<=[ln])['\u2019])")
# Letters that Unicode does not take apart into a base letter and a mark.
LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
    # Taken apart it is "1/2", and would run into a number before it.
    | {fraction: f" {fraction}" for fraction in "½⅓⅔¼¾"}
)
# Vowels that Hindi, Thai and others write as marks, which `\w` does not match. What
# combines with a letter is an accent or the like, and left out of words.
VOWELS = "".join(
    mark
    for mark in map(chr, range(0x300, 0xFE00))
    if unicodedata.category(mark) in {"Mn", "Mc"} and not unicodedata.combining(mark)
)
NO_LETTERS = re.compile(rf"(?:[^\w{VOWELS}]|_)+")
# What stands between two letters without a space: "E.T.", "Spider-Man", "Ocean's".
JOINT = re.compile(rf"(?<=[^\W_]|[{VOWELS}])(?:[^\w\s{VOWELS}]|_)+(?=[^\W_])")
AND_SIGN = re.compile(r"(?<=\s)&(?=\s)")
LONGEST_WORD = 40
LONGEST_KEY = 500  # fits the entry of an index, in any script
# Whoever types a word of three letters wrong has typed another word.
SHORTEST_FORGIVEN = 4
SHORTEST_FORGIVEN_TWICE = 8
# Two words that begin alike share a remainder of so many letters already.
BEGINNING = 7


def fold(title: str) -> str:
    """Return the words of a title in lower case, without accents and punctuation.

    "&" is the word "and".
    """
    kept = AND_SIGN.sub("and", title.casefold())
    if not kept.isascii():
        plain = unicodedata.normalize("NFKD", kept.translate(LETTERS))
        kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return NO_LETTERS.sub(" ", kept).strip()


def sort_title(title: str, original_title: str, language: str | None) -> str:
    """Return what the title is sorted by: folded, "" never, cut to fit.

    An English article at its beginning is left out, as titles are told in English; one
    of the film's own language only where the title is the original one.
    """
    first = FIRST_WORD.match(title.casefold())
    if first and is_article(first[1], title, original_title, language):
        title = fold(title.casefold()[first.end() :]) or title
    return (fold(title) or title.casefold())[:LONGEST_KEY]


def is_article(
    word: str, title: str, original_title: str, language: str | None
) -> bool:
    if word in ARTICLES_OF[ENGLISH]:
        return True
    own = ARTICLES_OF.get(language or "", ())
    return word in own and fold(title) == fold(original_title)


def title_key(title: str) -> str:
    """Return what a title is found by: folded, without what is an article somewhere.

    "" never; cut to fit.
    """
    words = fold(title).split()
    if len(words) > 1 and words[0] in ARTICLES:
        words = words[1:]
    return (" ".join(words) or title.casefold())[:LONGEST_KEY]


def words_of(title: str) -> list[str]:
    """Return the folded words, as they are stored and looked for."""
    return [word[:LONGEST_WORD] for word in fold(title).split()]


def written_so(title: str) -> set[str]:
    """Return the title, and as people type it who leave out its signs.

    "Spiderman" for "Spider-Man", "et" for "E.T.", "oceans" for "Ocean's".
    """
    told = {title, AND_SIGN.sub("", title)}
    return told | {JOINT.sub("", one) for one in told}


def keys_of(titles: Iterable[str]) -> list[str]:
    return sorted({key for title in titles for key in all_keys_of(title)})


def all_keys_of(title: str) -> Iterator[str]:
    for way in written_so(title):
        # "L.A." written as one word is no article.
        has_its_first_word = words_of(way)[:1] == words_of(title)[:1]
        yield title_key(way) if has_its_first_word else fold(way)[:LONGEST_KEY]


def all_words_of(titles: Iterable[str]) -> list[str]:
    ways = {way for title in titles for way in written_so(title)}
    return sorted({word for way in ways for word in words_of(way)})


def typos_forgiven(word: str) -> int:
    if len(word) < SHORTEST_FORGIVEN:
        return 0
    return 1 if len(word) < SHORTEST_FORGIVEN_TWICE else 2


def remainders(word: str, *, typos: int) -> list[int]:
    """Return what is left of the word's beginning without up to so many letters.

    Words that are as many typos apart have a remainder in common. They are numbers, as
    those take less room; two remainders may share one.
    """
    beginning = word[:BEGINNING]
    lefts = {left for gone in range(typos + 1) for left in without(beginning, gone)}
    return sorted(number_of(left) for left in lefts)


def without(word: str, letters: int) -> Iterator[str]:
    return map("".join, combinations(word, max(0, len(word) - letters)))


def number_of(text: str) -> int:
    """Return a number that fits a column of four bytes."""
    return zlib.crc32(text.encode()) - 2**31


def stored_remainders(word: str) -> list[int]:
    """Return those by which the word is found, also from a longer one with typos."""
    return remainders(word, typos=2 if len(word) >= BEGINNING - 1 else 1)


def typos_to_each(typed: str, words: Sequence[str]) -> list[int]:
    """Count letters put in, left out, replaced and swapped with their neighbours.

    Of all the words at once, letter by letter: there may be thousands.
    """
    if not words:
        return []
    longest = max(map(len, words))
    letters = np.array(words, dtype=f"U{longest}").view(np.uint32)
    letters = letters.reshape(len(words), longest).T
    places = np.arange(longest + 1).reshape(-1, 1)
    older = row = places + np.zeros_like(letters[0], int)
    for i, letter in enumerate(map(ord, typed), start=1):
        is_same = letters == letter
        new = np.minimum(row[1:] + 1, row[:-1] + ~is_same)
        if i > 1:
            swapped = is_same[:-1] & (letters[1:] == ord(typed[i - 2]))
            new[1:] = np.where(swapped, np.minimum(new[1:], older[:-2] + 1), new[1:])
        new = np.concatenate([np.full_like(row[:1], i), new])
        # Letters put in: each place costs one more than the best one before it.
        older, row = row, np.minimum.accumulate(new - places) + places
    return [int(row[len(word), place]) for place, word in enumerate(words)]
