"""The product's clients of TMDb, for a while: made anew, or impatient."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any

import pytest

from nexus.catalog import upstream
from nexus.tmdb import Tmdb, connect


@contextmanager
def own_clients() -> Iterator[None]:
    """Keep the clients made in it apart, however many, and close them."""
    with ExitStack() as made, pytest.MonkeyPatch.context() as patched:

        def make(**options: Any) -> Tmdb:
            return made.enter_context(connect(**options))

        patched.setattr(upstream, "_connect", lru_cache(maxsize=None)(make))
        yield


@contextmanager
def impatience(limit_s: float) -> Iterator[None]:
    """Wait for TMDb no longer than this."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(upstream, "CALL_LIMIT_S", limit_s)
        patched.setattr(upstream, "LEAST_FOR_ANSWER_S", 0.0)
        yield
