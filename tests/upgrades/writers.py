"""Members who rate films without a pause, and what they were told."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import cycle
from threading import Event
from time import monotonic
from typing import Final

import httpx

from nexus.catalog.starter import read_films

FILMS: Final = [film.tmdb_id for film in read_films()[:200]]
PATIENCE_S: Final = 60.0


class Writer:
    """One member. `acknowledged` has the half-stars that each film was given last."""

    def __init__(self, base: str, number: int) -> None:
        self.name = f"writer{number}"
        self.acknowledged: dict[int, int] = {}
        self.answers: Counter[int] = Counter()
        self.longest_s = 0.0
        self.client = httpx.Client(base_url=base, timeout=PATIENCE_S)
        mail = f"{self.name}@example.org"
        account = {"name": self.name, "email": mail, "password": "correct-horse-7"}
        told = self.client.post("/api/auth/register/", json=account).raise_for_status()
        token = told.json()["access"]
        self.client.headers["Authorization"] = f"Bearer {token}"

    def write(self, stop: Event) -> None:
        with closing(self.client):
            for number, film in enumerate(cycle(FILMS)):
                if stop.is_set():
                    return
                self.rate(film, 1 + number * 7 % 10)
                self.read()

    def rate(self, film: int, half_stars: int) -> None:
        body = {"movie": film, "stars": half_stars / 2}
        started = monotonic()
        answer = self.client.post("/api/ratings/", json=body)
        self.longest_s = max(self.longest_s, monotonic() - started)
        self.answers[answer.status_code] += 1
        if answer.is_success:
            self.acknowledged[film] = half_stars

    def read(self) -> None:
        answer = self.client.get("/api/ratings/", params={"page_size": 5})
        self.answers[answer.status_code] += 1


@contextmanager
def writing(base: str, *, writers: int) -> Iterator[list[Writer]]:
    """Let so many write until the block ends; what goes wrong there fails here."""
    stop, everybody = Event(), [Writer(base, number) for number in range(writers)]
    with ThreadPoolExecutor(writers) as pool:
        running = [pool.submit(one.write, stop) for one in everybody]
        try:
            yield everybody
        finally:
            stop.set()
    for one in running:
        one.result()
