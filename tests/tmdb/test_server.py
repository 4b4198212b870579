"""The test server itself: what other suites rely on."""

import threading

import httpx

from nexus.tmdb import connect
from tests.tmdb.films import FILMS
from tests.tmdb_server import TmdbServer


def test_it_knows_its_films(server: TmdbServer) -> None:
    with connect(key=server.key, base_url=server.url) as tmdb:
        for film in FILMS:
            assert tmdb.movie(film.tmdb_id).overview == film.overview

    assert len(FILMS) > 29


def test_it_rejects_a_stranger(server: TmdbServer) -> None:
    answer = httpx.get(f"{server.url}/movie/603")

    assert answer.status_code == 401
    assert answer.json()["status_code"] == 7


def test_it_serves_an_added_movie(server: TmdbServer) -> None:
    server.add_movie(7_000_001, "Our Own", runtime=0, release_date="")

    with connect(key=server.key, base_url=server.url) as tmdb:
        movie = tmdb.movie(7_000_001)

    assert (movie.title, movie.runtime, movie.release_date) == ("Our Own", None, None)


def test_it_forgets_on_reset(server: TmdbServer) -> None:
    server.fail("503")
    httpx.get(f"{server.url}/configuration")

    server.reset()

    assert (server.calls, server.asked) == ({}, [])
    assert httpx.get(f"{server.url}/configuration").status_code == 401


def test_it_refuses_a_page_out_of_range(server: TmdbServer) -> None:
    params = {"api_key": server.key, "page": "501"}

    answer = httpx.get(f"{server.url}/trending/movie/day", params=params)

    assert (answer.status_code, answer.json()["status_code"]) == (400, 22)


def test_it_stops_while_a_call_hangs() -> None:
    with TmdbServer() as server:
        server.fail("hang")
        ask = threading.Thread(target=hang_up, args=(server,))
        ask.start()
        while not server.calls:
            threading.Event().wait(0.001)
    ask.join(timeout=5)

    assert not ask.is_alive()
    assert not server._thread.is_alive()
    assert not server._http._open


def hang_up(server: TmdbServer) -> None:
    try:
        httpx.get(f"{server.url}/configuration", timeout=5)
    except httpx.RemoteProtocolError:
        return
    raise AssertionError("the call was answered")
