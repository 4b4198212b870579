"""A film's texts in the language that was asked for."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from nexus.catalog.models import Movie
from tests.builders import make_movie
from tests.client import Api
from tests.query_count import count_queries
from tests.tmdb.shapes import told
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.usefixtures("genres")

FIELDS = ("title", "overview", "tagline")


def make_amelie(**values: Any) -> Movie:
    plain: dict[str, Any] = {
        "title": "Amélie",
        "original_title": "Le Fabuleux Destin d'Amélie Poulain",
        "original_language": "fr",
        "overview": "She helps others.",
        "fetched_at": timezone.now(),
    }
    return make_movie(194, **plain | values)


def add_text(movie: Movie, tag: str, **texts: str) -> None:
    language, region = tag.split("-")
    movie.texts.create(language=language, region=region, **texts)


def read(language: str | None) -> Any:
    params: Any = {} if language is None else {"language": language}
    answer = Api().get("/api/movies/194/", **params)
    assert answer.status == 200
    return answer.json


def texts_in(language: str | None) -> dict[str, tuple[str | None, str | None]]:
    """Return each text with the language it is said to be in."""
    film = read(language)
    return {name: (film[name], film["texts"][name]) for name in FIELDS}


def title_in(language: str) -> tuple[str | None, str | None]:
    return texts_in(language)["title"]


def test_it_works() -> None:
    movie = make_amelie()
    texts = {"title": "O Fabuloso Destino", "overview": "Ela.", "tagline": "Mude!"}
    add_text(movie, "pt-BR", **texts)

    assert texts_in("pt-BR") == {
        "title": ("O Fabuloso Destino", "pt-BR"),
        "overview": ("Ela.", "pt-BR"),
        "tagline": ("Mude!", "pt-BR"),
    }


def test_it_is_english_where_no_language_is_asked_for() -> None:
    add_text(make_amelie(), "pt-BR", tagline="Mude!")

    assert texts_in(None) == {
        "title": ("Amélie", "en"),
        "overview": ("She helps others.", "en"),
        "tagline": (None, None),
    }


def test_each_text_falls_back_for_itself() -> None:
    movie = make_amelie(tagline=None)
    add_text(movie, "pt-BR", title="O Fabuloso Destino")
    add_text(movie, "pt-PT", title="O Destino", tagline="Muda!")

    assert texts_in("pt-BR") == {
        "title": ("O Fabuloso Destino", "pt-BR"),
        "overview": ("She helps others.", "en"),
        "tagline": ("Muda!", "pt-PT"),
    }


@pytest.mark.parametrize(
    ("language", "used"),
    [
        ("fr", "fr-FR"),
        ("fr-CA", "fr-CA"),
        ("fr-BE", "fr-FR"),
        ("es-419", "es-AR"),
        ("de-CH", "en"),
    ],
)
def test_it_prefers_the_country_asked_for_then_the_languages_own(
    language: str, used: str
) -> None:
    movie = make_amelie()
    for tag in ("fr-CA", "fr-FR", "es-MX", "es-AR"):
        add_text(movie, tag, overview=f"In {tag}.")

    assert texts_in(language)["overview"][1] == used


def test_it_falls_back_to_the_original_language_last() -> None:
    movie = make_amelie(overview=None)
    add_text(movie, "fr-FR", overview="Elle aide.", tagline="Changez !")
    add_text(movie, "es-ES", overview="Ella ayuda.")

    assert texts_in("de") == {
        "title": ("Amélie", "en"),
        "overview": ("Elle aide.", "fr-FR"),
        "tagline": ("Changez !", "fr-FR"),
    }


def test_in_the_original_language_its_title_is_the_original_one() -> None:
    add_text(make_amelie(), "fr-FR", overview="Elle aide.")

    assert title_in("fr-CA") == ("Le Fabuleux Destin d'Amélie Poulain", "fr")


def test_a_title_that_is_the_original_one_is_named_so() -> None:
    make_amelie(title="Amour", original_title="Amour")

    assert title_in("de") == ("Amour", "fr")
    assert texts_in(None)["title"] == ("Amour", "fr")


def test_english_of_another_country_differs() -> None:
    movie = make_amelie(tagline=None)
    add_text(movie, "en-GB", title="Amelie from Montmartre", tagline="Cheerio.")

    assert title_in("en-GB") == ("Amelie from Montmartre", "en-GB")
    assert title_in("en-AU") == title_in("en-US") == title_in("en") == ("Amélie", "en")
    assert texts_in("en")["tagline"] == ("Cheerio.", "en-GB")


def test_a_film_without_texts_falls_back() -> None:
    make_movie(194, title="A", original_language=None, fetched_at=None)

    assert texts_in("pt-BR") == {
        "title": ("A", "en"),
        "overview": (None, None),
        "tagline": (None, None),
    }


def test_the_original_title_stays_what_it_is() -> None:
    add_text(make_amelie(), "de-DE", title="Die fabelhafte Welt")

    assert read("de")["original_title"] == "Le Fabuleux Destin d'Amélie Poulain"


@pytest.mark.parametrize(
    "language",
    [
        *("", "p", "portuguese", "PT", "pt-br", "pt_BR", "pt-BRA", "pt-", "-BR"),
        *("zh-Hant", "zh-Hant-TW", "pt-BR,en", "*", "pt-٤١٩", "рт", "pt\n-BR"),
    ],
)
def test_it_refuses_what_is_no_language(api: Api, language: str) -> None:
    make_amelie()

    answer = api.get("/api/movies/194/", language=language)

    assert answer.status == 400
    assert answer.field_code("language") in {"invalid", "blank"}


def test_it_asks_the_database_equally_often(api: Api) -> None:
    movie = make_amelie()
    add_text(movie, "pt-BR", title="O Fabuloso Destino")
    for_one = count_queries(lambda: read("pt-BR"))
    for number in range(99):
        add_text(movie, f"pt-{number:02}", title="O Destino")

    assert count_queries(lambda: read("pt-BR")) == for_one
    assert count_queries(lambda: read(None)) == for_one - 1


def test_each_language_is_cached_under_an_address_of_its_own(api: Api) -> None:
    add_text(make_amelie(), "pt-BR", title="O Fabuloso Destino")
    portuguese = api.get("/api/movies/194/", language="pt-BR")
    known = {"If-None-Match": portuguese.headers["ETag"]}

    again = api.get("/api/movies/194/", headers=known, language="pt-BR")
    english = api.get("/api/movies/194/", headers=known)

    assert portuguese.headers["Cache-Control"].startswith("public")
    assert (again.status, english.status) == (304, 200)


# Asked of TMDb


def test_a_film_that_only_tmdb_knows_is_told_in_the_language(
    api: Api, tmdb: TmdbServer
) -> None:
    film = tmdb.movies[603]
    entries = [told("pt", "BR", title="Matrix", overview="Um hacker.", tagline="Não!")]
    tmdb.movies[603] = film | {"translations": {"translations": entries}}
    try:
        answer = api.get("/api/movies/603/", language="pt-BR")
    finally:
        tmdb.movies[603] = film

    assert [answer.json[name] for name in FIELDS] == ["Matrix", "Um hacker.", "Não!"]
    assert answer.json["texts"] == dict.fromkeys(FIELDS, "pt-BR")
    assert tmdb.calls.total() == 1


# What the document says of it


def test_the_document_tells_of_it() -> None:
    document = Client().get("/openapi.json").json()
    (language,) = [
        one
        for one in document["paths"]["/api/movies/{id}/"]["get"]["parameters"]
        if one["in"] == "query"
    ]
    schemas = document["components"]["schemas"]

    assert language["name"] == "language"
    assert not language.get("required")
    assert "`pt-BR`" in language["description"]
    assert schemas["TextsOutput"]["properties"].keys() == set(FIELDS)
    assert "texts" in schemas["MovieDetailOutput"]["required"]
