from datetime import date

import pytest

from nexus.tmdb import Tmdb, TmdbNonsense, TmdbNotFound
from nexus.tmdb.types import MovieText
from tests.tmdb.shapes import Doc, rated, told, trailer
from tests.tmdb.transports import film, tmdb_that_answers
from tests.tmdb_server import TmdbServer

EMPTY_BLOCKS: dict[str, Doc] = {
    "credits": {"cast": [], "crew": []},
    "keywords": {"keywords": []},
    "external_ids": {"imdb_id": ""},
    "videos": {"results": []},
    "release_dates": {"results": []},
    "translations": {"translations": []},
}
ALL_BLOCKS = set(EMPTY_BLOCKS)


def test_it_works(tmdb: Tmdb) -> None:
    movie = tmdb.movie(603)

    assert movie.tmdb_id == 603
    assert movie.title == "The Matrix"
    assert movie.release_date == date(1999, 3, 31)
    assert movie.runtime == 136
    assert movie.imdb_id == "tt0000603"
    assert [genre.name for genre in movie.genres] == ["Action", "Science Fiction"]
    assert movie.genre_ids == (28, 878)
    assert movie.poster_path == "/poster603.jpg"
    assert movie.trailer_key == "trailer-603"
    assert movie.missing_blocks == frozenset()


def test_it_reads_the_people_and_keywords(tmdb: Tmdb) -> None:
    movie = tmdb.movie(603)

    assert movie.directors is not None
    assert movie.cast is not None
    assert movie.keywords is not None
    assert [person.name for person in movie.directors] == ["Lana Wachowski"]
    assert [(m.name, m.character, m.order) for m in movie.cast] == [
        ("Keanu Reeves", "Neo", 0),
        ("Carrie-Anne Moss", "Trinity", 1),
    ]
    assert [k.name for k in movie.keywords] == ["simulation", "hacker", "dystopia"]


def test_it_asks_once_for_everything(tmdb: Tmdb, server: TmdbServer) -> None:
    tmdb.movie(603, language="de-DE")

    assert server.calls == {"/movie/603": 1}
    assert set(server.asked[0].params["append_to_response"].split(",")) == ALL_BLOCKS
    assert server.asked[0].params["language"] == "de-DE"


def test_it_keeps_the_original_title(tmdb: Tmdb) -> None:
    assert tmdb.movie(129).original_title == "千と千尋の神隠し"


def test_it_keeps_what_is_only_shown(tmdb: Tmdb, server: TmdbServer) -> None:
    collection = {"id": 7, "name": "Neo's", "poster_path": None, "backdrop_path": None}
    server.change_movie(
        603, belongs_to_collection=collection, homepage="https://x.test"
    )

    assert tmdb.movie(603).extra == {
        "budget": 136_000_000,
        "homepage": "https://x.test",
        "collection": {"tmdb_id": 7, "name": "Neo's", "poster_path": None},
        "production_companies": [
            {"tmdb_id": 9, "name": "Harbour Pictures", "country": None}
        ],
        "production_countries": [{"code": "US", "name": "United States of America"}],
        "spoken_languages": [{"code": "en", "name": "English"}],
        "certifications": {"US": "PG-13", "DE": "12"},
    }


def test_it_raises_not_found(tmdb: Tmdb, server: TmdbServer) -> None:
    server.remove_movie(603)

    with pytest.raises(TmdbNotFound, match=r"^TMDb has no movie 603\.$") as caught:
        tmdb.movie(603)

    assert caught.value.code == "movie_not_found"
    assert server.calls["/movie/603"] == 1


@pytest.mark.parametrize("tmdb_id", [-1, 0, 2**31, 10**30])
def test_it_does_not_ask_for_impossible_ids(
    tmdb: Tmdb, server: TmdbServer, tmdb_id: int
) -> None:
    with pytest.raises(TmdbNotFound):
        tmdb.movie(tmdb_id)

    assert not server.calls


def test_it_tells_missing_blocks_from_empty_ones(
    tmdb: Tmdb, server: TmdbServer
) -> None:
    server.fail("missing_blocks")

    movie = tmdb.movie(603)

    assert (movie.directors, movie.cast, movie.keywords) == (None, None, None)
    assert movie.texts is None
    assert movie.trailer_key is None
    assert movie.missing_blocks == ALL_BLOCKS
    assert movie.imdb_id == "tt0000603"
    assert "certifications" not in movie.extra


def test_it_reads_empty_blocks_as_empty() -> None:
    movie = tmdb_that_answers(film(**EMPTY_BLOCKS)).movie(603)

    assert (movie.directors, movie.cast, movie.keywords) == ((), (), ())
    assert movie.texts == ()
    assert movie.missing_blocks == frozenset()
    assert movie.extra["certifications"] == {}


@pytest.mark.parametrize("name", EMPTY_BLOCKS)
@pytest.mark.parametrize("block", [None, [], "x", 7])
def test_it_names_a_malformed_block_missing(name: str, block: object) -> None:
    movie = tmdb_that_answers(film(**EMPTY_BLOCKS | {name: block})).movie(603)

    assert movie.missing_blocks == {name}


@pytest.mark.parametrize("name", sorted(ALL_BLOCKS - {"external_ids"}))
@pytest.mark.parametrize("entries", [None, {}, "x"])
def test_it_names_a_block_without_its_lists_missing(name: str, entries: object) -> None:
    block = dict.fromkeys(EMPTY_BLOCKS[name], entries)

    movie = tmdb_that_answers(film(**EMPTY_BLOCKS | {name: block})).movie(603)

    assert movie.missing_blocks == {name}


