"""A TMDb on loopback that knows a film for every number."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection

from tests.tmdb.films import FILMS
from tests.tmdb.shapes import Doc, film_doc
from tests.tmdb_server import TmdbServer

SPAWN = get_context("spawn")


class AnyTmdb(TmdbServer):
    """Whatever is asked for is one of the films of the tests under another number."""

    def _film(self, number: str) -> Doc | None:
        if not number.isdigit():
            return None
        film = FILMS[int(number) % len(FILMS)]
        title = f"{film.title} {number}"
        names = {"id": int(number), "title": title, "original_title": title}
        return film_doc(film, rank=int(number) % 1_000) | names

    def _related(self, tmdb_id: int) -> list[Doc]:
        return super()._related(FILMS[tmdb_id % len(FILMS)].tmdb_id)


@contextmanager
def running_tmdb() -> Iterator[dict[str, str]]:
    """Run it in a process of its own; yields the product's variables."""
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("the end")
        process.join()


def serve(pipe: "Connection[dict[str, str], str]") -> None:
    with AnyTmdb() as tmdb:
        pipe.send(variables_of(tmdb))
        pipe.recv()


def variables_of(tmdb: TmdbServer) -> dict[str, str]:
    return {"TMDB_API_URL": tmdb.url, "TMDB_API_KEY": tmdb.key}
