"""What the process holds of the machine's memory."""

import ctypes
from functools import cache
from typing import Any, Final

M_ARENA_MAX: Final = -8  # of malloc.h


def share_heap() -> None:
    """Have all threads allocate from one heap; to be called before they start.

    glibc gives each thread one of its own, which stays as large as it once was: two
    dozen of them grow for long. Threads of Python rarely allocate in the same moment.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)


def give_back() -> None:
    """Return what was freed to the system, where the C library would keep it.

    glibc gives back by itself what lies at the end of its heaps only. Others do not
    know the call, and nothing is done.
    """
    if (trim := malloc_trim()) is not None:
        trim(0)


@cache
def malloc_trim() -> Any | None:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
