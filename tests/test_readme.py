"""The README's tour, run word for word against the product and a TMDb."""

import json
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from nexus.env import PROJECT_DIR
from tests.examples import BETWEEN, blocks, run
from tests.launch.program import Program
from tests.tmdb_server import TmdbServer

README = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
TOUR = README.partition("<!-- tour -->")[2].partition("<!-- end of tour -->")[0]


PLAIN, WITH_TMDB = (blocks(part, "sh") for part in TOUR.split("<!-- tmdb -->"))
SIGN_IN = PLAIN[:2]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """What the calls of the tour answered, in their order."""
    program = Program(tmp_path_factory.mktemp("tour") / "home")
    program.start()
    try:
        yield answers_to(PLAIN, program.port)
    finally:
        program.end(signal.SIGTERM)


@pytest.fixture(scope="module")
def answers_with_tmdb(
    tmp_path_factory: pytest.TempPathFactory, tmdb_for_all: TmdbServer
) -> Iterator[list[Any]]:
    """The same of the calls that need a TMDb."""
    tmdb_for_all.add_movie(9008, "The Insider", release_date="1999-10-28")
    program = Program(tmp_path_factory.mktemp("tmdb") / "home")
    program.start(TMDB_API_KEY=tmdb_for_all.key, TMDB_API_URL=tmdb_for_all.url)
    try:
        yield answers_to([*SIGN_IN, *WITH_TMDB], program.port)
    finally:
        program.end(signal.SIGTERM)
        tmdb_for_all.reset()
        tmdb_for_all.remove_movie(9008)


def answers_to(calls: list[str], port: int) -> list[Any]:
    told = run(
        re.sub(
            r"^(curl (?:.*\\\n)*.*)$",
            rf"\1; echo; echo {BETWEEN}",
            "".join(calls),
            flags=re.MULTILINE,
        ),
        port,
    )
    return [json.loads(part) for part in told.split(BETWEEN) if part.strip()]


def test_every_call_answers(answers: list[Any], answers_with_tmdb: list[Any]) -> None:
    told = answers + answers_with_tmdb

    assert len(told) == TOUR.count("\ncurl ")
    assert not [answer for answer in told if answer.get("status") == "error"]


def test_the_search_forgives_the_typo(answers: list[Any]) -> None:
    _trending, search, *_ = answers

    assert search["results"][0]["title"] == "Inception"


def test_the_feed_moves(answers: list[Any]) -> None:
    _, _, _, before, _, after, *_ = answers

    assert before["meta"]["recommender"] == "preferences"
    assert after["meta"]["recommender"] == "personal"
    assert before["results"] != after["results"]


def test_the_score_adds_up_and_says_why(answers: list[Any]) -> None:
    score = next(answer for answer in answers if "match_score" in answer)

    points = [component["points"] for component in score["components"]]
    assert score["base_points"] + sum(points) == score["match_score"]
    words = "You gave The Matrix 5 stars, also by Lilly Wachowski."
    assert words in [one["text"] for one in score["reasons"]]


def test_the_score_in_the_text_is_the_real_one(answers: list[Any]) -> None:
    score = next(answer for answer in answers if "match_score" in answer)

    (shown,) = blocks(TOUR, "json")
    told = json.loads(shown)
    *reasons, _more = told.pop("reasons")
    assert score == score | told
    assert score["reasons"][: len(reasons)] == reasons


def test_the_film_is_brought_in(answers_with_tmdb: list[Any]) -> None:
    search, imported = answers_with_tmdb

    assert [film["in_catalogue"] for film in search["results"]] == [False]
    assert imported["title"] == "The Insider"