@pytest.mark.parametrize("block", [None, [], "credits", {}, {"cast": 5, "crew": "x"}])
def test_it_takes_malformed_credits_for_missing(block: object) -> None:
    movie = tmdb_that_answers(film(credits=block)).movie(603)

    assert (movie.directors, movie.cast) == (None, None)


def test_it_takes_the_imdb_id_of_the_block() -> None:
    answer = film(imdb_id="", external_ids={"imdb_id": "tt0133093"})

    assert tmdb_that_answers(answer).movie(603).imdb_id == "tt0133093"


def test_it_keeps_the_cast_in_order_without_repeats() -> None:
    cast = [
        {"id": 3, "name": "Third", "order": 2, "character": ""},
        {"id": 1, "name": "First", "order": 0, "character": "Neo"},
        {"id": 2, "name": "Second", "order": 1},
        {"id": 1, "name": "First", "order": 9, "character": "Neo's brother"},
        {"id": True, "name": "Nobody"},
        {"id": 5, "name": ""},
        "a string",
    ]

    found = tmdb_that_answers(film(credits={"cast": cast, "crew": []})).movie(603).cast

    assert found is not None
    assert [(m.tmdb_id, m.character) for m in found] == [
        (1, "Neo"),
        (2, None),
        (3, None),
    ]


def test_it_counts_a_director_once() -> None:
    crew = [
        {"id": 9, "name": "Writer", "job": "Screenplay"},
        {"id": 1, "name": "Director", "job": "Director"},
        {"id": 1, "name": "Director", "job": "Director"},
    ]

    movie = tmdb_that_answers(film(credits={"cast": [], "crew": crew})).movie(603)

    assert movie.directors is not None
    assert [person.tmdb_id for person in movie.directors] == [1]


def test_it_counts_a_keyword_once() -> None:
    entries = [{"id": 1, "name": "robot"}, {"id": 1, "name": "robots"}, {"id": 2}]

    movie = tmdb_that_answers(film(keywords={"keywords": entries})).movie(603)

    assert movie.keywords is not None
    assert [keyword.name for keyword in movie.keywords] == ["robot"]


@pytest.mark.parametrize(
    ("videos", "best"),
    [
        ([trailer("b", published_at="2016"), trailer("a", published_at="2015")], "a"),
        ([trailer("fan", official=False, published_at="1990"), trailer("a")], "a"),
        ([trailer("fan", official=False)], "fan"),
        ([trailer("v", site="Vimeo"), trailer("t", type="Teaser")], None),
        ([trailer("<script>"), trailer("a", published_at=None)], "a"),
        ([{"key": 5, "site": "YouTube", "type": "Trailer"}, 7], None),
    ],
)
def test_it_picks_the_best_trailer(videos: list[object], best: str | None) -> None:
    movie = tmdb_that_answers(film(videos={"results": videos})).movie(603)

    assert movie.trailer_key == best


def test_it_prefers_the_certification_of_cinemas() -> None:
    festival, cinema = rated("US", "NR", kind=1), rated("US", "R")
    both = [*festival["release_dates"], *cinema["release_dates"]]
    results = [{"iso_3166_1": "US", "release_dates": both}, rated("FR", ""), "x"]

    movie = tmdb_that_answers(film(release_dates={"results": results})).movie(603)

    assert movie.extra["certifications"] == {"US": "R"}


@pytest.mark.parametrize(
    "changed",
    [
        {"id": 604},
        {"id": "603"},
        {"id": 603.0},
        {"id": None},
        {"title": ""},
        {"title": None},
        {"title": ["The Matrix"]},
        {"title": "\x00"},
    ],
)
def test_it_refuses_another_thing_than_the_movie(changed: dict[str, object]) -> None:
    with pytest.raises(TmdbNonsense) as caught:
        tmdb_that_answers(film(**changed)).movie(603)

    assert caught.value.code == "tmdb_bad_answer"


def test_it_takes_the_original_title_for_want_of_another() -> None:
    answer = film(title="", original_title="Matrix")

    assert tmdb_that_answers(answer).movie(603).title == "Matrix"


# Texts in other languages


def texts_of(*entries: object) -> list[MovieText]:
    block = {"translations": list(entries)}
    texts = tmdb_that_answers(film(translations=block)).movie(603).texts
    assert texts is not None
    return list(texts)


def test_it_reads_the_texts_of_each_language() -> None:
    brazil = told("pt", "BR", title="Matrix", overview="Um hacker.", tagline="Acredite")
    france = told("fr", "FR", overview="Un pirate.")

    assert texts_of(brazil, france) == [
        MovieText("pt", "BR", "Matrix", "Um hacker.", "Acredite"),
        MovieText("fr", "FR", None, "Un pirate.", None),
    ]


def test_it_reads_the_texts_of_a_language_and_country_once() -> None:
    first, second = told("pt", "BR", title="a"), told("pt", "BR", title="b")

    found = texts_of(first, second, told("pt", "PT", title="c"))

    assert [(text.region, text.title) for text in found] == [("BR", "a"), ("PT", "c")]


@pytest.mark.parametrize(
    "entry",
    [
        told("pt", "BR"),
        told("pt", "BR", title=" ", overview="\x00"),
        told("portuguese", "BR", title="a"),
        told("pt", "", title="a"),
        told("PT", "br", title="a"),
        told("pt", "BR", title="a") | {"data": None},
        told("pt", "BR", title="a") | {"data": [1]},
        {"iso_639_1": 7, "iso_3166_1": None},
        "pt",
        None,
    ],
)
def test_it_leaves_out_texts_that_tell_nothing(entry: object) -> None:
    assert texts_of(entry) == []
