"""What the process holds of the machine's memory."""

import ctypes
from functools import cache
from typing import Any


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
