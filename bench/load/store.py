"""The file of figures: of each number of films the last run, and the last by rules."""

import json
from pathlib import Path
from typing import Any, TypeAlias

Run: TypeAlias = dict[str, Any]


def read_runs(path: Path) -> list[Run]:
    """Return the runs, the smallest first; ends where the file holds something else."""
    if not path.exists():
        return []
    try:
        held = json.loads(path.read_text(encoding="utf-8"))["runs"]
        return sorted(held, key=kind_of)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SystemExit(f"{path} holds no figures: name another by --out.") from error


def add_run(path: Path, run: Run) -> None:
    """Keep the run instead of an earlier one of as many films and of its kind."""
    others = [one for one in read_runs(path) if kind_of(one) != kind_of(run)]
    runs = sorted([*others, run], key=kind_of)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{json.dumps({'runs': runs}, indent=2)}\n", encoding="utf-8")


def films_of(run: Run) -> int:
    """Return what the run was asked for: films of the starter catalogue come on top."""
    return int(run["sizes"]["films made up"])


def kind_of(run: Run) -> tuple[int, bool]:
    """Return what makes runs comparable: films, and whether rules answered."""
    return films_of(run), bool(run["options"].get("untrained"))


def name_of(run: Run) -> str:
    films, is_untrained = kind_of(run)
    return f"{films:,} films, rules" if is_untrained else f"{films:,} films"
