"""How much memory processes hold, as the kernel says."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def memory_of(pid: int) -> dict[str, float]:
    """Return MiB: all pages, and with those that several share divided among them."""
    kib = fields_of(Path(f"/proc/{pid}/smaps_rollup"))
    return {"rss": round(kib["Rss"] / 1024, 1), "pss": round(kib["Pss"] / 1024, 1)}


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
