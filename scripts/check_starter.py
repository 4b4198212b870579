"""Compare the starter catalogue with a file of films, one JSON object per line.

Usage: python scripts/check_starter.py MOVIES_JSONL_GZ
"""

import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

# The project is not installed, and Python looks beside a script only.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nexus.catalog.starter import StarterFilm, read_films

Raw: TypeAlias = dict[str, Any]
Facts: TypeAlias = dict[str, Any]

AGREE, DISAGREE, UNKNOWN = "agree", "disagree", "unknown"
FIELDS = (
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
# The file lists the first of a cast only, and votes move every day.
TOLERATED = {"cast", "vote_average", "vote_count"}


def our_facts(film: StarterFilm) -> Facts:
    facts: Facts = {field: getattr(film, field) for field in FIELDS}
    facts["original_title"] = film.original_title or film.title
    for field in ("genres", "directors", "cast"):
        facts[field] = set(facts[field])
    return facts


def their_facts(raw: Raw) -> Facts:
    """Return the facts of a line of the file; a missing or empty one is unknown."""
    facts: Facts = {field: raw.get(field) for field in FIELDS}
    facts["tmdb_id"] = raw["id"]
    facts["year"] = year_of(raw)
    for field in ("genres", "directors", "cast"):
        facts[field] = {item["name"] for item in raw.get(field) or ()}
    return {field: fact for field, fact in facts.items() if fact}


def year_of(raw: Raw) -> int | None:
    released = raw.get("release_date") or ""
    return raw.get("year") or (int(released[:4]) if released else None)


def far_counts(ours: int, theirs: int) -> bool:
    return max(ours, theirs) > 1.6 * min(ours, theirs)


def far_averages(ours: float, theirs: float) -> bool:
    return abs(ours - theirs) > 0.3


def some_missing(ours: set[str], theirs: set[str]) -> bool:
    return not ours <= theirs


def not_equal(ours: object, theirs: object) -> bool:
    return ours != theirs


DIFFERS: dict[str, Callable[[Any, Any], bool]] = {
    "cast": some_missing,
    "vote_average": far_averages,
    "vote_count": far_counts,
}


def is_filler(field: str, ours: Facts, theirs: Facts) -> bool:
    """Such files put English and the title where they did not know better."""
    if field == "original_language":
        return bool(theirs[field] == "en" != ours[field])
    return bool(
        field == "original_title"
        and theirs[field] == theirs.get("title")
        and ours[field] != ours["title"]
    )


def is_cut(field: str, ours: Facts, theirs: Facts) -> bool:
    """Such files often keep one director of several."""
    return (
        field == "directors" and len(theirs[field]) == 1 and theirs[field] < ours[field]
    )


def tells(field: str, ours: Facts, theirs: Facts) -> bool:
    if field not in theirs:
        return False
    return not is_filler(field, ours, theirs) and not is_cut(field, ours, theirs)


def verdict(field: str, ours: Facts, theirs: Facts) -> str:
    if not tells(field, ours, theirs):
        return UNKNOWN
    differs = DIFFERS.get(field, not_equal)
    return DISAGREE if differs(ours[field], theirs[field]) else AGREE


class Report:
    def __init__(self, raws: Iterable[Raw]) -> None:
        self.theirs = {raw["id"]: their_facts(raw) for raw in raws}
        self.by_title = {
            (facts.get("title"), facts.get("year")): id_
            for id_, facts in self.theirs.items()
        }
        self.tally: Counter[tuple[str, str]] = Counter()

    def compare(self, film: StarterFilm) -> None:
        ours, theirs = our_facts(film), self.theirs.get(film.tmdb_id)
        if theirs is None:
            self.tally["tmdb_id", DISAGREE] += 1
            say(film, f"is not in the file{self.hint(film)}")
            return
        for field in FIELDS:
            found = verdict(field, ours, theirs)
            self.tally[field, found] += 1
            if found == DISAGREE:
                say(film, self.complaint(film, field, ours[field], theirs[field]))

    def complaint(
        self, film: StarterFilm, field: str, ours: object, theirs: object
    ) -> str:
        if isinstance(ours, set) and isinstance(theirs, set):
            common = ours & theirs
            ours, theirs = sorted(ours - common), sorted(theirs - common)
        hint = self.hint(film) if field == "title" else ""
        return f"{field}: ours {ours!r}, theirs {theirs!r}{hint}"

    def hint(self, film: StarterFilm) -> str:
        """Name the id under which the file has a film of our title and year."""
        id_ = self.by_title.get((film.title, film.year))
        return f" (hint: {id_} is {film.title!r} of {film.year})" if id_ else ""

    def table(self, films: int) -> str:
        lines = [f"{films} films", f"{'field':<18} compared agree disagree unknown"]
        for field in FIELDS:
            agree, disagree = self.tally[field, AGREE], self.tally[field, DISAGREE]
            lines.append(
                f"{field:<18} {agree + disagree:>8} {agree:>5} {disagree:>8}"
                f" {self.tally[field, UNKNOWN]:>7}"
            )
        return "\n".join(lines)

    def failed(self) -> bool:
        return any(
            self.tally[field, DISAGREE] for field in FIELDS if field not in TOLERATED
        )


def say(film: StarterFilm, message: str) -> None:
    sys.stdout.write(f"{film.tmdb_id} {film.title} ({film.year}): {message}\n")


def main(path: Path) -> int:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        report = Report(json.loads(line) for line in file)
    films = read_films()
    for film in films:
        report.compare(film)
    sys.stdout.write(f"\n{report.table(len(films))}\n")
    return int(report.failed())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
