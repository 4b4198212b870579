"""What the web server starts beside the application."""

import gc
from collections.abc import Iterator
from time import monotonic

import pytest
from pytest_django import Settings

from nexus import wsgi
from nexus.api.edge import Gate
from nexus.api.edge.changes import Changes
from nexus.api.pulse import PULSE
from nexus.catalog.copies import COPIES
from nexus.recommendations.films import STORE
from tests.api.edge_caller import PATIENCE_S

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gate(settings: Settings) -> Iterator[Gate]:
    settings.WORKER_IN_WEB = False
    thresholds = gc.get_threshold()
    found = wsgi.serve()
    assert isinstance(found, Gate)
    try:
        yield found
    finally:
        STORE.settle()
        found.changes.stop()
        PULSE.stop()
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def test_changes_are_heard_also_where_the_edge_keeps_nothing(
    settings: Settings,
) -> None:
    settings.EDGE_CACHE_MB = 0

    assert wsgi.with_edge(wsgi.application) is wsgi.application

    changes = STORE.changes
    assert isinstance(changes, Changes)
    assert COPIES.changes is changes
    give_up_at = monotonic() + PATIENCE_S
    while not changes.hears():
        assert monotonic() < give_up_at, "it hears nothing"
    changes.stop()


def test_feeds_hear_of_changes_as_the_edge_does(gate: Gate) -> None:
    give_up_at = monotonic() + PATIENCE_S
    while STORE.heard() is None:
        assert monotonic() < give_up_at, "it hears nothing"
    STORE.settle()

    assert STORE.changes is gate.changes
    assert STORE.picture.number == 1
