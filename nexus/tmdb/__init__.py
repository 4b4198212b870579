"""A typed client of the TMDb v3 API: one call in, one frozen dataclass out.

It must not know Django, settings, caches or what becomes of the answers.
"""

from nexus.tmdb.client import Tmdb, Window, connect
from nexus.tmdb.errors import (
    TmdbKeyRejected,
    TmdbNonsense,
    TmdbNotConfigured,
    TmdbNotFound,
    TmdbPersonNotFound,
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
    "TmdbKeyRejected",
    "TmdbNonsense",
    "TmdbNotConfigured",
    "TmdbNotFound",
    "TmdbPersonNotFound",
    "TmdbUnavailable",
    "Window",
    "connect",
]
