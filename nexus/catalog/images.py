"""Where TMDb's images are: paths are stored, addresses are made for each answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from nexus.catalog.aside import Freshness, refresh, stored_answer
from nexus.catalog.changes import announce
from nexus.catalog.copies import COPIES
from nexus.catalog.upstream import ask_tmdb, is_configured
from nexus.tmdb import Configuration, Tmdb

KIND = "configuration"  # in metrics and logs, and in the cache
FRESHNESS = Freshness(timedelta(days=2), timedelta(days=90))
POSTER, BACKDROP, ANY = "w500", "w1280", "original"
IMAGES = "images"
# By a process that heard of no change: every list, film and feed wants to know.
KEPT_S = 60.0


@dataclass(frozen=True, slots=True)
class Images:
    base_url: str
    poster_size: str
    backdrop_size: str

    def poster(self, path: str | None) -> str | None:
        return f"{self.base_url}{self.poster_size}{path}" if path else None

    def backdrop(self, path: str | None) -> str | None:
        return f"{self.base_url}{self.backdrop_size}{path}" if path else None


# As TMDb documents it; so it has been for more than ten years.
DOCUMENTED: Final = Images("https://image.tmdb.org/t/p/", POSTER, BACKDROP)


def images(*, now: datetime) -> Images:
    """Return where the images are, as TMDb last said; never waits for TMDb."""
    if not is_configured():
        return DOCUMENTED
    found: Images | None = COPIES.find(IMAGES)
    if found is None:
        since = COPIES.times_forgotten
        stored = stored_answer(KIND, FRESHNESS, now=now)
        found = DOCUMENTED if stored is None else images_from(stored.value)
        COPIES.keep(IMAGES, found, keep_s=KEPT_S, since=since)
    return found


def images_from(told: Configuration) -> Images:
    return Images(
        told.image_base_url.rstrip("/") + "/",
        POSTER if POSTER in told.poster_sizes else ANY,
        BACKDROP if BACKDROP in told.backdrop_sizes else ANY,
    )


def refresh_images(*, now: datetime) -> None:
    """Ask TMDb where its images are; raises what its client raises."""
    if is_configured():
        refresh(KIND, FRESHNESS, ask=ask, now=now)
        announce()


def ask() -> Configuration:
    return ask_tmdb(KIND, Tmdb.configuration)
