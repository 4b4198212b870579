"""Ratings from elsewhere: brought in, and removed again. Members' are another table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final, LiteralString, TypeAlias

from django.db import connection, transaction

from nexus.recommendations import movielens
from nexus.recommendations.models import OutsideFilm, OutsideRating, Source
from nexus.recommendations.movielens import Fault, Faults, RatingRow, UnreadableFolder

# Called with the rows read and about how many there are.
Told: TypeAlias = Callable[[int, int], None]

AT_ONCE: Final = 20_000
CLOCKS_DIFFER: Final = timedelta(days=1)

# Two imports follow each other; whoever reads goes on.
LOCK: Final[LiteralString] = (
    "LOCK TABLE recommendations_outsiderating, recommendations_outsidefilm"
    " IN SHARE ROW EXCLUSIVE MODE"
)
MAKE_TABLE: Final[LiteralString] = """
CREATE TEMPORARY TABLE told_rating (
  line bigint, source_user integer, tmdb_id integer, half_stars smallint, moment bigint
) ON COMMIT DROP
"""
COPY: Final[LiteralString] = "COPY told_rating FROM STDIN"
# Of two ratings of one film the later counts: MovieLens may have two films that are one
# to TMDb.
STORE: Final[LiteralString] = """
WITH stored AS (
  INSERT INTO recommendations_outsiderating AS held
    (source, source_user, tmdb_id, half_stars, rated_at)
  SELECT DISTINCT ON (source_user, tmdb_id)
    %(source)s, source_user, tmdb_id, half_stars, to_timestamp(moment)
  FROM told_rating
  ORDER BY source_user, tmdb_id, moment DESC, line DESC
  ON CONFLICT (source, source_user, tmdb_id) DO UPDATE
    SET half_stars = excluded.half_stars, rated_at = excluded.rated_at
    WHERE (held.half_stars, held.rated_at)
      IS DISTINCT FROM (excluded.half_stars, excluded.rated_at)
  RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM stored
"""
# A user's number means somebody else in another of MovieLens's sets: one set replaces
# the other.
REMOVE_OTHERS: Final[LiteralString] = """
DELETE FROM recommendations_outsiderating AS held
WHERE source = %(source)s AND NOT EXISTS (
  SELECT FROM told_rating AS told
  WHERE told.source_user = held.source_user AND told.tmdb_id = held.tmdb_id
)
"""


class UnreadableRows(UnreadableFolder):
    """Some rows cannot be read; nothing was changed."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(
            f"Rows that cannot be read: {faults.count}; nothing was changed."
        )
        self.faults: list[Fault] = faults.first


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the rows of a folder.

    without_tmdb_id: rows of films that links.csv gives no id of TMDb's
    duplicates:      rows that a later one of the same film took the place of
    removed:         ratings held from before that the folder does not have
    """

    rows: int
    new: int
    changed: int
    same: int
    removed: int
    duplicates: int
    without_tmdb_id: int
    users: int
    films: int


@dataclass(slots=True)
class Reading:
    """The rows on their way into the database, counted as they pass."""

    links: dict[int, int]
    rows: Iterator[RatingRow]
    total: int
    told: Told
    seen: int = 0
    without_tmdb_id: int = 0

    def blocks(self) -> Iterator[str]:
        """Yield them as COPY wants them, some thousands at once."""
        while rows := list(islice(self.rows, AT_ONCE)):
            self.seen += len(rows)
            self.told(self.seen, max(self.total, self.seen))
            known = [row for row in rows if row.movie in self.links]
            self.without_tmdb_id += len(rows) - len(known)
            yield "".join(map(self.line_of, known))

    def line_of(self, row: RatingRow) -> str:
        tmdb_id = self.links[row.movie]
        return f"{row.line}\t{row.user}\t{tmdb_id}\t{row.half_stars}\t{row.moment}\n"


@transaction.atomic
def import_movielens(*, folder: Path, now: datetime, told: Told) -> Imported:
    """Hold exactly the ratings of the folder; a second time changes nothing.

    Raises UnreadableFolder or, if single rows are to blame, UnreadableRows.
    """
    faults = Faults()
    links = movielens.read_links(folder, faults)
    genres = movielens.read_genres(folder, links, faults)
    until = int((now + CLOCKS_DIFFER).timestamp())
    reading = Reading(
        links=links,
        rows=movielens.read_ratings(folder, faults, until=until),
        total=movielens.count_lines(folder / movielens.RATINGS),
        told=told,
    )
    copy_rows(reading)
    if faults.count:
        raise UnreadableRows(faults)
    if reading.seen == reading.without_tmdb_id:
        raise UnreadableFolder(
            f"None of its {reading.seen} ratings is of a film with an id of TMDb's; "
            "nothing was changed. `ratings forget-movielens` removes those held."
        )
    store_films(genres)
    return store_rows(reading)


def copy_rows(reading: Reading) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MAKE_TABLE)
        with cursor.cursor.copy(COPY) as copy:
            for block in reading.blocks():
                copy.write(block)
        cursor.execute("ANALYZE told_rating")


def store_rows(reading: Reading) -> Imported:
    source = {"source": Source.MOVIELENS.value}
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        cursor.execute(STORE, source)
        new, changed = cursor.fetchone()
        cursor.execute(REMOVE_OTHERS, source)
        removed = cursor.rowcount
        cursor.execute(
            "SELECT count(*), count(DISTINCT (source_user, tmdb_id)),"
            " count(DISTINCT source_user), count(DISTINCT tmdb_id) FROM told_rating"
        )
        rows, distinct, users, films = cursor.fetchone()
    return Imported(
        rows=reading.seen,
        new=new,
        changed=changed,
        same=distinct - new - changed,
        removed=removed,
        duplicates=rows - distinct,
        without_tmdb_id=reading.without_tmdb_id,
        users=users,
        films=films,
    )


def store_films(genres: dict[int, list[str]]) -> None:
    """Hold exactly these films, and touch only what differs."""
    films = OutsideFilm.objects.filter(source=Source.MOVIELENS)
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
    held = dict(films.values_list("tmdb_id", "genres"))
    differing = [id_ for id_, names in held.items() if genres.get(id_) != names]
    films.filter(tmdb_id__in=differing).delete()
    OutsideFilm.objects.bulk_create(
        [
            OutsideFilm(source=Source.MOVIELENS, tmdb_id=id_, genres=names)
            for id_, names in genres.items()
            if held.get(id_) != names
        ],
        batch_size=AT_ONCE,
    )


@transaction.atomic
def forget_movielens() -> int:
    """Remove all that came from MovieLens; return how many ratings that were."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
    removed, _ = OutsideRating.objects.filter(source=Source.MOVIELENS).delete()
    OutsideFilm.objects.filter(source=Source.MOVIELENS).delete()
    return removed
