"""Single values of an answer, made safe to store. None means unknown or malformed."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar

from nexus.tmdb.types import Json

MAX_ID = 2**31 - 1

# PostgreSQL stores neither NUL nor half of a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_IMAGE_PATH = re.compile(r"/[\w-]+\.\w+", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_VIDEO_KEY = re.compile(r"[\w-]{1,64}", re.ASCII)
_WEB_ADDRESS = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)


class _Identified(Protocol):
    @property
    def tmdb_id(self) -> int: ...


Row = TypeVar("Row", bound=_Identified)


def storable(value: str) -> str:
    return _UNSTORABLE.sub("", value).strip()


def text(value: object) -> str | None:
    """TMDb sends "" for a text that it does not have."""
    return (storable(value) or None) if isinstance(value, str) else None


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    found = text(value)
    return found if found and pattern.fullmatch(found) else None


def image_path(value: object) -> str | None:
    return _matching(_IMAGE_PATH, value)


def video_key(value: object) -> str | None:
    return _matching(_VIDEO_KEY, value)


def language_code(value: object) -> str | None:
    """ISO 639-1, as every text of TMDb's is marked."""
    return _matching(_LANGUAGE, value)


def country_code(value: object) -> str | None:
    """ISO 3166-1."""
    return _matching(_COUNTRY, value)


def web_address(value: object) -> str | None:
    """Pages link to it, so `javascript:` and its kind are not let in."""
    return _matching(_WEB_ADDRESS, value)


def imdb_id(value: object, *, prefix: str = "tt") -> str | None:
    return _matching(re.compile(prefix + r"\d{1,12}", re.ASCII), value)


def whole(value: object, *, low: int = 0, high: int = MAX_ID) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    return None


def tmdb_id(value: object) -> int | None:
    return whole(value, low=1)


def amount(value: object) -> int | None:
    """TMDb sends 0 for an unknown runtime, budget or revenue."""
    return whole(value, low=1, high=2**53)


def number(value: object, *, high: float = 1e12) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= high else None


def day(value: object) -> date | None:
    found = _matching(_DAY, value)
    try:
        return date.fromisoformat(found) if found else None
    except ValueError:
        return None


def block(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def blocks(value: object) -> list[Json]:
    """The well-formed entries of a list; none if it is no list."""
    return [entry for entry in items(value) if isinstance(entry, dict)]


def items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def names(value: object) -> dict[int, str]:
    """The names of a list by id, as genres, keywords and companies come."""
    found: dict[int, str] = {}
    for entry in blocks(value):
        number, name = tmdb_id(entry.get("id")), text(entry.get("name"))
        if number and name:
            found.setdefault(number, name)
    return found


def known(values: Iterable[Row | None]) -> tuple[Row, ...]:
    """The rows that could be read, the first one of each id."""
    rows: dict[int, Row] = {}
    for row in values:
        if row is not None:
            rows.setdefault(row.tmdb_id, row)
    return tuple(rows.values())
