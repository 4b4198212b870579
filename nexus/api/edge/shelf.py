"""Ready answers in memory, at most so many bytes: the longest unused ones go first.

What nobody asked for in a while goes when another is kept, even where there is room: it
is stale by then, and of use only in an outage, when nothing is kept and nothing goes.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Headers: TypeAlias = list[tuple[str, str]]
Key: TypeAlias = tuple[str, ...]

# What Python keeps around the bytes of an answer, about.
OVERHEAD_BYTES: Final = 2_000
LONGEST_SHARE: Final = 1 / 16  # of all bytes; a longer answer is not kept
UNASKED_S: Final = 120.0


@dataclass(slots=True, eq=False)
class Kept:
    """One answer.

    key:        what it depends on; a caller writes it, so that its length counts, too
    parts:      the body, cut where the caller's own address goes in
    headers:    without those that are each request's own
    generation: of the catalogue, read before the answer was made
    made_at, asked_at, stale_from: seconds of the process's clock; stale_from None: not
                yet seen stale
    is_failing: the last attempt to have it made anew failed
    route:      it is counted as a request of
    """

    key: Key
    parts: list[bytes]
    headers: Headers
    etag: str
    generation: int
    made_at: float
    keep_s: float
    route: str
    asked_at: float = field(init=False)
    stale_from: float | None = None
    is_failing: bool = False
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.asked_at = self.made_at
        told = (*self.key, *self.parts)
        self.size = sum(len(text) for text in told) + OVERHEAD_BYTES


class Shelf:
    def __init__(self, *, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.lock = threading.Lock()
        self.kept: OrderedDict[Key, Kept] = OrderedDict()
        self.bytes = 0

    def find(self, key: Key, *, now: float) -> Kept | None:
        with self.lock:
            found = self.kept.get(key)
            if found is not None:
                found.asked_at = now
                self.kept.move_to_end(key)
            return found

    def keep(self, answer: Kept) -> None:
        if answer.size > self.most_bytes * LONGEST_SHARE:
            return
        with self.lock:
            self._drop(answer.key)
            self.kept[answer.key] = answer
            self.bytes += answer.size
            while self.bytes > self.most_bytes or self._first_is_over(answer.made_at):
                self._drop(next(iter(self.kept)))

    def drop(self, key: Key) -> None:
        with self.lock:
            self._drop(key)

    def _first_is_over(self, now: float) -> bool:
        return now - next(iter(self.kept.values())).asked_at > UNASKED_S

    def _drop(self, key: Key) -> None:
        found = self.kept.pop(key, None)
        if found is not None:
            self.bytes -= found.size
