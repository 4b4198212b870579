"""The starter catalogue: well-known films, written by us as facts.

It keeps a Nexus without a TMDb key alive. It must not know Django.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
COLUMNS = (
    "tmdb_id",
    "imdb_id",
    "title",
    "original_title",
    "original_language",
    "year",
    "runtime",
    "genres",
    "directors",
    "cast",
    "vote_average",
    "vote_count",
)
GENRES: dict[str, int] = {
    "Action": 28,
    "Adventure": 12,
    "Animation": 16,
    "Comedy": 35,
    "Crime": 80,
    "Documentary": 99,
    "Drama": 18,
    "Family": 10751,
    "Fantasy": 14,
    "History": 36,
    "Horror": 27,
    "Music": 10402,
    "Mystery": 9648,
    "Romance": 10749,
    "Science Fiction": 878,
    "TV Movie": 10770,
    "Thriller": 53,
    "War": 10752,
    "Western": 37,
}


@dataclass(frozen=True, slots=True)
class StarterFilm:
    """`original_title` is None when it is the title."""

    tmdb_id: int
    imdb_id: str
    title: str
    original_title: str | None
    original_language: str
    year: int
    runtime: int
    genres: tuple[str, ...]
    directors: tuple[str, ...]
    cast: tuple[str, ...]
    vote_average: float
    vote_count: int


def read_films(folder: Path = FOLDER) -> list[StarterFilm]:
    """Read every `films_*.csv` in name order; a malformed row is a ValueError."""
    films: dict[int, StarterFilm] = {}
    for path in sorted(folder.glob("films_*.csv")):
        for line, cells in _numbered_rows(path):
            try:
                film = _parse(cells)
                _require(film.tmdb_id not in films, "its tmdb_id is taken")
            except ValueError as error:
                raise ValueError(f"{path.name}, line {line}: {error}") from error
            films[film.tmdb_id] = film
    return list(films.values())


def find_film(tmdb_id: int) -> StarterFilm | None:
    return _films_by_id().get(tmdb_id)


@cache
def _films_by_id() -> dict[int, StarterFilm]:
    return {film.tmdb_id: film for film in read_films()}


def _numbered_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            if tuple(next(rows, ())) != COLUMNS:
                raise ValueError(f"{path.name}, line 1: not the columns of a film file")
            for cells in rows:
                yield rows.line_num, cells
        except csv.Error as error:
            raise ValueError(f"{path.name}, line {rows.line_num}: {error}") from error


def _parse(cells: list[str]) -> StarterFilm:
    _require(len(cells) == len(COLUMNS), f"{len(cells)} cells, not {len(COLUMNS)}")
    row = dict(zip(COLUMNS, cells, strict=True))
    _require(all(cell == cell.strip() for cell in cells), "white space around a cell")
    return StarterFilm(
        tmdb_id=_whole(row, "tmdb_id", low=1),
        imdb_id=_matching(row, "imdb_id", r"tt\d{7,8}"),
        title=_matching(row, "title", r".+"),
        original_title=_original_title(row),
        original_language=_matching(row, "original_language", r"[a-z]{2}"),
        year=_whole(row, "year", low=1888),
        runtime=_whole(row, "runtime", low=1),
        genres=_genres(row),
        directors=_names(row, "directors"),
        cast=_names(row, "cast"),
        vote_average=_vote_average(row),
        vote_count=_whole(row, "vote_count", low=0),
    )


def _require(condition: bool, complaint: str) -> None:  # noqa: FBT001
    if not condition:
        raise ValueError(complaint)


def _matching(row: dict[str, str], column: str, pattern: str) -> str:
    cell = row[column]
    _require(bool(re.fullmatch(pattern, cell, re.ASCII)), f"{column} is {cell!r}")
    return cell


def _whole(row: dict[str, str], column: str, *, low: int) -> int:
    number = int(_matching(row, column, r"\d{1,9}"))
    _require(number >= low, f"{column} is below {low}")
    return number


def _original_title(row: dict[str, str]) -> str | None:
    cell = row["original_title"]
    _require(cell != row["title"], "original_title repeats the title")
    return cell or None


def _names(row: dict[str, str], column: str) -> tuple[str, ...]:
    names = tuple(row[column].split("|"))
    _require(
        all(name and name == name.strip() for name in names), f"a blank in {column}"
    )
    _require(len(set(names)) == len(names), f"{column} repeats a name")
    return names


def _genres(row: dict[str, str]) -> tuple[str, ...]:
    genres = _names(row, "genres")
    _require(GENRES.keys() >= set(genres), f"an unknown genre in {row['genres']!r}")
    return genres


def _vote_average(row: dict[str, str]) -> float:
    average = float(_matching(row, "vote_average", r"\d{1,2}(\.\d+)?"))
    _require(average <= 10, f"vote_average is {average}")
    return average
