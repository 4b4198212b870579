"""Writes made-up films, members and what they said by COPY, indexes last."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from time import perf_counter
from typing import Any

import numpy as np
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import F

from bench.data.films import FIRST_ID, Film, make_films
from bench.data.words import Words, make_words
from nexus.accounts.models import User
from nexus.catalog.load_starter import load_starter
from nexus.catalog.models import Credit, Keyword, Movie, MovieText, Person, TitleWord
from nexus.catalog.title_index import derive_titles, title_word
from nexus.ratings.models import Rating, Viewing

FIRST_PERSON = 5_000_001
FIRST_KEYWORD = 500_001
KEYWORDS = 20_000
FILMS_OF_A_PERSON = 4
MOST_RATED_FILMS = 100_000
HALF_OF_RATINGS = 500  # films
PASSWORD = "correct-horse-7"  # noqa: S105  of every member made up
TABLES = (Movie, TitleWord, MovieText, Person, Credit, Keyword, User, Rating, Viewing)
MOST_VOTES = F("vote_count").desc(nulls_last=True)
HALF_STARS = [0.01, 0.02, 0.02, 0.05, 0.06, 0.14, 0.16, 0.27, 0.13, 0.14]

Row = tuple[Any, ...]


def load(*, films: int, members: int, ratings: int, viewings: int, seed: int) -> None:
    """Fill an empty database; equal arguments of one day give equal rows."""
    random = np.random.default_rng(seed)
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    words = make_words(random, names=max(2_000, films // 5))
    load_starter()
    keyword_links = Movie.keywords.through
    with without_indexes(*TABLES, keyword_links), transaction.atomic():
        # What is made up is consistent: millions of foreign keys need no looking up.
        run("SET LOCAL session_replication_role = replica")
        step("films", lambda: copy_films(random, words, count=films, now=now))
        step("people", lambda: copy_people(random, words, films=films))
        step("keywords", lambda: copy_keywords(random, words, films=films))
        step("members", lambda: copy_members(members, now=now))
        picks = Picks(random, films=films, members=members)
        step("ratings", lambda: copy_ratings(picks, random, count=ratings, now=now))
        step("viewings", lambda: copy_viewings(picks, random, count=viewings, now=now))
    step("statistics", lambda: run("VACUUM (ANALYZE)"))


def step(name: str, work: Callable[[], object]) -> None:
    began = perf_counter()
    work()
    print(f"{name:12} {perf_counter() - began:7.1f} s", flush=True)


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def without_indexes(*models: Any) -> Iterator[None]:
    """Drop the indexes that no constraint needs, and build them again afterwards."""
    tables = [model._meta.db_table for model in models]  # noqa: SLF001  documented
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND"
            " NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)",
            [tables],
        )
        indexes = cursor.fetchall()
    for name, _ in indexes:
        run(f'DROP INDEX "{name}"')
    try:
        yield
    finally:
        run("SET maintenance_work_mem = '512MB'")
        for name, definition in indexes:
            step(f"  {name}", partial(run, definition))


def copy(model: Any, columns: Iterable[str], rows: Iterable[Row]) -> None:
    table = connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001
    names = ", ".join(map(connection.ops.quote_name, columns))
    with connection.cursor() as cursor:
        statement = f"COPY {table} ({names}) FROM STDIN"
        with cursor.copy(statement) as stream:
            for row in rows:
                stream.write_row(row)


MOVIE_COLUMNS = [
    "id",
    "title",
    "original_title",
    "original_language",
    "year",
    "release_date",
    "runtime",
    "genres",
    "overview",
    "status",
    "poster_path",
    "backdrop_path",
    "vote_average",
    "vote_count",
    "popularity",
    "metadata",
    "sort_title",
    "title_keys",
    "title_words",
    "fetched_at",
    "removed_at",
    "created_at",
    "updated_at",
]


def copy_films(
    random: np.random.Generator, words: Words, *, count: int, now: datetime
) -> None:
    seen: dict[str, None] = dict.fromkeys(
        TitleWord.objects.values_list("pk", flat=True)
    )
    stored = set(seen)
    texts: list[Row] = []
    ages = iter(random.integers(0, 140 * 24 * 3600, count).tolist())

    def rows() -> Iterator[Row]:
        for film in make_films(random, words, count=count, today=now.date()):
            fetched_at = now - timedelta(seconds=next(ages))
            movie = titled(film)
            seen.update(dict.fromkeys(movie.title_words))
            texts.extend((film.id, *text) for text in film.other_titles)
            yield movie_row(film, movie, fetched_at)

    copy(Movie, MOVIE_COLUMNS, rows())
    new = (title_word(word) for word in seen if word not in stored)
    copy(TitleWord, ["word", "remainders"], ((one.word, one.remainders) for one in new))
    copy(MovieText, ["movie_id", "language", "region", "title"], texts)


def titled(film: Film) -> Movie:
    movie = Movie(
        title=film.title,
        original_title=film.original_title,
        original_language=film.language,
    )
    derive_titles(movie, [title for *_, title in film.other_titles])
    return movie


def movie_row(film: Film, movie: Movie, fetched_at: datetime) -> Row:
    picture = f"/{film.id:08x}{film.id * 7919:019x}.jpg"
    return (
        film.id,
        film.title,
        film.original_title,
        film.language,
        film.year,
        film.released,
        film.runtime,
        json.dumps(film.genres),
        film.overview,
        "Released",
        picture if film.vote_count or film.id % 2 else None,
        picture if film.vote_count else None,
        film.vote_average,
        film.vote_count,
        film.popularity,
        metadata_of(film),
        movie.sort_title,
        movie.title_keys,
        movie.title_words,
        fetched_at,
        fetched_at if film.is_removed else None,
        fetched_at,
        fetched_at,
    )


def metadata_of(film: Film) -> str:
    company = {"id": film.id % 9_000, "name": "Pictures of Nobody", "country": "US"}
    return json.dumps(
        {
            "production_companies": [company] * (1 + film.id % 3),
            "production_countries": [{"code": "US", "name": "United States"}],
            "spoken_languages": [{"code": film.language, "name": film.language}],
            "certifications": {"US": "PG-13"} if (film.vote_count or 0) > 20 else {},
        }
    )


def copy_people(random: np.random.Generator, words: Words, *, films: int) -> None:
    """Give every film a director and up to seven of a cast; few are in many films."""
    people = max(100, films // FILMS_OF_A_PERSON)
    names = [words.names[i] for i in random.integers(len(words.names), size=2 * people)]
    copy(
        Person,
        ["id", "name"],
        (
            (FIRST_PERSON + i, f"{first} {last}")
            for i, (first, last) in enumerate(
                zip(names[:people], names[people:], strict=True)
            )
        ),
    )
    columns = ["movie_id", "person_id", "kind", "character", "position"]
    copy(Credit, columns, credit_rows(random, films=films, people=people))


def credit_rows(
    random: np.random.Generator, *, films: int, people: int
) -> Iterator[Row]:
    sizes = random.geometric(0.3, films).clip(1, 8).tolist()
    picked = (people * random.random(sum(sizes)) ** 1.5).astype(int).tolist()
    pool = iter(picked)
    for number, size in enumerate(sizes):
        director, *cast = islice(pool, size)
        film = FIRST_ID + number
        yield film, FIRST_PERSON + director, "director", None, 0
        for place, person in enumerate(dict.fromkeys(cast)):
            yield film, FIRST_PERSON + person, "cast", "Somebody", place


def copy_keywords(random: np.random.Generator, words: Words, *, films: int) -> None:
    count = min(KEYWORDS, len(words.names))
    copy(
        Keyword,
        ["id", "name"],
        ((FIRST_KEYWORD + i, words.names[i].lower()) for i in range(count)),
    )
    sizes = random.poisson(1.5, films).tolist()
    pool = iter((count * random.random(sum(sizes)) ** 3).astype(int).tolist())
    links = (
        (FIRST_ID + number, FIRST_KEYWORD + keyword)
        for number, size in enumerate(sizes)
        for keyword in dict.fromkeys(islice(pool, size))
    )
    copy(Movie.keywords.through, ["movie_id", "keyword_id"], links)


def copy_members(count: int, *, now: datetime) -> None:
    """Store members `member1`, `member2`, ... at example.org, with one password."""
    password = make_password(PASSWORD)
    columns = [
        "password",
        "username",
        "email",
        "name",
        "role",
        "is_active",
        "is_verified",
        "created_at",
        "bio",
        "region",
        "language",
        "timezone",
        "visibility",
        "token_version",
    ]
    rows = (
        (
            *(password, f"member{i}", f"member{i}@example.org", f"Member {i}"),
            *("member", True, True, now, "", "", "en", "UTC", "public", 1),
        )
        for i in range(1, count + 1)
    )
    copy(User, columns, rows)


class Picks:
    """Who says something of which film: some say much, most films are well known."""

    def __init__(
        self, random: np.random.Generator, *, films: int, members: int
    ) -> None:
        self.random = random
        users = User.objects.filter(username__startswith="member").order_by("id")
        self.members = np.array(users.values_list("id", flat=True)[:members])
        known = Movie.objects.filter(id__gte=FIRST_ID, removed_at=None)
        by_votes = known.order_by(MOST_VOTES, "id").values_list("id", flat=True)
        self.films = np.array(by_votes[: min(films, MOST_RATED_FILMS)])

    def pairs(self, count: int) -> list[tuple[int, int]]:
        """Return so many different pairs of a member and a film, or nearly so many."""
        if not len(self.members):
            return []
        who = (len(self.members) * self.random.random(count) ** 1.4).astype(int)
        # In MovieLens, too, half of the ratings are for 500 films and 98 of 100 for
        # 25,000: the share of the first n is about n / (n + 500).
        share = self.random.random(count) * len(self.films)
        share /= len(self.films) + HALF_OF_RATINGS
        what = (HALF_OF_RATINGS * share / (1 - share)).astype(int)
        pairs = np.unique(np.stack([self.members[who], self.films[what]]), axis=1)
        return list(map(tuple, pairs.T.tolist()))


def copy_ratings(
    picks: Picks, random: np.random.Generator, *, count: int, now: datetime
) -> None:
    pairs = picks.pairs(count)
    stars = random.choice(np.arange(1, 11), size=len(pairs), p=HALF_STARS).tolist()
    ages = random.integers(1, 5 * 365 * 86_400, len(pairs)).tolist()
    columns = [
        "user_id",
        "movie_id",
        "half_stars",
        "review",
        "contains_spoilers",
        "hidden_reason",
        "created_at",
        "updated_at",
    ]
    rows = (
        (*pair, given, "" if age % 10 else "Worth the evening.", False, "", day, day)
        for pair, given, age in zip(pairs, stars, ages, strict=True)
        for day in [now - timedelta(seconds=age)]
    )
    copy(Rating, columns, rows)


def copy_viewings(
    picks: Picks, random: np.random.Generator, *, count: int, now: datetime
) -> None:
    pairs = picks.pairs(count)
    ages = random.integers(1, 5 * 365, len(pairs)).tolist()
    rows = (
        (*pair, day_before(now, age), now - timedelta(days=age))
        for pair, age in zip(pairs, ages, strict=True)
    )
    copy(Viewing, ["user_id", "movie_id", "watched_on", "created_at"], rows)


def day_before(now: datetime, days: int) -> date:
    return (now - timedelta(days=days)).date()
