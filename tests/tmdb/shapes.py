"""The JSON shapes of TMDb v3, made from the films of the test server."""

import math
from collections.abc import Iterable
from typing import Any

from tests.tmdb.films import GENRES, Film

Doc = dict[str, Any]


class Numbers:
    """Gives every name a lasting made-up id."""

    def __init__(self, first: int) -> None:
        self.ids: dict[str, int] = {}
        self._first = first

    def __call__(self, name: str) -> int:
        return self.ids.setdefault(name, self._first + len(self.ids))

    def name(self, number: str) -> str | None:
        return next((name for name, n in self.ids.items() if str(n) == number), None)


people = Numbers(1_000)
keywords = Numbers(50_000)


def film_doc(film: Film, *, rank: int) -> Doc:
    """The full detail answer of a film, every appended block included."""
    director, *cast = film.people.split("; ")
    return {
        "adult": False,
        "backdrop_path": f"/back{film.tmdb_id}.jpg",
        "belongs_to_collection": None,
        "budget": 1_000_000 * film.runtime,
        "genres": [{"id": n, "name": GENRES[n]} for n in film.genre_ids],
        "homepage": "",
        "id": film.tmdb_id,
        "imdb_id": f"tt{film.tmdb_id:07d}",
        "origin_country": ["US"],
        "original_language": film.language,
        "original_title": film.original_title or film.title,
        "overview": film.overview,
        "popularity": 100.0 - rank,
        "poster_path": f"/poster{film.tmdb_id}.jpg",
        "production_companies": [
            {
                "id": 9,
                "logo_path": None,
                "name": "Harbour Pictures",
                "origin_country": "",
            }
        ],
        "production_countries": [
            {"iso_3166_1": "US", "name": "United States of America"}
        ],
        "release_date": film.released,
        "revenue": 0,
        "runtime": film.runtime,
        "spoken_languages": [
            {"english_name": "English", "iso_639_1": "en", "name": "English"}
        ],
        "status": "Released",
        "tagline": "",
        "title": film.title,
        "video": False,
        "vote_average": 8.5 - rank / 20,
        "vote_count": 9_000 - 100 * rank,
        "credits": {
            "cast": [
                _cast(place, *who.split(" as ")) for place, who in enumerate(cast)
            ],
            "crew": [_who(director) | {"department": "Directing", "job": "Director"}],
        },
        "keywords": {
            "keywords": [named(keywords, k) for k in film.keywords.split(", ")]
        },
        "external_ids": {"imdb_id": f"tt{film.tmdb_id:07d}", "wikidata_id": None},
        "videos": {"results": [trailer(f"trailer-{film.tmdb_id}")]},
        "release_dates": {"results": [rated("US", "PG-13"), rated("DE", "12")]},
        "translations": {"translations": [told("en", "US", overview=film.overview)]},
    }


BLOCKS = (
    "credits",
    "keywords",
    "external_ids",
    "videos",
    "release_dates",
    "translations",
)


def named(numbers: Numbers, name: str) -> Doc:
    return {"id": numbers(name), "name": name}


def _who(name: str) -> Doc:
    return named(people, name) | {
        "adult": False,
        "original_name": name,
        "profile_path": f"/face{people(name)}.jpg",
        "credit_id": f"credit-{people(name)}",
    }


def _cast(place: int, name: str, character: str) -> Doc:
    return _who(name) | {"character": character, "order": place, "cast_id": place + 1}


def trailer(key: str, **changed: Any) -> Doc:
    return {
        "id": key,
        "iso_639_1": "en",
        "key": key,
        "name": "Official Trailer",
        "official": True,
        "published_at": "2015-06-01T12:00:00.000Z",
        "site": "YouTube",
        "size": 1080,
        "type": "Trailer",
    } | changed


def rated(country: str, certification: str, kind: int = 3) -> Doc:
    release = {
        "certification": certification,
        "descriptors": [],
        "note": "",
        "release_date": "2000-01-01T00:00:00.000Z",
        "type": kind,
    }
    return {"iso_3166_1": country, "release_dates": [release]}


def told(
    language: str, country: str, *, title: str = "", overview: str = "", **data: Any
) -> Doc:
    """One translation of a film; an empty title is the original one."""
    texts = {"title": title, "overview": overview, "tagline": "", "homepage": ""}
    return {
        "iso_639_1": language,
        "iso_3166_1": country,
        "name": f"{language} as its speakers write it",
        "english_name": language,
        "data": texts | {"runtime": 0} | data,
    }


def detail(film: Doc, appended: str) -> Doc:
    left_out = set(BLOCKS) - set(appended.split(","))
    return {name: value for name, value in film.items() if name not in left_out}


BRIEF_FIELDS = (
    "adult",
    "backdrop_path",
    "id",
    "original_language",
    "original_title",
    "overview",
    "popularity",
    "poster_path",
    "release_date",
    "title",
    "video",
    "vote_average",
    "vote_count",
)


def brief(film: Doc) -> Doc:
    fields: Doc = {name: film[name] for name in BRIEF_FIELDS}
    return fields | {"genre_ids": [genre["id"] for genre in film["genres"]]}


def page(entries: Iterable[Doc], number: int, *, size: int = 20) -> Doc:
    found = list(entries)
    return {
        "page": number,
        "results": found[(number - 1) * size : number * size],
        "total_pages": max(1, math.ceil(len(found) / size)),
        "total_results": len(found),
    }


def person(number: int, name: str) -> Doc:
    return {
        "adult": False,
        "also_known_as": [f"{name[0]}. {name.rsplit(maxsplit=1)[-1]}"],
        "biography": f"{name} works in film.",
        "birthday": "1960-02-29",
        "deathday": None,
        "gender": 0,
        "homepage": None,
        "id": number,
        "imdb_id": f"nm{number:07d}",
        "known_for_department": "Acting",
        "name": name,
        "place_of_birth": "",
        "popularity": 12.5,
        "profile_path": f"/face{number}.jpg",
    }


CONFIGURATION: Doc = {
    "change_keys": ["title"],
    "images": {
        "base_url": "http://images.test/t/p/",
        "secure_base_url": "https://images.test/t/p/",
        "backdrop_sizes": ["w780", "original"],
        "logo_sizes": ["w92"],
        "poster_sizes": ["w185", "w500", "original"],
        "profile_sizes": ["w185", "original"],
        "still_sizes": ["w92"],
    },
}


def error(code: int, message: str) -> Doc:
    return {"success": False, "status_code": code, "status_message": message}


NOT_FOUND = error(34, "The resource you requested could not be found.")
BAD_KEY = error(7, "Invalid API key: You must be granted a valid key.")
BAD_PAGE = error(22, "Invalid page: Pages start at 1 and max at 500.")
TOO_MANY = error(25, "Your request count is over the allowed limit.")
INTERNAL = error(11, "Internal error: Something went wrong, contact TMDb.")
OFFLINE = error(9, "Service offline: This service is temporarily offline.")

# Valid JSON in which every essential has the wrong type.
WRONG_TYPES: Doc = {
    "id": "603",
    "title": ["The Matrix"],
    "original_title": 7,
    "name": {"first": "Keanu"},
    "genres": "Action",
    "results": {"0": "The Matrix"},
    "images": "https://images.test",
    "page": "one",
    "credits": [],
    "runtime": "two hours",
}
