"""Freed memory goes back to the system."""

import subprocess
import sys

import pytest

from nexus.lib.memory import malloc_trim

FREED_BELOW_OTHERS = """
import numpy
from psutil import Process
from nexus.lib.memory import give_back

pieces = [numpy.ones(500) for _ in range(50_000)]
kept = pieces[::500]  # one of these lies at the end of the heap
del pieces
before = Process().memory_info().rss
give_back()
print(before, Process().memory_info().rss)
"""


@pytest.mark.skipif(malloc_trim() is None, reason="only glibc is asked for it")
def test_what_was_freed_amid_the_heap_goes_back() -> None:
    words = [sys.executable, "-c", FREED_BELOW_OTHERS]

    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout

    before, after = map(int, told.split())
    assert before > 180e6  # else there was nothing to give back
    assert after < 100e6
