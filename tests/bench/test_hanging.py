"""Callers of a TMDb that hangs: those who hang are counted, and none dies unnoticed."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from bench.load import hanging
from bench.load.hanging import Callers, require_alive, wait_until_all_hang
from bench.tmdb import AnyTmdb
from tests.servers import free_port


def test_it_counts_those_for_whom_tmdb_was_asked() -> None:
    callers = Callers(free_port(), Counter())
    callers.waiting.update({0: "/movie/10000001", 1: "/movie/10000002"})

    with AnyTmdb() as tmdb:
        tmdb.calls.update(["/movie/10000001", "/movie/10000003"])

        assert callers.hang(tmdb) == 1


def test_too_few_that_hang_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hanging, "HANGING_WITHIN_S", 0.0)
    callers = Callers(free_port(), Counter({503: 2}))

    with (
        AnyTmdb() as tmdb,
        pytest.raises(AssertionError, match=r"0 of 16 calls hang; .*503: 2"),
    ):
        wait_until_all_hang(callers, tmdb, [])


def test_a_caller_that_dies_is_noticed() -> None:
    callers = Callers(free_port(), Counter())
    with ThreadPoolExecutor(1) as pool:
        works = [pool.submit(callers.call, 1)]
        wait(works)

    with pytest.raises(ConnectionRefusedError):
        require_alive(works)
