"""How this process deals with memory that it frees."""

import ctypes
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
KEPT_BYTES: Final = 32 * 2**20
LARGEST_BYTES: Final = 8 * 2**20


def keep_freed_memory() -> bool:
    """Keep some of it for the next request; return whether the C library can do so.

    Arithmetic over some ten thousand films takes and frees arrays of a megabyte all the
    time. glibc returns each to the kernel, which clears every page of the next one:
    that costs two or three times the arithmetic.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return False
    return bool(
        mallopt(M_MMAP_THRESHOLD, LARGEST_BYTES)
        and mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
    )
