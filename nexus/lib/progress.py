"""How far a long work is: a bar on a terminal, a line now and then anywhere else."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

BAR: Final = 24
ON_TERMINAL_EVERY_S: Final = 0.1
ELSEWHERE_EVERY_S: Final = 15.0
MEASURED_S: Final = 30.0  # the rate is that of the last seconds
LEAST_MEASURED_S: Final = 0.5  # that of the first moment is none
ERASE_REST: Final = "\x1b[K"


class Progress:
    """`write` must write at once; `of` names the things that are counted."""

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        of: str,
        is_terminal: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.write = write
        self.of = of
        self.is_terminal = is_terminal
        self.clock = clock
        self.every_s = ON_TERMINAL_EVERY_S if is_terminal else ELSEWHERE_EVERY_S
        self.moments = deque([(clock(), 0)])
        self.shown_s = clock() if not is_terminal else float("-inf")

    def show(self, done: int, total: int) -> None:
        """Tell it, unless the last time was just now; a total of 0 is not known."""
        now_s = self.clock()
        if now_s - self.shown_s < self.every_s:
            return
        self.shown_s = now_s
        self.measure(now_s, done)
        self.draw(done, total)

    def end(self) -> None:
        """Leave the terminal's line to what comes after."""
        if self.is_terminal:
            self.write(f"\r{ERASE_REST}")

    def measure(self, now_s: float, done: int) -> None:
        self.moments.append((now_s, done))
        while len(self.moments) > 2 and now_s - self.moments[1][0] > MEASURED_S:
            self.moments.popleft()

    def draw(self, done: int, total: int) -> None:
        rate = self.rate()
        told = f"{done} of {total} {self.of}" if total else f"{done} {self.of}"
        if rate > 0:
            told += f", {rate:.1f} a second"
        if rate > 0 and total:
            told += f", {minutes((total - done) / rate)} left"
        if not self.is_terminal:
            self.write(told + "\n")
            return
        filled = BAR * done // max(total, 1)
        bar = f"[{'#' * filled}{'.' * (BAR - filled)}] " if total else ""
        self.write(f"\r{bar}{told}{ERASE_REST}")

    def rate(self) -> float:
        (first_s, first), (last_s, last) = self.moments[0], self.moments[-1]
        took_s = last_s - first_s
        return (last - first) / took_s if took_s >= LEAST_MEASURED_S else 0.0


def minutes(seconds: float) -> str:
    """Return hours, minutes and seconds: 1:05, or 2:00:09."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    text = f"{rest // 60}:{rest % 60:02}"
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else text
