"""Reads a MovieLens folder as GroupLens ships it: ratings.csv and movies.csv."""

import csv
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from nexus.engine.learned.interactions import Ratings

NO_GENRES = "(no genres listed)"


@dataclass(frozen=True, slots=True)
class MovieLens:
    """item_groups: genres by film; fingerprints: SHA-256 by name of file."""

    ratings: Ratings
    item_groups: dict[int, tuple[str, ...]]
    fingerprints: dict[str, str]


def read_movielens(folder: Path) -> MovieLens:
    """Read both files; OSError if one is missing, ValueError if it is another form."""
    files = [folder / "ratings.csv", folder / "movies.csv"]
    return MovieLens(
        ratings=_read_ratings(files[0]),
        item_groups=_read_genres(files[1]),
        fingerprints={
            file.name: sha256(file.read_bytes()).hexdigest() for file in files
        },
    )


def _read_ratings(file: Path) -> Ratings:
    columns = _read_header(file, ["userId", "movieId", "rating", "timestamp"])
    table = np.loadtxt(
        file, delimiter=",", skiprows=1, usecols=columns, encoding="utf-8", ndmin=2
    )
    users, items, stars, order = table.T
    return Ratings(users.astype(np.int64), items.astype(np.int64), stars, order)


def _read_genres(file: Path) -> dict[int, tuple[str, ...]]:
    _read_header(file, ["movieId", "genres"])
    with file.open(encoding="utf-8", newline="") as rows:
        return {
            int(row["movieId"]): tuple(
                genre for genre in row["genres"].split("|") if genre != NO_GENRES
            )
            for row in csv.DictReader(rows)
        }


def _read_header(file: Path, wanted: list[str]) -> list[int]:
    with file.open(encoding="utf-8", newline="") as rows:
        header = next(csv.reader(rows), [])
    missing = [name for name in wanted if name not in header]
    if missing:
        raise ValueError(f"{file.name} lacks the columns {', '.join(missing)}")
    return [header.index(name) for name in wanted]
