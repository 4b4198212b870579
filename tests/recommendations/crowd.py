"""Made-up people who rate made-up films, in the forms that training reads."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from nexus.accounts.models import User
from nexus.ratings.models import Rating
from nexus.recommendations.models import OutsideFilm, OutsideRating, Source
from tests.builders import NOW

PEOPLE, FILMS = 90, 60
GENRES = ("Comedy", "Western")
README = """Summary
=======

Made up for tests.

Usage License
=============

Whatever you like, but feed the cat.

Citation
========

None.
"""

# A person's number, MovieLens's film, stars, seconds since 1970.
Row = tuple[int, int, float, int]
ROWS: list[Row] = [(1, 11, 4.5, 1000), (1, 12, 3.0, 1001), (2, 11, 0.5, 1002)]
LINKS: dict[int, int | None] = {11: 603, 12: 604, 13: None}
TYPES = {11: "Action|Sci-Fi", 12: "(no genres listed)", 13: "Drama"}


def write_folder(
    folder: Path,
    rows: Iterable[Row | str] = ROWS,
    *,
    links: Mapping[int, int | None] = LINKS,
    genres: Mapping[int, str] = TYPES,
    readme: str | None = README,
) -> Path:
    """Write what MovieLens ships; a row may be any line of text."""
    folder.mkdir(parents=True, exist_ok=True)
    told = [row if isinstance(row, str) else ",".join(map(str, row)) for row in rows]
    write(folder / "ratings.csv", "userId,movieId,rating,timestamp", told)
    pairs = [f"{movie},0,{tmdb_id or ''}" for movie, tmdb_id in links.items()]
    write(folder / "links.csv", "movieId,imdbId,tmdbId", pairs)
    films = [f'{movie},"Film, {movie}",{names}' for movie, names in genres.items()]
    write(folder / "movies.csv", "movieId,title,genres", films)
    if readme is not None:
        (folder / "README.txt").write_text(readme, encoding="utf-8")
    return folder


def write(file: Path, header: str, lines: Iterable[str]) -> None:
    file.write_text("\r\n".join([header, *lines, ""]), encoding="utf-8")


def crowd(people: int = PEOPLE, films: int = FILMS, *, seed: int = 0) -> list[Row]:
    """Return ratings of people of two tastes, each of whom likes every other film."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for person in range(1, people + 1):
        seen = rng.choice(films, size=int(rng.integers(20, 40)), replace=False)
        for film in sorted(seen.tolist()):
            liked = (film + person) % 2 == 0
            stars = rng.normal(4.3 if liked else 2.6, 0.6)
            rounded = float(np.clip(np.round(stars * 2) / 2, 0.5, 5))
            rows.append((person, film + 1, rounded, 10**9 + len(rows)))
    return rows


def rate_all(rows: Iterable[Row], members: list[User], films: list[int]) -> None:
    """Let the members rate as the crowd does."""
    Rating.objects.bulk_create(
        Rating(
            user=members[person - 1],
            movie_id=films[film - 1],
            half_stars=round(stars * 2),
            created_at=NOW,
            updated_at=NOW,
        )
        for person, film, stars, _ in rows
    )


def store_crowd(people: int = PEOPLE, films: int = FILMS, *, seed: int = 0) -> None:
    """Put them into the database; TMDb's id of a film is a thousand more."""
    OutsideRating.objects.bulk_create(
        OutsideRating(
            source=Source.MOVIELENS,
            source_user=person,
            tmdb_id=1000 + film,
            half_stars=round(stars * 2),
            rated_at=datetime.fromtimestamp(moment, UTC),
        )
        for person, film, stars, moment in crowd(people, films, seed=seed)
    )
    OutsideFilm.objects.bulk_create(
        OutsideFilm(
            source=Source.MOVIELENS, tmdb_id=1000 + film, genres=[GENRES[film % 2]]
        )
        for film in range(1, films + 1)
    )
