import random
import time
from collections.abc import Callable
from datetime import date, timedelta
from types import TracebackType
from typing import Literal, Self, TypeAlias
from urllib.request import getproxies, proxy_bypass

import httpx

from nexus.tmdb import values
from nexus.tmdb.deadline import Clock, DeadlineTransport
from nexus.tmdb.detail import APPENDED, parse_movie
from nexus.tmdb.errors import TmdbNotConfigured, TmdbNotFound, TmdbPersonNotFound
from nexus.tmdb.fetch import Fetcher, Pace, Params
from nexus.tmdb.keys import KeyedTransport
from nexus.tmdb.parse import (
    LAST_PAGE,
    parse_changes,
    parse_configuration,
    parse_genres,
    parse_page,
    parse_person,
)
from nexus.tmdb.types import (
    ChangesPage,
    Configuration,
    Genre,
    MovieDetail,
    Page,
    Person,
)

Window: TypeAlias = Literal["day", "week"]
Best: TypeAlias = Literal["popular", "top_rated"]

ENGLISH = "en-US"
MAX_QUERY_LENGTH = 500
MAX_CHANGES_SPAN = timedelta(days=14)


class Tmdb:
    """Every method makes one call of at most `timeout_s`, waits and repeats included.

    Each may raise TmdbUnavailable, TmdbKeyRejected and TmdbNonsense; a page outside
    1..500 is a ValueError. `http` brings the address and the key: see `connect`.
    """

    def __init__(  # noqa: PLR0913  all but the first are for tests and for `connect`
        self,
        http: httpx.Client,
        *,
        tries: int = 2,
        timeout_s: float = 4.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Clock = time.monotonic,
        rng: random.Random | None = None,
        pace: Pace = lambda left_s: None,
    ) -> None:
        self._http = http
        self._fetcher = Fetcher(
            http=http,
            tries=tries,
            timeout_s=timeout_s,
            sleep=sleep,
            clock=clock,
            rng=rng or random.SystemRandom(),
            pace=pace,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def movie(self, tmdb_id: int, *, language: str = ENGLISH) -> MovieDetail:
        """Raise TmdbNotFound if the film never was, was removed or was merged."""
        missing = TmdbNotFound(f"TMDb has no movie {tmdb_id}.")
        _require_id(tmdb_id, missing)
        params = {"language": language, "append_to_response": ",".join(APPENDED)}
        raw = self._fetcher.get(f"/movie/{tmdb_id}", params, missing=missing)
        return parse_movie(raw, asked=tmdb_id)

    def search(
        self,
        query: str,
        *,
        page: int = 1,
        year: int | None = None,
        language: str = ENGLISH,
    ) -> Page:
        """A blank query, or one of over 500 characters, is a ValueError."""
        _require_page(page)
        words = values.storable(query)
        if not 1 <= len(words) <= MAX_QUERY_LENGTH:
            raise ValueError(f"a query has 1 to {MAX_QUERY_LENGTH} characters")
        params: dict[str, str | int] = {
            "query": words,
            "page": page,
            "language": language,
            "include_adult": "false",
        }
        if year is not None:
            params["year"] = year
        raw = self._fetcher.get("/search/movie", params)
        return parse_page(raw, asked=page)

    def trending(
        self, window: Window, *, page: int = 1, language: str = ENGLISH
    ) -> Page:
        _require_page(page)
        params: Params = {"page": page, "language": language}
        raw = self._fetcher.get(f"/trending/movie/{window}", params)
        return parse_page(raw, asked=page)

    def best(self, name: Best, *, page: int = 1, language: str = ENGLISH) -> Page:
        """All of TMDb's films, by popularity of these days or by votes."""
        _require_page(page)
        params: Params = {"page": page, "language": language}
        return parse_page(self._fetcher.get(f"/movie/{name}", params), asked=page)

    def recommendations(
        self, tmdb_id: int, *, page: int = 1, language: str = ENGLISH
    ) -> Page:
        """TMDb's own list for a film; raise TmdbNotFound as `movie` does."""
        _require_page(page)
        missing = TmdbNotFound(f"TMDb has no movie {tmdb_id}.")
        _require_id(tmdb_id, missing)
        params: Params = {"page": page, "language": language}
        path = f"/movie/{tmdb_id}/recommendations"
        raw = self._fetcher.get(path, params, missing=missing)
        return parse_page(raw, asked=page)

    def genres(self, *, language: str = ENGLISH) -> tuple[Genre, ...]:
        raw = self._fetcher.get("/genre/movie/list", {"language": language})
        return parse_genres(raw)

    def changes(self, start_on: date, end_on: date, page: int = 1) -> ChangesPage:
        """Ids of the films changed between two days, at most 14 apart (ValueError)."""
        _require_page(page)
        if not timedelta(0) <= end_on - start_on <= MAX_CHANGES_SPAN:
            raise ValueError("changes span 0 to 14 days")
        params: Params = {
            "start_date": start_on.isoformat(),
            "end_date": end_on.isoformat(),
            "page": page,
        }
        return parse_changes(self._fetcher.get("/movie/changes", params), asked=page)

    def person(self, tmdb_id: int, *, language: str = ENGLISH) -> Person:
        missing = TmdbPersonNotFound(f"TMDb has no person {tmdb_id}.")
        _require_id(tmdb_id, missing)
        params = {"language": language}
        raw = self._fetcher.get(f"/person/{tmdb_id}", params, missing=missing)
        return parse_person(raw, asked=tmdb_id)

    def configuration(self) -> Configuration:
        return parse_configuration(self._fetcher.get("/configuration", {}))


def connect(
    *,
    key: str,
    base_url: str,
    timeout_s: float = 4.0,
    pace: Pace = lambda left_s: None,
) -> Tmdb:
    """Build a client of TMDb for a v3 key or a v4 read token; close it after use."""
    key = key.strip()
    if not key:
        raise TmdbNotConfigured
    address = httpx.URL(base_url)
    if address.scheme not in {"http", "https"} or not address.host:
        raise ValueError("the address of TMDb must begin with http:// or https://")
    transport = DeadlineTransport(proxy=_proxy(address))
    http = httpx.Client(
        base_url=address,
        transport=KeyedTransport(transport, key=key),
        headers={"Accept": "application/json", "User-Agent": "nexus"},
    )
    return Tmdb(http, timeout_s=timeout_s, pace=pace)


def _proxy(address: httpx.URL) -> str | None:
    # httpx looks for proxies itself only when it makes the transport, too.
    if proxy_bypass(address.host):
        return None
    proxies = getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _require_page(page: int) -> None:
    if not 1 <= page <= LAST_PAGE:
        raise ValueError(f"pages go from 1 to {LAST_PAGE}")


def _require_id(tmdb_id: int, missing: TmdbNotFound) -> None:
    if not 1 <= tmdb_id <= values.MAX_ID:
        raise missing
