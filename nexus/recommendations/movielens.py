"""Reads a folder as MovieLens ships it: ratings.csv, links.csv and movies.csv.

Source: F. M. Harper and J. A. Konstan, "The MovieLens Datasets: History and Context",
ACM TiiS 5(4), 2015. Films are told by TMDb's ids, which links.csv gives for most.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from nexus.lib.errors import InvalidError

RATINGS: Final = "ratings.csv"
LINKS: Final = "links.csv"
MOVIES: Final = "movies.csv"
NO_GENRES: Final = "(no genres listed)"
MAX_ID: Final = 2**31 - 1
FAULTS_TOLD: Final = 20
BLOCK: Final = 1 << 20
# Half-stars by every spelling of legal stars: "4" and "4.0".
HALF_STARS: Final = {
    spelling: half_stars
    for half_stars in range(1, 11)
    for spelling in (f"{half_stars / 2:.1f}", f"{half_stars / 2:g}")
}
TERMS_FILE: Final = re.compile(r"(readme|licen[cs]e)", re.IGNORECASE)
TERMS_HEADING: Final = re.compile(r"\blicen[cs]e\b", re.IGNORECASE)
LONE: Final = re.compile("[\ud800-\udfff]")  # what stands for a byte that is no text
UNDERLINE: Final = re.compile(r"[=-]{4,}\s*")


class UnreadableFolder(InvalidError):
    code = "unreadable_ratings"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="path")


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be read; `line` counts from 1, the header included."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}"


@dataclass(slots=True)
class Faults:
    """What cannot be read: how many rows in all, and the first of them."""

    count: int = 0
    first: list[Fault] = field(default_factory=list)

    def add(self, file: str, line: int, reason: str) -> None:
        self.count += 1
        if len(self.first) < FAULTS_TOLD:
            self.first.append(Fault(file, line, reason))


class RatingRow(NamedTuple):
    """One line of ratings.csv; the moment is in seconds since 1970, UTC."""

    line: int
    user: int
    movie: int
    half_stars: int
    moment: int


def read_links(folder: Path, faults: Faults) -> dict[int, int]:
    """Return TMDb's id by MovieLens's; films without one are left out."""
    found: dict[int, int] = {}
    wanted = ["movieId", "tmdbId"]
    for line, (movie, tmdb_id) in rows_of(folder / LINKS, wanted, faults):
        if not tmdb_id:
            continue
        try:
            id_, ours = whole("movieId", movie), whole("tmdbId", tmdb_id)
        except ValueError as error:
            faults.add(LINKS, line, str(error))
            continue
        if found.setdefault(id_, ours) != ours:
            faults.add(LINKS, line, f"movieId {id_} had another tmdbId: {found[id_]}")
    return found


def read_genres(
    folder: Path, links: dict[int, int], faults: Faults
) -> dict[int, list[str]]:
    """Return MovieLens's genres by TMDb's id, sorted; two films of one id share all."""
    found: dict[int, set[str]] = {}
    wanted = ["movieId", "genres"]
    for line, (movie, genres) in rows_of(folder / MOVIES, wanted, faults):
        try:
            tmdb_id = links.get(whole("movieId", movie))
        except ValueError as error:
            faults.add(MOVIES, line, str(error))
            continue
        if tmdb_id is not None:
            names = {name.strip() for name in genres.split("|")} - {"", NO_GENRES}
            found.setdefault(tmdb_id, set()).update(names)
    return {tmdb_id: sorted(names) for tmdb_id, names in sorted(found.items())}


def read_ratings(folder: Path, faults: Faults, *, until: int) -> Iterator[RatingRow]:
    """Yield the rows that can be read; `until` is the latest legal moment."""
    wanted = ["userId", "movieId", "rating", "timestamp"]
    for line, (user, movie, stars, moment) in rows_of(folder / RATINGS, wanted, faults):
        try:
            yield RatingRow(
                line,
                whole("userId", user),
                whole("movieId", movie),
                half_stars_of(stars),
                whole("timestamp", moment, low=0, high=until),
            )
        except ValueError as error:
            faults.add(RATINGS, line, str(error))


def whole(name: str, text: str, *, low: int = 1, high: int = MAX_ID) -> int:
    # int() also reads "1_000" and the digits of other scripts.
    if text.isascii() and text.isdigit() and len(text) <= 12:
        number = int(text)
        if low <= number <= high:
            return number
    raise ValueError(f"{name} is {text!r:.40}, not a whole number from {low} to {high}")


def half_stars_of(text: str) -> int:
    try:
        return HALF_STARS[text]
    except KeyError:
        raise ValueError(f"rating is {text!r:.40}, not 0.5 to 5 in halves") from None


def rows_of(
    file: Path, wanted: list[str], faults: Faults
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row's line and wanted cells; raises UnreadableFolder."""
    try:
        # What is no UTF-8 is let through here, to be told with its line.
        with file.open(
            encoding="utf-8-sig", errors="surrogateescape", newline=""
        ) as lines:
            yield from cells_of(file, lines, wanted, faults)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnreadableFolder(f"{file.name} cannot be read: {reason}.") from error


