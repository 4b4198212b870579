"""What is asked of the product, and how fast it has to answer."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import numpy as np

from bench.load.wrk import Ask

API = "/api"
DIFFERENT = 2_000  # requests of one kind, as far as there are so many


@dataclass(frozen=True, slots=True)
class Material:
    """What requests are made of: films, their titles, members' tokens."""

    random: np.random.Generator
    films: Sequence[int]
    titles: Sequence[str]
    tokens: Sequence[str]

    def some(self, things: Sequence[Any], count: int = DIFFERENT) -> list[Any]:
        return [things[i] for i in self.random.integers(len(things), size=count)]


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of the table. `share` is of the limit's requests per second."""

    name: str
    asks: Callable[[Material], list[Ask]]
    share: float | None = None
    per_second: float | None = None
    p95_ms: float | None = None
    is_personal: bool = False
    allowed_refusals: float = field(default=0.0)


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


def details(material: Material) -> list[Ask]:
    return [get(f"/movies/{film}/") for film in material.some(material.films)]


def feeds(material: Material) -> list[Ask]:
    return [Ask(f"{API}/user/recommendations/", token) for token in material.tokens]


def scores(material: Material) -> list[Ask]:
    tokens = material.some(material.tokens)
    films = material.some(material.films)
    return [
        Ask(f"{API}/movies/{film}/match_score/", token)
        for film, token in zip(films, tokens, strict=True)
    ]


def ratings(material: Material) -> list[Ask]:
    tokens, films = material.some(material.tokens), material.some(material.films)
    stars = material.some([3, 3.5, 4, 4.5, 5])
    return [
        Ask(f"{API}/movies/{film}/rating/", token, "PUT", json.dumps({"stars": given}))
        for film, token, given in zip(films, tokens, stars, strict=True)
    ]


def ratings_and_feeds(material: Material) -> list[Ask]:
    """Each member rates a film and then looks at their feed."""
    return [
        ask
        for rating in ratings(material)
        for ask in (rating, Ask(f"{API}/user/recommendations/", rating.token))
    ]


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
}
THREE: tuple[dict[str, Sequence[Any]], ...] = (
    {"genres": GENRES, "year_min": YEARS, "language": LANGUAGES},
    {"genres": GENRES, "vote_average_min": (5, 6, 7, 8), "year": YEARS},
    {"runtime_max": range(20, 180), "language": LANGUAGES, "vote_count_min": range(99)},
)
SLOWEST_MS = 25.0

PUBLIC = (
    Goal("trending", always("/movies/trending/"), share=0.80),
    Goal("one list, again and again", always("/movies/"), share=0.80),
    Goal("details", details, share=0.80),
    Goal("different lists", lists(*FILTERS.values()), share=0.12),
    *(
        Goal(f"filter: {name}", lists(values), p95_ms=SLOWEST_MS)
        for name, values in FILTERS.items()
    ),
    Goal("three filters", lists(*THREE), p95_ms=SLOWEST_MS),
    *(
        Goal(
            f"order: {sign}{name}",
            lists({"ordering": [f"{sign}{name}"], "page": range(1, 6)}),
            p95_ms=SLOWEST_MS,
        )
        for name in ORDERS
        for sign in ("-", "")
    ),
    Goal("page 500", last_pages, p95_ms=SLOWEST_MS),
    Goal("top rated", always("/movies/top_rated/"), share=0.12),
    Goal("search: the title", searches(lambda _, title: title), p95_ms=SLOWEST_MS),
    Goal("search: its beginning", searches(beginning), p95_ms=SLOWEST_MS),
    Goal("search: with a typo", searches(mistyped), p95_ms=SLOWEST_MS),
    Goal("genres", always("/genres/"), share=0.80),
)
PERSONAL = (
    Goal("feed, again", feeds, share=0.10, is_personal=True),
    Goal(
        "a rating, then the feed",
        ratings_and_feeds,
        per_second=300,
        p95_ms=SLOWEST_MS,
        is_personal=True,
    ),
    Goal("match score", scores, per_second=800, is_personal=True),
    Goal("rating", ratings, share=0.045, is_personal=True),
)
GOALS = PUBLIC + PERSONAL
