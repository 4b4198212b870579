"""Something to be found or fetched by one of many, who say when they wait."""

from collections.abc import Callable
from functools import partial
from threading import Event
from time import monotonic

from prometheus_client import REGISTRY

from nexus.catalog import flight
from nexus.catalog.flight import Lead

LIMIT_S = 30.0


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at, pause = monotonic() + LIMIT_S, Event()
    while not is_so():
        assert monotonic() < give_up_at
        pause.wait(0.002)


def waits() -> int:
    """Return how often somebody waited for another one."""
    labels = {"kind": "test"}
    return int(REGISTRY.get_sample_value("nexus_catalog_waits_total", labels) or 0)


class Errand:
    """What is found and fetched of one key; fetching lasts until `go`."""

    def __init__(self, *, value: str = "fetched", key: str = "key") -> None:
        self.key, self.value = key, value
        self.stored: str | None = None
        self.error: BaseException | None = None
        self.fails_once: BaseException | None = None
        self.leads: list[Lead] = []
        self.go = Event()
        self.go.set()

    def find(self) -> str | None:
        return self.stored

    def fetch(self, lead: Lead) -> str:
        self.leads.append(lead)
        assert self.go.wait(LIMIT_S)
        if self.fails_once is not None:
            error, self.fails_once = self.fails_once, None
            raise error
        if self.error is not None:
            raise self.error
        self.stored = self.value
        return self.value

    def fetch_when(self, others: int) -> Callable[[], str]:
        """Return a call whose fetching ends when so many more wait for it."""
        self.go.clear()
        before = waits()

        def fetch(lead: Lead) -> str:
            wait_until(lambda: waits() - before >= others)
            self.go.set()
            return self.fetch(lead)

        return partial(self.once, fetch=fetch)

    def once(
        self,
        *,
        fetch: Callable[[Lead], str] | None = None,
        patience_s: float = LIMIT_S,
    ) -> str:
        fetch = fetch or self.fetch
        return flight.once(
            "test", self.key, find=self.find, fetch=fetch, patience_s=patience_s
        )

    def in_own_process(self, *, patience_s: float = LIMIT_S) -> str:
        """Do what a process does that shares nothing but Valkey."""
        return flight.lead_all(
            "test", self.key, find=self.find, fetch=self.fetch, patience_s=patience_s
        )
