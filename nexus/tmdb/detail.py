"""The answer to one film with its appended blocks, into a MovieDetail."""

from dataclasses import asdict
from typing import Final

from nexus.tmdb import values
from nexus.tmdb.errors import TmdbNonsense
from nexus.tmdb.parse import brief, genres
from nexus.tmdb.types import (
    CastMember,
    Json,
    Keyword,
    MovieDetail,
    MovieText,
    PersonRef,
)

# The blocks that come with one call, each with the lists that it has to hold.
BLOCKS: Final[dict[str, tuple[str, ...]]] = {
    "credits": ("cast", "crew"),
    "keywords": ("keywords",),
    "external_ids": (),
    "videos": ("results",),
    "release_dates": ("results",),
    "translations": ("translations",),
}
APPENDED = tuple(BLOCKS)

# Release types in TMDb's numbering: the cinema first, festivals and television last.
_CERTIFICATION_ORDER = (3, 2, 4, 5, 6, 1)


def parse_movie(raw: Json, *, asked: int) -> MovieDetail:
    genres_found = genres(raw.get("genres"))
    genre_ids = [genre.tmdb_id for genre in genres_found]
    shared = brief({**raw, "genre_ids": genre_ids})
    if shared is None or shared.tmdb_id != asked:
        raise TmdbNonsense("TMDb answered with something else than the movie.")
    return MovieDetail(
        **asdict(shared),
        genres=genres_found,
        runtime=values.amount(raw.get("runtime")),
        imdb_id=_imdb_id(raw),
        tagline=values.text(raw.get("tagline")),
        status=values.text(raw.get("status")),
        directors=_directors(raw),
        cast=_cast(raw),
        keywords=_keywords(raw),
        trailer_key=_trailer_key(raw),
        texts=_texts(raw),
        missing_blocks=_missing_blocks(raw),
        extra=_extra(raw),
    )


def _missing_blocks(raw: Json) -> frozenset[str]:
    return frozenset(
        name
        for name, lists in BLOCKS.items()
        if not isinstance(raw.get(name), dict)
        or any(_inside(raw, name, one) is None for one in lists)
    )


def _inside(raw: Json, block: str, name: str) -> list[Json] | None:
    """The entries of a list in an appended block; None if TMDb left it out."""
    entries = values.block(raw.get(block)).get(name)
    return values.blocks(entries) if isinstance(entries, list) else None


def _imdb_id(raw: Json) -> str | None:
    external = values.block(raw.get("external_ids"))
    return values.imdb_id(raw.get("imdb_id")) or values.imdb_id(external.get("imdb_id"))


def _directors(raw: Json) -> tuple[PersonRef, ...] | None:
    crew = _inside(raw, "credits", "crew")
    if crew is None:
        return None
    return values.known(_person(who) for who in crew if who.get("job") == "Director")


def _person(raw: Json) -> PersonRef | None:
    tmdb_id, name = values.tmdb_id(raw.get("id")), values.text(raw.get("name"))
    if tmdb_id is None or name is None:
        return None
    return PersonRef(tmdb_id, name, values.image_path(raw.get("profile_path")))


def _cast(raw: Json) -> tuple[CastMember, ...] | None:
    entries = _inside(raw, "credits", "cast")
    if entries is None:
        return None
    members = [_cast_member(entry, place) for place, entry in enumerate(entries)]
    in_order = sorted((m for m in members if m is not None), key=lambda m: m.order)
    return values.known(in_order)


def _cast_member(raw: Json, place: int) -> CastMember | None:
    person = _person(raw)
    if person is None:
        return None
    order = values.whole(raw.get("order"))
    return CastMember(
        tmdb_id=person.tmdb_id,
        name=person.name,
        character=values.text(raw.get("character")),
        order=place if order is None else order,
        profile_path=person.profile_path,
    )


def _keywords(raw: Json) -> tuple[Keyword, ...] | None:
    entries = _inside(raw, "keywords", "keywords")
    if entries is None:
        return None
    return tuple(Keyword(*pair) for pair in values.names(entries).items())


