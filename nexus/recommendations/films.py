"""The engine's picture of the catalogue, kept in the process and brought up to date."""

import logging
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from time import monotonic
from typing import Final, LiteralString, Protocol

from django.db import Error as DatabaseTrouble
from django.db import connection
from django.db.models import Max

from nexus import engine
from nexus.catalog.models import Movie
from nexus.lib.memory import give_back
from nexus.recommendations.facts import FactsById, facts_of
from nexus.recommendations.shortlist import Shortlist, changed, read_shortlist

logger = logging.getLogger(__name__)

# Transactions may commit later than they set updated_at; so much is looked at again.
OVERLAP: Final = timedelta(minutes=1)
LOOKED_AT: Final = 2_000  # of the newest changes; more than TMDb tells in that time
# A picture of so many films is redrawn aside, and no request is kept waiting. It takes
# up to so much of the process's time, and is tried again after so long.
LARGE = 5_000
SHARE: Final = 0.1
TRIED_AGAIN_AFTER_S: Final = 5.0
MOST_OTHERS: Final = 5_000
# Asked for with every answer: by hand, as making the same of objects takes far longer.
NEWEST: Final[LiteralString] = """
SELECT max(at), count(*), sum(extract(epoch FROM at)) FROM (
    SELECT updated_at AS at FROM catalog_movie
    WHERE updated_at >= %s ORDER BY updated_at DESC LIMIT %s
) newest
"""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the latest changes look like: equal as long as there is no other."""

    changed_at: datetime | None
    total: int
    moments: Decimal | None


@dataclass(frozen=True, slots=True)
class Picture:
    """Facts of the listed films by id, the arrays built from them, and when that was.

    stamp:  of the changes after `since`; None: look again
    number: grows with every picture
    others: facts of films beyond, as they were asked for; None: not shown
    """

    shortlist: Shortlist
    facts: Mapping[int, engine.FilmFacts]
    catalogue: engine.Catalogue
    since: datetime | None
    stamp: Stamp | None
    number: int = 0
    others: dict[int, engine.FilmFacts | None] = field(default_factory=dict)

    @property
    def is_large(self) -> bool:
        return len(self.facts) >= LARGE

    @property
    def has_films_beyond(self) -> bool:
        """Say whether films that are shown may be missing, for good or for a while."""
        return self.shortlist.is_full or self.is_large

    def lacks(self, film_id: int | None) -> bool:
        """Say whether the film has to be drawn before it can be asked about."""
        is_here = film_id is None or film_id in self.facts
        return not (is_here or self.has_films_beyond)

    def facts_beyond(
        self, movie_ids: Collection[int], *, afresh: int | None, now: datetime
    ) -> FactsById:
        """Return facts of those of the films that are shown, and not in the picture.

        afresh: one that may be newer than what is remembered
        """
        if not self.has_films_beyond:
            return {}
        beyond = [id_ for id_ in movie_ids if id_ not in self.facts]
        others = self.others.copy()  # another thread may empty it
        known = {id_: others[id_] for id_ in beyond if id_ in others and id_ != afresh}
        if new := [id_ for id_ in beyond if id_ not in known]:
            known |= dict.fromkeys(new) | facts_of(new, now=now)
            self.remember(known)
        return {id_: told for id_, told in known.items() if told is not None}

    def remember(self, known: Mapping[int, engine.FilmFacts | None]) -> None:
        """Forget all the rest when it grows too much, which is read again."""
        if len(self.others) > MOST_OTHERS:
            self.others.clear()
        self.others.update(known)


NOTHING: Final = Picture(Shortlist(), {}, engine.build_catalogue([]), None, None)


@dataclass(frozen=True, eq=False)
class Films:
    """What one answer goes by: the picture, and films beyond it that matter here."""

    picture: Picture
    beyond: Mapping[int, engine.FilmFacts] = field(default_factory=dict)

    @property
    def catalogue(self) -> engine.Catalogue:
        return self.picture.catalogue

    @cached_property
    def guests(self) -> engine.Catalogue | None:
        """The films beyond, as the engine takes them."""
        return self.excerpt(self.beyond) if self.beyond else None

    def facts_of(self, movie_id: int) -> engine.FilmFacts | None:
        return self.picture.facts.get(movie_id) or self.beyond.get(movie_id)

    def has(self, movie_id: int) -> bool:
        return self.facts_of(movie_id) is not None

    def holding(self, movie_ids: Iterable[int]) -> engine.Catalogue:
        """Return a catalogue with those of the films that there are.

        What it says of them does not depend on whether others are in it.
        """
        ids = set(movie_ids)
        return self.catalogue if ids.isdisjoint(self.beyond) else self.excerpt(ids)

    def excerpt(self, movie_ids: Iterable[int]) -> engine.Catalogue:
        found = map(self.facts_of, movie_ids)
        films = [one for one in found if one is not None]
        return engine.build_catalogue(films, weighed_as=self.catalogue)


class Changes(Protocol):
    """Tells of changes of the catalogue: `generation` grows with each of them."""

    @property
    def generation(self) -> int: ...

    def hears(self) -> bool:
        """Say whether it would have heard of a change."""
        ...


@dataclass(frozen=True, slots=True)
class Confirmed:
    """This picture was the newest when so many changes had been heard."""

    number: int
    heard: int


class FilmStore:
    """Holds the newest picture; reads only what changed since it was drawn.

    Callers during a redraw get the older picture, unless that lacks the film they need.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self.changes: Changes | None = None
        self.confirmed: Confirmed | None = None
        self.picture = NOTHING
        self.aside: threading.Thread | None = None
        self.rests_until = 0.0
        self.is_doubted = False

    def listen_to(self, changes: Changes) -> None:
        """Ask the database for changes only when some were heard."""
        self.changes = changes

    def heard(self) -> int | None:
        """Return how many changes were heard of; None where none would be."""
        changes = self.changes
        return changes.generation if changes and changes.hears() else None

    def prepare(self, *, now: datetime) -> None:
        """Begin with the first picture aside: who asks before its end waits for it."""
        self.begin_aside(now)

    def current(
        self, *, now: datetime, with_film: int | None = None
    ) -> engine.Catalogue:
        """Return the arrays of the picture."""
        return self.look(now=now, with_film=with_film).catalogue

    def films(
        self, *, now: datetime, about: Iterable[int], with_film: int | None = None
    ) -> Films:
        """Return the picture, and of the films about which an answer is those beyond.

        They lack `with_film` only where no such film is shown.
        """
        picture = self.look(now=now, with_film=with_film)
        wanted = {*about} if with_film is None else {*about, with_film}
        beyond = picture.facts_beyond(wanted, afresh=with_film, now=now)
        return Films(picture, beyond)

    def look(self, *, now: datetime, with_film: int | None = None) -> Picture:
        """Return the picture; a small one has `with_film` in it, if that is shown.

        It may hold a film that is gone, or too old to be shown, since it was drawn.
        """
        picture = self.picture
        if self.is_due(with_film):
            if picture.lacks(with_film) or not picture.facts:
                self.redraw(with_film, now=now, waits=True)
            elif not picture.is_large:
                self.redraw(with_film, now=now, waits=False)
            elif monotonic() >= self.rests_until:
                self.begin_aside(now)
        return self.picture

    def redraw(self, with_film: int | None, *, now: datetime, waits: bool) -> None:
        """Bring the picture up to date, unless another thread does so and we need not.

        It then rests for a while: changes come by the second while many are imported.
        """
        if not self.lock.acquire(blocking=waits):
            return
        began_s = monotonic()
        rest_s: float | None = None
        try:
            if self.is_due(with_film):
                self.is_doubted = False
                self.replace(draw(self.picture, now=now))
            rest_s = (monotonic() - began_s) * (1 / SHARE - 1)
        finally:
            if rest_s is None:  # it failed: what was doubted still is
                self.is_doubted, rest_s = True, TRIED_AGAIN_AFTER_S
            self.rests_until = monotonic() + rest_s
            self.lock.release()

    def replace(self, picture: Picture) -> None:
        old, self.picture = self.picture, picture
        if old.catalogue is not picture.catalogue:
            old.catalogue.near.forget()  # requests may have it for seconds

    def begin_aside(self, now: datetime) -> None:
        if self.aside is None or not self.aside.is_alive():
            self.aside = threading.Thread(
                target=self.redraw_aside, args=[now], daemon=True
            )
            self.aside.start()

    def redraw_aside(self, now: datetime) -> None:
        try:
            self.redraw(None, now=now, waits=False)
            give_back()
        except DatabaseTrouble as error:
            logger.warning("the films could not be read: %s", error)
        finally:
            connection.close()

    def settle(self) -> None:
        """Wait until what is drawn aside is in use."""
        if self.aside is not None:
            self.aside.join()

    def doubt(self) -> None:
        """Look again at the next call: a film turned out to be gone."""
        self.is_doubted = True

    def is_due(self, with_film: int | None) -> bool:
        return self.is_doubted or not self.is_current(with_film)

    def is_current(self, with_film: int | None) -> bool:
        picture, heard = self.picture, self.heard()  # before the database is asked
        if picture.stamp is None or picture.lacks(with_film):
            return False
        now = None if heard is None else Confirmed(picture.number, heard)
        if now is not None and now == self.confirmed:
            return True
        is_newest = picture.stamp == stamp_after(picture.since)
        if is_newest:
            self.confirmed = now
        return is_newest


STORE = FilmStore()


def stamp_after(since: datetime | None) -> Stamp:
    """Read it from the index of the newest changes alone."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, [since or "-infinity", LOOKED_AT])
        return Stamp(*cursor.fetchone())


def draw(old: Picture, *, now: datetime) -> Picture:
    """Read what changed; the stamp is taken first, so that later changes are seen.

    The arrays stay the same ones where no listed film did.
    """
    newest = Movie.objects.aggregate(at=Max("updated_at"))["at"]
    since = newest and newest - OVERLAP
    stamp = stamp_after(since)
    shortlist = read_shortlist(now=now)
    wanted = set(shortlist.ids - old.facts.keys())
    if old.since is not None:
        wanted |= changed(shortlist, old.since)
    known = {**old.facts, **facts_of(wanted, now=now)}
    facts = {id_: known[id_] for id_ in sorted(shortlist.ids & known.keys())}
    is_same = facts == old.facts
    catalogue = old.catalogue if is_same else engine.build_catalogue([*facts.values()])
    return Picture(shortlist, facts, catalogue, since, stamp, old.number + 1)
