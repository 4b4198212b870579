"""Words of titles that are written in several ways: each means the others."""

from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Final

from nexus.catalog.titles import ARTICLES, fold

# fmt: off
SAME: Final = [
    ("1", "i", "one"), ("2", "ii", "two"), ("3", "iii", "three"), ("4", "iv", "four"),
    ("5", "v", "five"), ("6", "vi", "six"), ("7", "vii", "seven"),
    ("8", "viii", "eight"), ("9", "ix", "nine"), ("10", "x", "ten"),
    ("11", "xi", "eleven"), ("12", "xii", "twelve"), ("13", "xiii", "thirteen"),
    ("14", "xiv", "fourteen"), ("15", "xv", "fifteen"), ("16", "xvi", "sixteen"),
    ("17", "xvii", "seventeen"), ("18", "xviii", "eighteen"),
    ("19", "xix", "nineteen"), ("20", "xx", "twenty"),
    ("1st", "first"), ("2nd", "second"), ("3rd", "third"), ("4th", "fourth"),
    ("5th", "fifth"), ("6th", "sixth"), ("7th", "seventh"), ("8th", "eighth"),
    ("9th", "ninth"), ("10th", "tenth"), ("11th", "eleventh"), ("12th", "twelfth"),
    ("13th", "thirteenth"), ("20th", "twentieth"),
    ("doctor", "dr"), ("mister", "mr"), ("saint", "st"), ("versus", "vs", "v"),
    ("volume", "vol"),
]
# fmt: on
MEANT: Final = {
    word: sorted({other for same in SAME if word in same for other in same} - {word})
    for word in {word for same in SAME for word in same}
}
LETTERS: Final = {"i", "v", "x"}  # also numbers, but not where a title begins
FIRST: Final = "1"
PARTS: Final = {"chapter", "part", "vol", "volume"}
MOST_SPELLINGS: Final = 20  # of several such words


def spellings_of(words: Sequence[str]) -> list[list[str]]:
    """Return for each of the folded words how else it may be written.

    A word alone is what it is, "Seven"; so is a letter that begins: "I, Robot", "V for
    Vendetta", "The X-Files". Nor does a number that begins mean a letter: "One Love".
    """
    names = [place for place, word in enumerate(words) if word not in ARTICLES]
    if len(names) < 2:
        return [[] for _ in words]
    begins = names[0]
    return [
        no_letters(word) if place <= begins else MEANT.get(word, [])
        for place, word in enumerate(words)
    ]


def no_letters(word: str) -> list[str]:
    meant = [] if word in LETTERS else MEANT.get(word, [])
    return [other for other in meant if other not in LETTERS]


def other_spellings(title: str) -> Iterator[str]:
    """Yield, folded, the title as it may be written otherwise."""
    words = fold(title).split()
    choices = [
        [word, *others] for word, others in zip(words, spellings_of(words), strict=True)
    ]
    # What it is written like comes first.
    return map(" ".join, islice(product(*choices), 1, MOST_SPELLINGS))


def without_first_number(title: str) -> list[str]:
    """Return "rocky" for "Rocky 1", "dune" for "Dune: Part One".

    The first film of several has no number.
    """
    *words, last = fold(title).split() or [""]
    if len(words) > 1 and words[-1] in PARTS:
        return [" ".join(words[:-1])] if last in {FIRST, *MEANT[FIRST]} else []
    return [" ".join(words)] if words and last == FIRST else []
