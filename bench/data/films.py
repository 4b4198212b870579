"""Films as TMDb's are spread: few are known to many, most to hardly anybody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from bench.data.words import ARTICLES, COUNTRIES, OF, Words
from nexus.catalog.starter import GENRES

FIRST_ID = 3_000_001  # above what the starter catalogue knows
# A film's chance to have the genre, among films with votes; roughly TMDb's.
GENRE_SHARES = {
    "Drama": 0.34,
    "Comedy": 0.24,
    "Documentary": 0.16,
    "Thriller": 0.12,
    "Romance": 0.11,
    "Horror": 0.10,
    "Action": 0.10,
    "Animation": 0.08,
    "Crime": 0.07,
    "Family": 0.06,
    "Music": 0.06,
    "Adventure": 0.05,
    "Fantasy": 0.05,
    "Science Fiction": 0.05,
    "Mystery": 0.05,
    "TV Movie": 0.04,
    "History": 0.03,
    "War": 0.02,
    "Western": 0.012,
}
LANGUAGE_SHARES = {
    "en": 0.46,
    "fr": 0.08,
    "ja": 0.07,
    "es": 0.07,
    "de": 0.06,
    "pt": 0.04,
    "it": 0.035,
    "ru": 0.03,
    "pl": 0.012,
    "sv": 0.012,
}
# The rest, whose titles are told in English here.
OTHER_LANGUAGES = [
    "zh",
    "ko",
    "hi",
    "cs",
    "nl",
    "tr",
    "da",
    "ar",
    "el",
    "fi",
    "ta",
    "ml",
    "te",
    "no",
    "hu",
    "cn",
    "fa",
    "id",
    "th",
    "ro",
    "uk",
    "he",
    "sr",
    "bn",
    "tl",
    "hr",
    "mr",
    "bg",
    "vi",
    "is",
    "et",
    "ka",
    "lv",
    "lt",
    "sk",
    "sl",
    "mn",
    "kn",
    "pa",
    "ca",
    "eu",
    "gl",
    "sq",
    "mk",
    "hy",
    "az",
    "kk",
    "ky",
    "ne",
    "si",
    "km",
    "my",
    "lo",
]
BEST_KNOWN_VOTES = 37_000
KNOWN_ABROAD_VOTES = 200


@dataclass(frozen=True, slots=True)
class Film:
    id: int
    title: str
    original_title: str
    other_titles: tuple[tuple[str, str, str], ...]  # language, country, title
    language: str
    released: date | None
    year: int | None
    runtime: int | None
    genres: list[int]
    overview: str | None
    vote_average: float | None
    vote_count: int | None  # never 0, as stored
    popularity: float
    is_removed: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """What is drawn for all films at once."""

    votes: NDArray[np.int64]
    averages: NDArray[np.float64]
    popularity: NDArray[np.float64]
    years: NDArray[np.int64]
    runtimes: NDArray[np.int64]
    genres: NDArray[np.bool_]
    languages: list[str]


def draw_columns(random: np.random.Generator, count: int, *, today: date) -> Columns:
    rank = (np.arange(count) + 1) * 1_000_000 / count
    votes = (BEST_KNOWN_VOTES / (1 + rank / 150) ** 1.2).astype(np.int64)
    unknown = random.random(count) < np.clip(rank / 1_800_000, 0, 0.55)
    votes = np.where(unknown, 0, votes)
    spread = np.where(votes >= 30, 0.9, 1.9)
    averages = np.clip(random.normal(6.2, spread), 0.5, 10).round(3)
    averages = np.where(votes >= 30, averages, averages.round(0 if count < 9 else 1))
    # Half the films are of the last twenty years; better known ones are newer.
    age = np.minimum(
        random.exponential(26 - 8 * (votes > 100), count), today.year - 1874
    )
    years = (today.year - age).astype(np.int64)
    recency = 1 + 4 * np.exp(-age / 2)
    popularity = 0.6 * random.lognormal(0, 0.5, count) * recency
    popularity = (
        popularity + 0.25 * votes**0.6 * random.lognormal(0, 0.4, count)
    ).round(3)
    runtimes = draw_runtimes(random, count)
    shares = np.array(list(GENRE_SHARES.values()))
    genres = random.random((count, len(shares))) < shares * np.where(
        votes > 0, 1.0, 0.6
    ).reshape(-1, 1)
    order = random.permutation(count)  # an id tells nothing of how known a film is
    return Columns(
        votes=votes[order],
        averages=averages[order],
        popularity=popularity[order],
        years=years[order],
        runtimes=runtimes,
        genres=genres[order],
        languages=draw_languages(random, count),
    )


def draw_runtimes(random: np.random.Generator, count: int) -> NDArray[np.int64]:
    """A fifth is unknown, a third are shorts, some are endless."""
    kind = random.random(count)
    features = random.normal(96, 18, count).clip(41, 400)
    shorts = random.gamma(2.2, 6.5, count).clip(1, 40)
    endless = random.integers(240, 900, count)
    return np.select(
        [kind < 0.2, kind < 0.48, kind < 0.995], [0, shorts, features], endless
    ).astype(np.int64)


def draw_languages(random: np.random.Generator, count: int) -> list[str]:
    known = sum(LANGUAGE_SHARES.values())
    tail = 1 / np.arange(2, 2 + len(OTHER_LANGUAGES)) ** 1.3
    tail *= (1 - known) / tail.sum()
    names = [*LANGUAGE_SHARES, *OTHER_LANGUAGES]
    shares = np.concatenate([list(LANGUAGE_SHARES.values()), tail])
    return [names[i] for i in random.choice(len(names), size=count, p=shares)]


class Titles:
    """Draws titles; words and names that come first are drawn more often."""

    def __init__(self, random: np.random.Generator, words: Words) -> None:
        self.random = random
        self.words = words
        self.numbers: Iterator[float] = iter(())

    def draw(self) -> float:
        """Return a number below 1; drawn by the thousand, which is quicker."""
        for number in self.numbers:
            return number
        self.numbers = iter(self.random.random(100_000).tolist())
        return next(self.numbers)

    def one_of(self, words: list[str], *, skew: float = 2.0) -> str:
        return words[int(len(words) * self.draw() ** skew)]

    def title(self, language: str) -> str:
        nouns, adjectives = self.words.nouns[language], self.words.adjectives[language]
        kind, article = self.draw(), ARTICLES[language]
        noun = self.one_of(nouns)
        if language == "ja":
            return f"{self.one_of(adjectives)}{noun}{OF['ja']}{self.one_of(nouns)}"
        if kind < 0.24:
            parts = [article, self.one_of(adjectives), noun]
        elif kind < 0.40:
            parts = [article, noun, OF[language], self.name()]
        elif kind < 0.55:
            parts = [self.name(), self.one_of(nouns)]
        elif kind < 0.70:
            parts = [self.name(), self.name()]
        elif kind < 0.78:
            parts = [self.name()]
        elif kind < 0.86:
            parts = [noun, "&" if self.draw() < 0.5 else ":", self.name()]
        elif kind < 0.94:
            parts = [article, self.name(), noun, str(2 + int(self.draw() * 5))]
        else:
            parts = [self.one_of(adjectives), noun, OF[language], article, noun]
        text = " ".join(part for part in parts if part).replace(" :", ":")
        return text[0].upper() + text[1:]

    def name(self) -> str:
        return self.one_of(self.words.names, skew=1.6)

    def overview(self) -> str:
        return " ".join(self.one_of(self.words.sentences, skew=1) for _ in range(4))


def make_films(
    random: np.random.Generator, words: Words, *, count: int, today: date
) -> Iterator[Film]:
    columns = draw_columns(random, count, today=today)
    titles = Titles(random, words)
    ids = [GENRES[name] for name in GENRE_SHARES]
    rows = zip(
        columns.votes.tolist(),
        columns.averages.tolist(),
        columns.popularity.tolist(),
        columns.years.tolist(),
        columns.runtimes.tolist(),
        columns.genres.tolist(),
        columns.languages,
        strict=True,
    )
    for number, (votes, average, known, year, runtime, liked, language) in enumerate(
        rows
    ):
        told, original, others = draw_titles(titles, language, votes)
        is_dated = titles.draw() > 0.03
        yield Film(
            id=FIRST_ID + number,
            title=told,
            original_title=original,
            other_titles=others,
            language=language,
            year=year if is_dated else None,
            released=day_of(year, titles.draw()) if is_dated else None,
            runtime=runtime or None,
            genres=[id_ for id_, has in zip(ids, liked, strict=True) if has],
            overview=titles.overview() if titles.draw() < 0.8 else None,
            vote_average=average if votes else None,
            vote_count=votes or None,
            popularity=known,
            is_removed=titles.draw() < 0.002,
        )


def draw_titles(
    titles: Titles, language: str, votes: int
) -> tuple[str, str, tuple[tuple[str, str, str], ...]]:
    """Return the English title, the original one, and those of other countries."""
    spoken = language if language in COUNTRIES else "en"
    original = titles.title(spoken)
    abroad = votes >= KNOWN_ABROAD_VOTES
    is_translated = spoken != "en" and (abroad or titles.draw() < 0.5)
    told = titles.title("en") if is_translated else original
    others: list[tuple[str, str, str]] = []
    if abroad:
        for code, countries in COUNTRIES.items():
            country = countries.split()[0]
            if code not in {"en", spoken} and titles.draw() < 0.7:
                others.append((code, country, titles.title(code)))
    return told, original, tuple(others)


def day_of(year: int, share: float) -> date:
    return date(year, 1, 1) + timedelta(days=int(share * 365))
