"""Samples what the product's processes hold in memory, beside everything else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from time import monotonic
from typing import Any

from bench.load.memory import held_together, memory_of
from bench.load.servers import Product, children

FLAT = 1.10
SLACK_MIB = 20.0
SHORTEST_S = 180.0  # to say what grows: at first everything does

Sample = dict[str, float]  # MiB, by what holds it


@contextmanager
def watched(product: Product, *, every_s: float) -> Iterator[list[Sample]]:
    """Fill the list until the end of the block."""
    samples: list[Sample] = []
    over, began = Event(), monotonic()

    def watch() -> None:
        while True:
            with suppress(OSError):  # a process that has just ended
                samples.append({"at_s": round(monotonic() - began, 1), **held(product)})
            if over.wait(every_s):
                return

    thread = Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


def held(product: Product) -> Sample:
    postgres = product.program.pid_of("postgres")
    found: Sample = {}
    for number, pid in enumerate(product.webs, 1):
        memory = memory_of(pid)
        found |= {f"web {number} {name}": mib for name, mib in memory.items()}
    own, shared = held_together([postgres, *children(postgres)])
    cache, _ = held_together([product.valkey.process.pid])
    found |= {"database own": own, "database buffers": shared, "cache own": cache}
    return found


def course_of(samples: Sequence[Sample]) -> dict[str, dict[str, Any]]:
    """Return how each went; of what is own, whether it stays flat.

    What is mapped and what is shared grows until it is all there.
    """
    names = [name for name in samples[0] if name != "at_s"]
    is_long = samples[-1]["at_s"] >= SHORTEST_S
    found = {}
    for name in names:
        values = [one[name] for one in samples]
        found[name] = {
            "first": values[0],
            "half": values[len(values) // 2],
            "last": values[-1],
            "peak": max(values),
            "is_flat": is_flat(values) if is_long and name.endswith("own") else None,
        }
    return found


def is_flat(values: Sequence[float]) -> bool:
    """Compare the peak of the last quarter with that of the second."""
    quarter = len(values) // 4
    earlier, later = max(values[quarter : 2 * quarter]), max(values[-quarter:])
    return later <= max(earlier * FLAT, earlier + SLACK_MIB)