def cells_of(
    file: Path, lines: Iterable[str], wanted: list[str], faults: Faults
) -> Iterator[tuple[int, list[str]]]:
    rows = csv.reader(texts_of(file, lines), strict=True)
    try:
        header = next(rows, [])
        columns = columns_of(file, header, wanted)
        for row in rows:
            if len(row) > len(header):
                reason = f"{len(row)} cells, and the first line has {len(header)}"
                faults.add(file.name, rows.line_num, reason)
            elif row:
                yield rows.line_num, [cell_of(row, at) for at in columns]
    except csv.Error as error:
        raise UnreadableFolder(
            f"{file.name}, line {rows.line_num}, cannot be read: {error}."
        ) from error


def texts_of(file: Path, lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines as they are; raises UnreadableFolder at one that is no text."""
    for number, line in enumerate(lines, start=1):
        if "\0" in line or (not line.isascii() and LONE.search(line)):
            raise UnreadableFolder(
                f"{file.name}, line {number}, cannot be read: it is no UTF-8 text."
            )
        yield line


def columns_of(file: Path, header: list[str], wanted: list[str]) -> list[int]:
    if missing := [name for name in wanted if name not in header]:
        raise UnreadableFolder(
            f"{file.name} has no column {', '.join(missing)}: its first line must name "
            "the columns, as MovieLens does."
        )
    return [header.index(name) for name in wanted]


def cell_of(row: list[str], at: int) -> str:
    return row[at].strip() if at < len(row) else ""


def count_lines(file: Path) -> int:
    """Return about how many rows there are below the first, for the progress."""
    try:
        with file.open("rb") as raw:
            blocks = iter(lambda: raw.read(BLOCK), b"")
            return max(0, sum(block.count(b"\n") for block in blocks) - 1)
    except OSError as error:
        raise UnreadableFolder(
            f"{file.name} cannot be read: {error.strerror}."
        ) from error


def read_terms(folder: Path) -> str | None:
    """Return what the folder's README says of its licence; None without one."""
    if not folder.is_dir():
        raise UnreadableFolder(f"{folder} is no folder.")
    try:
        for file in sorted(folder.iterdir()):
            if TERMS_FILE.match(file.name) and file.is_file():
                text = file.read_text(encoding="utf-8", errors="replace")
                return licence_lines(text.splitlines())
    except OSError as error:
        raise UnreadableFolder(f"{folder} cannot be read: {error.strerror}.") from error
    return None


def licence_lines(lines: list[str]) -> str:
    """Return the section under a heading that names a licence, else everything."""
    headings = [
        at for at in range(len(lines) - 1) if UNDERLINE.fullmatch(lines[at + 1])
    ]
    for place, at in enumerate(headings):
        if TERMS_HEADING.search(lines[at]):
            end = headings[place + 1] if place + 1 < len(headings) else len(lines)
            return "\n".join(lines[at:end]).strip()
    return "\n".join(lines).strip()
