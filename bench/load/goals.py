"""What is asked of the product, and how fast it has to answer.

What is for everybody is asked of the product as it is in production, where the edge
tells it again (`is_kept`), and of one whose edge keeps nothing.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np

from bench.load.wrk import Ask

API = "/api"
DIFFERENT = 2_000  # requests of one kind, as far as there are so many
FIRST_PERSON = 5_000_001  # of those made up: the first hundred are in the most films
WELL_READ = 100  # films whose pages many want
STATED_FOR = 10_000  # films of the goal of a feed
RATED_FILMS = 100  # of a member of that goal


@dataclass(frozen=True, slots=True)
class Member:
    """`rated` are films that the member has rated."""

    token: str
    rated: Sequence[int]


@dataclass(frozen=True, slots=True)
class Material:
    """What requests are made of: films, titles of well-known ones, members."""

    random: np.random.Generator
    films: Sequence[int]
    titles: Sequence[str]
    members: Sequence["Member"] = ()

    def some(self, things: Sequence[Any], count: int = DIFFERENT) -> list[Any]:
        return [things[i] for i in self.random.integers(len(things), size=count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One row of the table.

    share:    of the limit's requests per second
    times:    at most so many times the p95 of another row, which comes before
    is_kept:  asked of the product as in production, not of one that keeps no answers
    films:    the number of films that the goal is stated for, if any
    """

    name: str
    asks: Callable[[Material], list[Ask]]
    share: float | None = None
    per_second: float | None = None
    p95_ms: float | None = None
    times: tuple[float, str] | None = None
    is_kept: bool = False
    films: int | None = None


def get(path: str, **params: Any) -> Ask:
    return Ask(f"{API}{path}" + (f"?{urlencode(params)}" if params else ""))


def always(path: str, **params: Any) -> Callable[[Material], list[Ask]]:
    return lambda _: [get(path, **params)]


