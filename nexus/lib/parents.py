"""Processes that do not outlive the one that started them."""

import ctypes
import os
import signal
from typing import Final

PR_SET_PDEATHSIG: Final = 1


def end_with(parent: int, number: signal.Signals) -> None:
    """Have this process get the signal when its parent ends, whatever ends that."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number))
    if os.getppid() != parent:  # it was faster
        os.kill(os.getpid(), number)