def _trailer_key(raw: Json) -> str | None:
    """The earliest official trailer: later ones are for anniversaries and reruns."""
    trailers = [
        entry
        for entry in _inside(raw, "videos", "results") or []
        if entry.get("site") == "YouTube"
        and entry.get("type") == "Trailer"
        and values.video_key(entry.get("key"))
    ]
    best = min(trailers, key=_trailer_rank, default=None)
    return values.video_key(best["key"]) if best else None


def _trailer_rank(raw: Json) -> tuple[bool, str]:
    return (
        raw.get("official") is not True,
        values.text(raw.get("published_at")) or "~",
    )


def _texts(raw: Json) -> tuple[MovieText, ...] | None:
    entries = _inside(raw, "translations", "translations")
    if entries is None:
        return None
    found: dict[tuple[str, str], MovieText] = {}
    for text in map(_text, entries):
        if text is not None:
            found.setdefault((text.language, text.region), text)
    return tuple(found.values())


def _text(raw: Json) -> MovieText | None:
    """TMDb leaves a title empty that is the original one in this language too."""
    language = values.language_code(raw.get("iso_639_1"))
    region = values.country_code(raw.get("iso_3166_1"))
    data = values.block(raw.get("data"))
    told = [values.text(data.get(name)) for name in ("title", "overview", "tagline")]
    if language is None or region is None or not any(told):
        return None
    return MovieText(language, region, *told)


def _extra(raw: Json) -> Json:
    """What is only shown, never searched; unknown values have no key."""
    found: Json = {
        "budget": values.amount(raw.get("budget")),
        "revenue": values.amount(raw.get("revenue")),
        "homepage": values.web_address(raw.get("homepage")),
        "collection": _collection(values.block(raw.get("belongs_to_collection"))),
        "production_companies": _companies(raw),
        "production_countries": _coded(raw, "production_countries", "iso_3166_1"),
        "spoken_languages": _coded(raw, "spoken_languages", "iso_639_1"),
        "certifications": _certifications(raw),
    }
    return {name: value for name, value in found.items() if value is not None}


def _collection(raw: Json) -> Json | None:
    tmdb_id, name = values.tmdb_id(raw.get("id")), values.text(raw.get("name"))
    if tmdb_id is None or name is None:
        return None
    poster_path = values.image_path(raw.get("poster_path"))
    return {"tmdb_id": tmdb_id, "name": name, "poster_path": poster_path}


def _companies(raw: Json) -> list[Json] | None:
    if not isinstance(raw.get("production_companies"), list):
        return None
    entries = values.blocks(raw.get("production_companies"))
    countries = {
        tmdb_id: values.text(entry.get("origin_country"))
        for entry in entries
        if (tmdb_id := values.tmdb_id(entry.get("id")))
    }
    return [
        {"tmdb_id": tmdb_id, "name": name, "country": countries[tmdb_id]}
        for tmdb_id, name in values.names(entries).items()
    ]


def _coded(raw: Json, name: str, code: str) -> list[Json] | None:
    if not isinstance(raw.get(name), list):
        return None
    pairs = {
        values.text(entry.get(code)): values.text(entry.get("english_name"))
        or values.text(entry.get("name"))
        for entry in values.blocks(raw.get(name))
    }
    return [{"code": key, "name": said} for key, said in pairs.items() if key]


def _certifications(raw: Json) -> dict[str, str] | None:
    """By country; None if TMDb left the block out."""
    entries = _inside(raw, "release_dates", "results")
    if entries is None:
        return None
    by_country = {
        values.text(entry.get("iso_3166_1")): _certification(entry) for entry in entries
    }
    return {country: said for country, said in by_country.items() if country and said}


def _certification(raw: Json) -> str | None:
    by_type = {
        values.whole(release.get("type")): certification
        for release in values.blocks(raw.get("release_dates"))
        if (certification := values.text(release.get("certification")))
    }
    return next((by_type[t] for t in _CERTIFICATION_ORDER if t in by_type), None)