def lists(*choices: dict[str, Sequence[Any]]) -> Callable[[Material], list[Ask]]:
    """Return lists with values drawn for each parameter."""

    def asks(material: Material) -> list[Ask]:
        return [
            get(
                "/movies/",
                **{
                    name: material.some(values, 1)[0] for name, values in choice.items()
                },
            )
            for choice in choices
            for _ in range(DIFFERENT // len(choices))
        ]

    return asks


def searches(change: Callable[[Material, str], str]) -> Callable[[Material], list[Ask]]:
    return lambda material: [
        get("/movies/", search=text)
        for title in material.some(material.titles)
        if (text := change(material, title).strip())
    ]


def mistyped(material: Material, title: str) -> str:
    """Swap two neighbours behind the first letter."""
    if len(title) < 5:
        return title
    place = int(material.random.integers(1, len(title) - 2))
    return f"{title[:place]}{title[place + 1]}{title[place]}{title[place + 2 :]}"


def beginning(material: Material, title: str) -> str:
    return title[: max(3, len(title) * 3 // 4)]


def last_pages(material: Material) -> list[Ask]:
    """Ask for the pages around the 500th, or around the last where there are fewer."""
    last = min(500, len(material.films) // 20)
    return [get("/movies/", page=page) for page in range(max(1, last - 50), last + 1)]


def last_pages_of_some(material: Material) -> list[Ask]:
    """Ask for the pages around the 500th of filters that many films pass."""
    last = min(500, len(material.films) // 20 // SHARE_OF_WIDE)
    return [
        get("/movies/", page=page, **one)
        for page in range(max(1, last - 50), last + 1)
        for one in WIDE
    ]


def details(material: Material) -> list[Ask]:
    films = material.some(material.films, WELL_READ)
    return [get(f"/movies/{film}/") for film in films]


def feed_of(member: Member) -> Ask:
    return Ask(f"{API}/user/recommendations/", member.token)


def rating_of(member: Member, film: int, stars: float, *, is_step: bool = False) -> Ask:
    body = json.dumps({"stars": stars})
    return Ask(f"{API}/movies/{film}/rating/", member.token, "PUT", body, is_step)


def feeds(material: Material) -> list[Ask]:
    return [feed_of(member) for member in material.members]


def scores(material: Material) -> list[Ask]:
    members = material.some(material.members)
    films = material.some(material.films)
    return [
        Ask(f"{API}/movies/{film}/match_score/", member.token)
        for film, member in zip(films, members, strict=True)
    ]


def ratings(material: Material) -> list[Ask]:
    """Rate films at random, most of them for the first time."""
    count = 10 * DIFFERENT
    members = material.some(material.members, count)
    films, stars = material.some(material.films, count), material.some(STARS, count)
    return list(map(rating_of, members, films, stars))


def ratings_and_feeds(material: Material) -> list[Ask]:
    """Let each member say something else of a film, and then ask for their feed."""
    each = DIFFERENT // len(material.members)
    return [
        ask
        for member in material.members
        for film, stars in zip(
            material.some(member.rated, each), material.some(STARS, each), strict=True
        )
        for ask in (rating_of(member, film, stars, is_step=True), feed_of(member))
    ]


STARS = (3, 3.5, 4, 4.5, 5)
GENRES = (28, 12, 16, 35, 80, 99, 18, 10751, 14, 36, 27, 10402, 9648, 10749, 878, 53)
YEARS = range(1930, 2026)
LANGUAGES = ("en", "fr", "ja", "es", "de", "pt", "it", "ru", "ko", "is", "hi", "fi")
ORDERS = (
    "popularity",
    "release_date",
    "vote_average",
    "vote_count",
    "title",
    "runtime",
)
FILTERS: dict[str, dict[str, Sequence[Any]]] = {
    "genre": {"genres": GENRES},
    "year": {"year": YEARS},
    "years": {"year_min": range(1930, 1980), "year_max": range(1980, 2026)},
    "runtime": {"runtime_min": range(60, 300), "runtime_max": range(300, 900)},
    "average": {"vote_average_min": [n / 10 for n in range(100)]},
    "votes": {"vote_count_min": range(5_000)},
    "language": {"language": LANGUAGES},
    "person": {"person": range(FIRST_PERSON, FIRST_PERSON + 100)},
}
# Of each, more than one of so many films passes.
SHARE_OF_WIDE = 6
WIDE: tuple[dict[str, Any], ...] = (
    {"genres": 18},
    {"year_min": 1990, "year_max": 2019},
    {"runtime_min": 90},
    {"vote_average_min": 6},
    {"language": "en"},
)
THREE: tuple[dict[str, Sequence[Any]], ...] = (
    {"genres": GENRES, "year_min": YEARS, "language": LANGUAGES},
    {"genres": GENRES, "vote_average_min": (5, 6, 7, 8), "year": YEARS},
    {"runtime_max": range(20, 180), "language": LANGUAGES, "vote_count_min": range(99)},
)
SLOWEST_MS = 25.0
BEGINNING = "page 1"


def kept(name: str, asks: Callable[[Material], list[Ask]]) -> Goal:
    return Goal(name=name, asks=asks, share=0.80, is_kept=True)


def made(name: str, asks: Callable[[Material], list[Ask]]) -> Goal:
    return Goal(name=name, asks=asks, p95_ms=SLOWEST_MS)


KEPT = (
    kept("trending, again", always("/movies/trending/")),
    kept("a list, again", always("/movies/")),
    kept("films, again", details),
    kept("top rated, again", always("/movies/top_rated/")),
    kept("genres, again", always("/genres/")),
)
PERSONAL = (
    Goal(name="feed, again", asks=feeds, share=0.10, is_kept=True),
    Goal(
        name="feed after a rating",
        asks=ratings_and_feeds,
        per_second=300,
        p95_ms=SLOWEST_MS,
        is_kept=True,
        films=STATED_FOR,
    ),
    Goal(name="match score", asks=scores, per_second=800, is_kept=True),
    Goal(name="rating", asks=ratings, share=0.045, is_kept=True),
)
MADE = (
    Goal(name="lists", asks=lists(*FILTERS.values()), share=0.12),
    Goal(name="top rated", asks=always("/movies/top_rated/"), share=0.12),
    made(BEGINNING, always("/movies/")),
    Goal(name="page 500", asks=last_pages, times=(3, BEGINNING)),
    Goal(name="page 500, one filter", asks=last_pages_of_some, times=(3, BEGINNING)),
    *(made(f"filter: {name}", lists(values)) for name, values in FILTERS.items()),
    made("three filters", lists(*THREE)),
    *(
        made(f"order: {sign}{name}", lists({"ordering": [f"{sign}{name}"]}))
        for name in ORDERS
        for sign in ("-", "")
    ),
    made("search: the title", searches(lambda _, title: title)),
    made("search: its beginning", searches(beginning)),
    made("search: with a typo", searches(mistyped)),
)
GOALS = KEPT + PERSONAL + MADE


def goals_with(part: str) -> list[Goal]:
    """Return the goals whose name has it, and those that they are compared with."""
    named = [goal for goal in GOALS if part in goal.name]
    if not named:
        raise SystemExit(f"No goal has {part!r} in its name.")
    needed = {goal.times[1] for goal in named if goal.times is not None}
    return [goal for goal in GOALS if goal in named or goal.name in needed]
