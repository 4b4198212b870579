"""Films of which TMDb did not tell all, from its answer to ours."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from nexus.catalog import cache, operations
from nexus.catalog.models import Movie
from nexus.tmdb.detail import APPENDED
from tests.builders import make_movie
from tests.client import Api
from tests.tmdb import shapes
from tests.tmdb.shapes import Doc
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.usefixtures("genres")

LEAN = 910_004
EMPTY_BLOCKS: Doc = {
    "credits": {"cast": [], "crew": []},
    "keywords": {"keywords": []},
    "external_ids": {"imdb_id": None},
    "videos": {"results": []},
    "release_dates": {"results": []},
    "translations": {"translations": []},
}
# All that TMDb sends for what it does not know.
BLANK: Doc = {
    "adult": False,
    "backdrop_path": None,
    "belongs_to_collection": None,
    "budget": 0,
    "genres": [],
    "homepage": "",
    "imdb_id": "",
    "origin_country": [],
    "original_language": "",
    "overview": "",
    "popularity": 0.0,
    "poster_path": None,
    "production_companies": [],
    "production_countries": [],
    "release_date": "",
    "revenue": 0,
    "runtime": 0,
    "spoken_languages": [],
    "status": "",
    "tagline": "",
    "video": False,
    "vote_average": 0.0,
    "vote_count": 0,
}


@pytest.fixture
def films(tmdb: TmdbServer) -> Iterator[TmdbServer]:
    """A TMDb whose films may be changed."""
    before = dict(tmdb.movies)
    yield tmdb
    tmdb.movies = before


def read(**params: Any) -> Any:
    answer = Api().get("/api/movies/603/", **params)
    assert answer.status == 200
    return answer.json


def waiting_jobs() -> int:
    return ProcrastinateJob.objects.filter(task_name="refresh_movie").count()


def run_jobs() -> None:
    """Do what waits, as the worker would."""
    for job in ProcrastinateJob.objects.filter(task_name="refresh_movie"):
        operations.refresh_movie(**job.args, now=timezone.now())
    ProcrastinateJob.objects.all().delete()


def let_an_hour_pass() -> None:
    """Forget who asked lately; TMDb's answers themselves are not in the cache."""
    cache.forget("completing:603")
    cache.forget("queued:refresh_movie:603")


def test_it_works(films: TmdbServer) -> None:
    films.fail("missing_blocks")

    first, second = read(), read()

    assert first["title"] == second["title"] == "The Matrix"
    assert (first["cast"], first["keywords"], first["trailer_url"]) == ([], [], None)
    assert Movie.objects.get().missing_blocks == sorted(APPENDED)
    assert (first["meta"]["source"], first["meta"]["degraded"]) == ("live", True)
    assert (second["meta"]["source"], second["meta"]["degraded"]) == ("stale", True)
    assert second["meta"]["fetched_at"] == first["meta"]["fetched_at"]


def test_the_next_reader_has_it_completed(films: TmdbServer) -> None:
    films.fail("missing_blocks")
    read()
    films.recover()

    before = read()
    run_jobs()

    after = read()
    assert before["cast"] == []
    assert [one["character"] for one in after["cast"]] == ["Neo", "Trinity"]
    assert Movie.objects.get().missing_blocks == []
    assert (after["meta"]["source"], after["meta"]["degraded"]) == ("cache", False)


def test_it_is_not_asked_for_in_a_loop(films: TmdbServer) -> None:
    films.fail("missing_blocks")
    read()

    for _ in range(5):
        read()
        run_jobs()

    assert films.calls["/movie/603"] == 2


def test_it_is_asked_for_again_after_an_hour(films: TmdbServer) -> None:
    films.fail("missing_blocks")
    read()
    read()
    run_jobs()

    let_an_hour_pass()
    read()

    assert waiting_jobs() == 1


def test_it_keeps_what_an_earlier_answer_told(films: TmdbServer) -> None:
    translation = shapes.told("pt", "BR", title="Matrix")
    films.change_movie(603, translations={"translations": [translation]})
    whole = read(language="pt-BR")
    films.fail("missing_blocks")

    films.change_movie(603, runtime=137)
    operations.refresh_movie(movie_id=603, now=timezone.now())

    part = read(language="pt-BR")
    assert part.pop("runtime") == 137
    assert whole.pop("runtime") == 136
    assert part.pop("meta")["degraded"] is True
    assert whole.pop("meta")["degraded"] is False
    assert part == whole
    assert Movie.objects.get().metadata["certifications"]


