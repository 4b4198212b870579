"""Where a trace hears that something begins and ends; most installations keep none."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

Begin: TypeAlias = Callable[[str, Mapping[str, str]], AbstractContextManager[object]]

# At most one, added where the program starts: see `tracing`.
BEGIN: list[Begin] = []


@contextmanager
def span(name: str, **facts: str) -> Iterator[None]:
    """Let the block be a part of the trace, if there is one."""
    if not BEGIN:
        yield
        return
    with BEGIN[0](name, facts):
        yield
