"""Whole answers into dataclasses; raises TmdbNonsense when the essentials are wrong."""

from nexus.tmdb import values
from nexus.tmdb.errors import TmdbNonsense
from nexus.tmdb.types import (
    ChangesPage,
    Configuration,
    Genre,
    Json,
    MovieBrief,
    Page,
    Person,
)

LAST_PAGE = 500


def parse_page(raw: Json, *, asked: int) -> Page:
    entries = _entries(raw, "results")
    results = values.known(brief(entry) for entry in values.blocks(entries))
    _require_some(results, entries)
    return Page(*_counts(raw, asked), results)


def parse_changes(raw: Json, *, asked: int) -> ChangesPage:
    entries = _entries(raw, "results")
    ids = [values.tmdb_id(entry.get("id")) for entry in values.blocks(entries)]
    found = tuple(dict.fromkeys(n for n in ids if n is not None))
    _require_some(found, entries)
    return ChangesPage(*_counts(raw, asked), found)


def parse_genres(raw: Json) -> tuple[Genre, ...]:
    entries = _entries(raw, "genres")
    found = genres(entries)
    _require_some(found, entries)
    return found


def parse_person(raw: Json, *, asked: int) -> Person:
    name = values.text(raw.get("name"))
    if values.tmdb_id(raw.get("id")) != asked or name is None:
        raise TmdbNonsense("TMDb answered with something else than the person.")
    aliases = (values.text(alias) for alias in values.items(raw.get("also_known_as")))
    return Person(
        tmdb_id=asked,
        name=name,
        also_known_as=tuple(dict.fromkeys(alias for alias in aliases if alias)),
        biography=values.text(raw.get("biography")),
        born_on=values.day(raw.get("birthday")),
        died_on=values.day(raw.get("deathday")),
        birthplace=values.text(raw.get("place_of_birth")),
        known_for=values.text(raw.get("known_for_department")),
        imdb_id=values.imdb_id(raw.get("imdb_id"), prefix="nm"),
        profile_path=values.image_path(raw.get("profile_path")),
        popularity=values.number(raw.get("popularity")) or None,
    )


def parse_configuration(raw: Json) -> Configuration:
    images = values.block(raw.get("images"))
    base_url = values.web_address(images.get("secure_base_url"))
    if base_url is None or not base_url.startswith("https://"):
        raise TmdbNonsense("TMDb did not say where its images are.")
    return Configuration(
        image_base_url=base_url,
        poster_sizes=_sizes(images.get("poster_sizes")),
        backdrop_sizes=_sizes(images.get("backdrop_sizes")),
        profile_sizes=_sizes(images.get("profile_sizes")),
    )


def brief(raw: Json) -> MovieBrief | None:
    """The film of a list entry, or None if it has no id or title, or is no film."""
    tmdb_id = values.tmdb_id(raw.get("id"))
    original_title = values.text(raw.get("original_title"))
    title = values.text(raw.get("title")) or original_title
    if tmdb_id is None or title is None or raw.get("media_type", "movie") != "movie":
        return None
    ids = [values.tmdb_id(entry) for entry in values.items(raw.get("genre_ids"))]
    return MovieBrief(
        tmdb_id=tmdb_id,
        title=title,
        original_title=original_title,
        original_language=values.text(raw.get("original_language")),
        overview=values.text(raw.get("overview")),
        release_date=values.day(raw.get("release_date")),
        genre_ids=tuple(dict.fromkeys(n for n in ids if n is not None)),
        popularity=values.number(raw.get("popularity")) or None,
        vote_average=_vote_average(raw),
        vote_count=values.whole(raw.get("vote_count"), low=1),
        poster_path=values.image_path(raw.get("poster_path")),
        backdrop_path=values.image_path(raw.get("backdrop_path")),
        adult=raw.get("adult") is True,
    )


def genres(raw: object) -> tuple[Genre, ...]:
    return tuple(Genre(*pair) for pair in values.names(raw).items())


def _vote_average(raw: Json) -> float | None:
    """TMDb sends 0 for the average of no votes; its scale begins at 0.5."""
    if raw.get("vote_count") == 0:
        return None
    return values.number(raw.get("vote_average"), high=10) or None


def _sizes(raw: object) -> tuple[str, ...]:
    sizes = (values.text(size) for size in values.items(raw))
    return tuple(size for size in sizes if size)


def _entries(raw: Json, name: str) -> list[object]:
    entries = raw.get(name)
    if not isinstance(entries, list):
        raise TmdbNonsense("TMDb answered without the list that was asked for.")
    return entries


def _require_some(found: tuple[object, ...], entries: list[object]) -> None:
    # Some bad entries are TMDb's noise; all of them bad is no TMDb, not "no results".
    if entries and not found:
        raise TmdbNonsense("TMDb answered with a list that cannot be read.")


def _counts(raw: Json, asked: int) -> tuple[int, int, int]:
    page = values.whole(raw.get("page"), low=1) or asked
    total_pages = values.whole(raw.get("total_pages"))
    total_results = values.whole(raw.get("total_results"))
    return (
        page,
        min(page if total_pages is None else total_pages, LAST_PAGE),
        len(_entries(raw, "results")) if total_results is None else total_results,
    )
