"""Samples what the product's processes hold in memory, beside everything else."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic
from typing import Any

from bench.load.memory import held_together, memory_of
from bench.load.servers import Product, children

FLAT = 1.10
SLACK_MIB = 20.0
SHORTEST_S = 180.0  # to say what grows: at first everything does

Sample = dict[str, float]  # MiB, by what holds it


@dataclass(frozen=True, slots=True)
class Watch:
    """gone: processes that were there at first, and ended since"""

    samples: list[Sample] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


@contextmanager
def watched(product: Product, *, every_s: float) -> Iterator[Watch]:
    """Fill the lists until the end of the block, once more at last."""
    found, processes = Watch(), processes_of(product)
    over, began = Event(), monotonic()

    def watch() -> None:
        is_last = False
        while True:
            at_s = round(monotonic() - began, 1)
            look(processes, found, at_s=at_s)
            if is_last:
                return
            is_last = over.wait(every_s)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def processes_of(product: Product) -> dict[str, int]:
    webs = {f"web {number}": pid for number, pid in enumerate(product.webs, 1)}
    postgres = product.program.pid_of("postgres")
    return {**webs, "database": postgres, "cache": product.valkey.process.pid}


def look(processes: Mapping[str, int], found: Watch, *, at_s: float) -> None:
    """Add a sample of those that live, and the names of others."""
    sample = {"at_s": at_s}
    for name, pid in processes.items():
        if name in found.gone:
            continue
        try:
            sample |= held(name, pid)
        except (OSError, KeyError):  # nothing at all, or what is left to be reaped
            found.gone.append(name)
    found.samples.append(sample)


def held(name: str, pid: int) -> Sample:
    memory = memory_of(pid)
    if name.startswith("web"):
        return {f"{name} {kind}": mib for kind, mib in memory.items()}
    own, shared = held_together([pid, *children(pid)])
    return {f"{name} own": own} | ({f"{name} buffers": shared} if shared else {})


def course_of(samples: Sequence[Sample]) -> dict[str, dict[str, Any]]:
    """Return how each went; of what is own, whether it stays flat.

    What is mapped and what is shared grows until it is all there.
    """
    names = dict.fromkeys(name for one in samples for name in one if name != "at_s")
    is_long = bool(samples) and samples[-1]["at_s"] >= SHORTEST_S
    found = {}
    for name in names:
        values = [one[name] for one in samples if name in one]
        is_judged = is_long and name.endswith("own") and len(values) == len(samples)
        found[name] = {
            "first": values[0],
            "half": values[len(values) // 2],
            "last": values[-1],
            "peak": max(values),
            "is_flat": is_flat(values) if is_judged else None,
        }
    return found


def is_flat(values: Sequence[float]) -> bool:
    """Compare the peak of the last quarter with that of the second."""
    quarter = len(values) // 4
    earlier, later = max(values[quarter : 2 * quarter]), max(values[-quarter:])
    return later <= max(earlier * FLAT, earlier + SLACK_MIB)
