"""A typed client of the TMDb v3 API: one call in, one frozen dataclass out.

It must not know Django, settings, caches or what becomes of the answers.
"""

from nexus.tmdb.client import Best, Tmdb, Window, connect
from nexus.tmdb.errors import (
    TmdbBusy,
    TmdbKeyRejected,
    TmdbNonsense,
    TmdbNotConfigured,
    TmdbNotFound,
    TmdbPersonNotFound,
    TmdbTimeout,
    TmdbUnavailable,
)
from nexus.tmdb.types import (
    CastMember,
    ChangesPage,
    Configuration,
    Genre,
    Json,
    Keyword,
    MovieBrief,
    MovieDetail,
    Page,
    Person,
    PersonRef,
)

__all__ = [
    "Best",
    "CastMember",
    "ChangesPage",
    "Configuration",
    "Genre",
    "Json",
    "Keyword",
    "MovieBrief",
    "MovieDetail",
    "Page",
    "Person",
    "PersonRef",
    "Tmdb",
    "TmdbBusy",
    "TmdbKeyRejected",
    "TmdbNonsense",
    "TmdbNotConfigured",
    "TmdbNotFound",
    "TmdbPersonNotFound",
    "TmdbTimeout",
    "TmdbUnavailable",
    "Window",
    "connect",
]