@pytest.mark.parametrize("block", APPENDED)
def test_it_names_the_one_block_that_is_missing(films: TmdbServer, block: str) -> None:
    films.change_movie(603, **{block: None})

    read()

    assert Movie.objects.get().missing_blocks == [block]


def test_a_film_of_a_whole_answer_is_not_partial(films: TmdbServer) -> None:
    first, second = read(), read()

    assert Movie.objects.get().missing_blocks == []
    assert not first["meta"]["degraded"]
    assert second["meta"]["source"] == "cache"
    assert waiting_jobs() == 0


def test_an_import_completes_it(films: TmdbServer, owner_api: Api) -> None:
    films.fail("missing_blocks")
    read()
    films.recover()

    answer = owner_api.post("/api/tmdb/import/", {"tmdb_id": 603})

    assert answer.status == 200
    assert len(answer.json["cast"]) == 2
    assert (answer.json["meta"]["source"], answer.json["meta"]["degraded"]) == (
        "live",
        False,
    )


def test_without_a_key_there_is_nothing_to_wait_for(api: Api) -> None:
    make_movie(603, missing_blocks=["credits"], fetched_at=timezone.now())

    meta = read()["meta"]

    assert (meta["source"], meta["degraded"]) == ("cache", False)
    assert waiting_jobs() == 0


def test_one_that_tmdb_took_back_is_not_waited_for(films: TmdbServer) -> None:
    now = timezone.now()
    make_movie(603, missing_blocks=["credits"], fetched_at=now, removed_at=now)

    meta = read()["meta"]

    assert (meta["source"], meta["degraded"]) == ("cache", False)
    assert waiting_jobs() == 0


# Films of which TMDb knows next to nothing

NOTHING_KNOWN: Doc = {
    "id": LEAN,
    "title": "Lean",
    "original_title": "Lean",
    **dict.fromkeys(("year", "release_date", "runtime", "imdb_id", "status")),
    **dict.fromkeys(("vote_average", "vote_count", "popularity")),
    **dict.fromkeys(("original_language", "overview", "tagline")),
    **dict.fromkeys(("poster_url", "backdrop_url", "trailer_url")),
    **{name: [] for name in ("genres", "directors", "cast", "keywords")},
}


@pytest.mark.parametrize("rest", [{}, BLANK, dict.fromkeys(BLANK)])
@pytest.mark.parametrize("blocks", [{}, EMPTY_BLOCKS, dict.fromkeys(EMPTY_BLOCKS)])
def test_what_tmdb_does_not_know_is_null(
    films: TmdbServer, rest: Doc, blocks: Doc
) -> None:
    films.movies[LEAN] = {"id": LEAN, "title": "Lean"} | rest | blocks

    told = Api().get(f"/api/movies/{LEAN}/").json

    assert {name: told[name] for name in NOTHING_KNOWN} == NOTHING_KNOWN
    assert told["texts"] == {"title": "en", "overview": None, "tagline": None}


@pytest.mark.parametrize("rest", [{}, BLANK, dict.fromkeys(BLANK)])
def test_no_column_holds_an_empty_text_or_a_zero(films: TmdbServer, rest: Doc) -> None:
    films.movies[LEAN] = {"id": LEAN, "title": "Lean"} | rest | EMPTY_BLOCKS

    Api().get(f"/api/movies/{LEAN}/")

    stored = Movie.objects.values().get()
    assert [name for name, value in stored.items() if value in ("", 0)] == []
    known = stored["metadata"].items()
    assert [name for name, value in known if value not in ([], {})] == []


def test_a_person_without_a_face_or_a_part_is_one_all_the_same(
    films: TmdbServer,
) -> None:
    nobody = {"id": 4_711, "name": "Jo Doe", "character": "", "profile_path": None}
    films.change_movie(603, credits={"cast": [nobody], "crew": []})

    told = read()["cast"]

    assert told == [{"id": 4_711, "name": "Jo Doe", "character": None, "order": 0}]
