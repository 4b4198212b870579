"""Samples what the product's processes hold in memory, beside everything else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from time import monotonic
from typing import Any

from bench.load.memory import held_together, memory_of
from bench.load.servers import Product, children

FLAT = 1.10  # the last quarter's peak to that of the second
SLACK_MIB = 20.0
FEWEST_SAMPLES = 8
BUFFERS = "database buffers"  # grow until they are full, by design

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
    found = {}
    for number, pid in enumerate(product.webs, 1):
        memory = memory_of(pid)
        found[f"web {number} RSS"] = memory["rss"]
        found[f"web {number} PSS"] = memory["pss"]
    own, shared = held_together([postgres, *children(postgres)])
    cache, _ = held_together([product.valkey.process.pid])
    found |= {"database": own, BUFFERS: shared, "cache": cache}
    return found


def course_of(samples: Sequence[Sample]) -> dict[str, dict[str, Any]]:
    """Return first, last and peak of each, and whether it has stopped growing."""
    names = [name for name in samples[0] if name != "at_s"]
    found = {name: course([one[name] for one in samples]) for name in names}
    return found | {BUFFERS: found[BUFFERS] | {"is_flat": None}}


def course(values: Sequence[float]) -> dict[str, Any]:
    quarter = len(values) // 4
    is_flat = None  # too few to say
    if len(values) >= FEWEST_SAMPLES:
        earlier, later = max(values[quarter : 2 * quarter]), max(values[-quarter:])
        is_flat = later <= max(earlier * FLAT, earlier + SLACK_MIB)
    return {
        "first": values[0],
        "last": values[-1],
        "peak": max(values),
        "is_flat": is_flat,
    }
