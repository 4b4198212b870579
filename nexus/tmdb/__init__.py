"""A typed client of the TMDb v3 API: one call in, one frozen dataclass out.

It must not know Django, settings, caches or what becomes of the answers.
"""

from nexus.tmdb.client import Best, Tmdb, Window, connect
from nexus.tmdb.deadline import Deadline, current, within
from nexus.tmdb.errors import (
    TmdbBusy,
    TmdbKeyRejected,
    TmdbNonsense,
    TmdbNotConfigured,
    TmdbNotFound,
    TmdbPersonNotFound,
    TmdbThrottled,
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
from nexus.tmdb.values import MAX_ID

__all__ = [
    "MAX_ID",
    "Best",
    "CastMember",
    "ChangesPage",
    "Configuration",
    "Deadline",
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
    "TmdbThrottled",
    "TmdbTimeout",
    "TmdbUnavailable",
    "Window",
    "connect",
    "current",
    "within",
]
