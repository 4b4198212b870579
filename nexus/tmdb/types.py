from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

Json: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class Genre:
    tmdb_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Keyword:
    tmdb_id: int
    name: str


@dataclass(frozen=True, slots=True)
class PersonRef:
    tmdb_id: int
    name: str
    profile_path: str | None


@dataclass(frozen=True, slots=True)
class CastMember:
    tmdb_id: int
    name: str
    character: str | None
    order: int
    profile_path: str | None


@dataclass(frozen=True, slots=True)
class MovieText:
    """A film in one language (ISO 639-1) of one country (ISO 3166-1)."""

    language: str
    region: str
    title: str | None
    overview: str | None
    tagline: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieBrief:
    """What every list of films tells; None means that TMDb does not know."""

    tmdb_id: int
    title: str
    original_title: str | None
    original_language: str | None
    overview: str | None
    release_date: date | None
    genre_ids: tuple[int, ...]
    popularity: float | None
    vote_average: float | None
    vote_count: int | None
    poster_path: str | None
    backdrop_path: str | None
    adult: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieDetail(MovieBrief):
    """One film in full.

    `directors`, `cast`, `keywords` and `texts` are None when TMDb left their block out
    and empty when it has none. `missing_blocks` names the blocks left out or without
    the lists that make them up, so that a stored trailer or certification outlives a
    partial answer.
    """

    genres: tuple[Genre, ...]
    runtime: int | None
    imdb_id: str | None
    tagline: str | None
    status: str | None
    directors: tuple[PersonRef, ...] | None
    cast: tuple[CastMember, ...] | None
    keywords: tuple[Keyword, ...] | None
    trailer_key: str | None
    texts: tuple[MovieText, ...] | None
    missing_blocks: frozenset[str]
    extra: Json = field(hash=False)


@dataclass(frozen=True, slots=True)
class Page:
    """`total_pages` counts the pages that can be asked for: TMDb stops at 500."""

    page: int
    total_pages: int
    total_results: int
    results: tuple[MovieBrief, ...]


@dataclass(frozen=True, slots=True)
class ChangesPage:
    page: int
    total_pages: int
    total_results: int
    tmdb_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    tmdb_id: int
    name: str
    also_known_as: tuple[str, ...]
    biography: str | None
    born_on: date | None
    died_on: date | None
    birthplace: str | None
    known_for: str | None
    imdb_id: str | None
    profile_path: str | None
    popularity: float | None


@dataclass(frozen=True, slots=True)
class Configuration:
    """An image address is `image_base_url` + one of the sizes + a stored path."""

    image_base_url: str
    poster_sizes: tuple[str, ...]
    backdrop_sizes: tuple[str, ...]
    profile_sizes: tuple[str, ...]
