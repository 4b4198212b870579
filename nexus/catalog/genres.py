"""The names of the genres, which TMDb may change."""

from nexus.catalog.store import store_genres
from nexus.catalog.upstream import ask_tmdb, is_configured
from nexus.tmdb import Tmdb


def refresh_genres() -> None:
    """Bring the names up to date; raises what TMDb's client raises."""
    if is_configured():
        store_genres(ask_tmdb("genres", Tmdb.genres))
