"""How much memory processes hold, as the kernel says."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def memory_of(pid: int) -> dict[str, float]:
    """Return MiB: all pages, with shared ones divided among all, and its own."""
    kib = fields_of(Path(f"/proc/{pid}/smaps_rollup"))
    names = {"rss": "Rss", "pss": "Pss", "own": "Anonymous"}
    return {name: round(kib[field] / 1024, 1) for name, field in names.items()}


def held_together(pids: Iterable[int]) -> tuple[float, float]:
    """Return MiB of what each has for itself, and of the one piece that all share."""
    own, shared = 0, 0
    for pid in pids:
        with suppress(OSError, KeyError):  # it has ended meanwhile
            kib = fields_of(Path(f"/proc/{pid}/status"))
            own += kib["RssAnon"]
            shared = max(shared, kib["RssShmem"])
    return round(own / 1024, 1), round(shared / 1024, 1)


def fields_of(path: Path) -> dict[str, int]:
    lines = [line.split() for line in path.read_text().splitlines()]
    return {line[0].rstrip(":"): int(line[1]) for line in lines if line[-1] == "kB"}
