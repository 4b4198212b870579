from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from nexus.catalog.models import Credit, CreditKind, Genre, Keyword, Movie, Person
from nexus.catalog.models import MovieText as MovieTextRow
from nexus.catalog.store import store_movie
from nexus.tmdb import CastMember, MovieDetail, PersonRef
from nexus.tmdb import Genre as TmdbGenre
from nexus.tmdb import Keyword as TmdbKeyword
from nexus.tmdb.types import MovieText
from tests.builders import NOW, add_credit, make_genres, make_movie, make_person
from tests.query_count import count_queries
from tests.together import together

pytestmark = pytest.mark.django_db

BLOCKS = (
    "credits",
    "keywords",
    "external_ids",
    "videos",
    "release_dates",
    "translations",
)
PORTUGUESE = MovieText("pt", "BR", "Matrix", "Um hacker acorda.", None)


def detail(tmdb_id: int = 603, **values: Any) -> MovieDetail:
    plain: dict[str, Any] = {
        "title": "The Matrix",
        "original_title": "The Matrix",
        "original_language": "en",
        "overview": "A programmer wakes up.",
        "release_date": date(1999, 3, 31),
        "genre_ids": (28,),
        "popularity": 80.5,
        "vote_average": 8.2,
        "vote_count": 26_000,
        "poster_path": "/p.jpg",
        "backdrop_path": "/b.jpg",
        "adult": False,
        "genres": (TmdbGenre(28, "Action"),),
        "runtime": 136,
        "imdb_id": "tt0133093",
        "tagline": None,
        "status": "Released",
        "directors": (PersonRef(9, "Lana Wachowski", None),),
        "cast": (CastMember(6384, "Keanu Reeves", "Neo", 0, "/k.jpg"),),
        "keywords": (TmdbKeyword(7, "hacker"),),
        "trailer_key": "abc",
        "texts": (PORTUGUESE,),
        "missing_blocks": frozenset(),
        "extra": {"budget": 63_000_000, "certifications": {"US": "R"}},
    }
    return MovieDetail(tmdb_id=tmdb_id, **(plain | values))


store: Callable[[MovieDetail], Movie] = partial(store_movie, now=NOW)


def test_it_works() -> None:
    movie = store(detail())

    assert movie.title == "The Matrix"
    assert (movie.year, movie.release_date) == (1999, date(1999, 3, 31))
    assert movie.genres == [28]
    assert movie.fetched_at == NOW
    assert movie.metadata["certifications"] == {"US": "R"}
    assert Genre.objects.get().name == "Action"
    assert [one.name for one in movie.keywords.all()] == ["hacker"]
    credits_ = movie.credits.order_by("kind").values_list("kind", "person__name")
    assert list(credits_) == [("cast", "Keanu Reeves"), ("director", "Lana Wachowski")]


def test_it_replaces_what_tmdb_tells_anew() -> None:
    store(detail())

    movie = store(
        detail(
            title="Matrix",
            runtime=None,
            directors=(),
            cast=(CastMember(2975, "Laurence Fishburne", "Morpheus", 0, None),),
            keywords=(),
            trailer_key=None,
            extra={},
        )
    )

    assert (movie.title, movie.runtime, movie.trailer_key) == ("Matrix", None, None)
    assert movie.metadata == {}
    assert [one.person.name for one in movie.credits.all()] == ["Laurence Fishburne"]
    assert not movie.keywords.exists()
    assert Movie.objects.count() == 1


def test_storing_twice_changes_nothing() -> None:
    first = store(detail())

    second = store(detail())

    same = [field.attname for field in Movie._meta.fields if field.name != "updated_at"]
    assert [getattr(first, name) for name in same] == [
        getattr(second, name) for name in same
    ]
    assert Credit.objects.count() == 2


def test_it_keeps_what_a_partial_answer_leaves_out() -> None:
    store(detail())

    movie = store(
        detail(
            vote_count=27_000,
            directors=None,
            cast=None,
            keywords=None,
            imdb_id=None,
            trailer_key=None,
            texts=None,
            missing_blocks=frozenset(BLOCKS),
            extra={"budget": 64_000_000},
        )
    )

    assert movie.missing_blocks == sorted(BLOCKS)
    assert movie.vote_count == 27_000
    assert movie.imdb_id == "tt0133093"
    assert movie.trailer_key == "abc"
    assert movie.metadata == {"budget": 64_000_000, "certifications": {"US": "R"}}
    assert movie.credits.count() == 2
    assert movie.keywords.count() == 1
    assert movie.texts.get().title == "Matrix"


def test_it_keeps_no_more_than_was_left_out() -> None:
    store(detail())

    movie = store(
        detail(
            missing_blocks=frozenset({"release_dates"}),
            trailer_key=None,
            imdb_id=None,
            texts=(),
            extra={},
        )
    )

    assert movie.metadata == {"certifications": {"US": "R"}}
    assert (movie.trailer_key, movie.imdb_id) == (None, None)
    assert not movie.texts.exists()


def test_a_whole_answer_ends_a_partial_one() -> None:
    store(detail(missing_blocks=frozenset({"videos"}), trailer_key=None))

    movie = store(detail())

    assert movie.missing_blocks == []
    assert movie.trailer_key == "abc"


def test_it_stores_a_partial_answer_of_a_new_film() -> None:
    partial_answer = detail(
        directors=None,
        cast=None,
        keywords=None,
        texts=None,
        missing_blocks=frozenset(BLOCKS),
    )

    movie = store(partial_answer)

    assert movie.title == "The Matrix"
    assert movie.credits.count() == 0


def test_it_keeps_the_directors_where_only_the_cast_is_told() -> None:
    store(detail())

    movie = store(detail(directors=None, cast=()))

    assert [one.kind for one in movie.credits.all()] == [CreditKind.DIRECTOR]


def test_it_keeps_the_order_of_the_cast() -> None:
    names = ["Zoe", "Adam", "Mia"]
    cast = tuple(
        CastMember(id_, name, None, place, None)
        for place, (id_, name) in enumerate(zip((3, 1, 2), names, strict=True))
    )

    movie = store(detail(cast=cast))

    in_order = movie.credits.filter(kind="cast").order_by("position")
    assert [one.person.name for one in in_order] == names


def test_a_director_may_play_too() -> None:
    movie = store(
        detail(
            directors=(PersonRef(1, "Clint Eastwood", None),),
            cast=(CastMember(1, "Clint Eastwood", "Walt", 0, None),),
        )
    )

    assert movie.credits.count() == 2
    assert Person.objects.count() == 1


def test_it_brings_people_and_keywords_up_to_date() -> None:
    store(detail())

    store(
        detail(
            cast=(CastMember(6384, "Keanu C. Reeves", "Neo", 0, "/new.jpg"),),
            keywords=(TmdbKeyword(7, "computer hacker"),),
        )
    )

    person = Person.objects.get(id=6384)
    assert (person.name, person.profile_path) == ("Keanu C. Reeves", "/new.jpg")
    assert Keyword.objects.get().name == "computer hacker"


def test_a_genre_may_get_a_new_name() -> None:
    Genre.objects.create(id=28, name="Thrills")

    store(detail())

    assert Genre.objects.get().name == "Action"


def test_two_genres_may_have_the_same_name() -> None:
    Genre.objects.create(id=99_028, name="Action")

    store(detail())

    assert Genre.objects.filter(name="Action").count() == 2


def test_it_revives_a_film_that_tmdb_took_back() -> None:
    make_movie(603, removed_at=NOW)

    assert store(detail()).removed_at is None


def test_what_does_not_fit_never_reaches_the_database() -> None:
    long = "ﷺ" * 5_000

    movie = store(
        detail(
            title=long,
            original_title=long,
            original_language="x" * 11,
            status="x" * 41,
            imdb_id="tt" + "1" * 12,
            poster_path="/" + "x" * 200 + ".jpg",
            backdrop_path="/" + "x" * 200 + ".jpg",
            trailer_key="x" * 64,
            runtime=2**40,
            tagline=long,
            overview=long,
            genres=(TmdbGenre(28, long),),
            directors=(PersonRef(9, long, "/" + "x" * 200 + ".jpg"),),
            cast=(CastMember(6384, long, long, 0, None),),
            keywords=(TmdbKeyword(7, long),),
            texts=[MovieText("pt", f"{n:02}", long, long, long) for n in range(200)],
        )
    )

    assert len(movie.title) == 500
    assert movie.poster_path is movie.trailer_key is movie.imdb_id is None
    assert movie.runtime is None
    assert movie.status is movie.original_language is None
    assert Person.objects.get(id=9).profile_path is None
    assert movie.texts.count() == 100
    assert {len(text.title or "") for text in movie.texts.all()} == {500}


# Texts in other languages


def texts_of(movie: Movie) -> dict[str, str | None]:
    return {text.tag: text.title for text in movie.texts.all()}


def test_it_keeps_the_texts_up_to_date() -> None:
    german = MovieText("de", "DE", "Matrix", None, None)
    french = MovieText("fr", "FR", "Matrice", None, None)
    store(detail(texts=(PORTUGUESE, german, french)))
    before = {text.tag: text.pk for text in Movie.objects.get().texts.all()}

    corrected = replace(french, title="Matrix")
    italian = MovieText("it", "IT", "Matrice", None, None)
    movie = store(detail(texts=(german, corrected, italian)))

    assert texts_of(movie) == {"de-DE": "Matrix", "fr-FR": "Matrix", "it-IT": "Matrice"}
    after = {text.tag: text.pk for text in movie.texts.all()}
    assert after["de-DE"] == before["de-DE"]


def test_english_of_the_united_states_is_in_the_film_itself() -> None:
    american = MovieText("en", "US", "The Matrix", None, None)
    british = MovieText("en", "GB", "The Matrix (UK)", None, None)

    assert texts_of(store(detail(texts=(american, british)))) == {
        "en-GB": "The Matrix (UK)"
    }


def test_texts_leave_with_their_film() -> None:
    store(detail()).delete()

    assert not MovieTextRow.objects.exists()


# People known by name only


def test_it_replaces_a_person_known_by_name_only() -> None:
    movie = make_movie(603, fetched_at=None)
    provisional = make_person("Keanu Reeves", person_id=-5)
    add_credit(movie, provisional)
    add_credit(movie, make_person("Somebody Else", person_id=-6))

    store(detail())

    provisional.refresh_from_db()
    assert provisional.replaced_by_id == 6384
    assert Person.objects.get(id=-6).replaced_by is None
    assert not Credit.objects.filter(person__lt=0).exists()


def test_it_recognises_a_name_without_its_accents() -> None:
    movie = make_movie(603, fetched_at=None)
    add_credit(movie, make_person("Penelope Cruz", person_id=-5))

    store(detail(cast=(CastMember(955, "Penélope Cruz", None, 0, None),)))

    assert Person.objects.get(id=-5).replaced_by_id == 955


def test_a_namesake_in_another_film_is_not_replaced_again() -> None:
    first, second = make_movie(603), make_movie(604)
    steve = make_person("Steve McQueen", person_id=-5)
    add_credit(first, steve)
    add_credit(second, steve, CreditKind.DIRECTOR)

    store(detail(603, cast=(CastMember(13_565, "Steve McQueen", None, 0, None),)))
    store(detail(604, directors=(PersonRef(72_983, "Steve McQueen", None),)))

    steve.refresh_from_db()
    assert steve.replaced_by_id == 13_565


# Several at once, and how many statements


@pytest.mark.django_db(transaction=True)
def test_simultaneous_stores_of_films_with_the_same_people_do_not_deadlock() -> None:
    random = Random(7)  # noqa: S311  not for secrets
    people = list(range(1, 301))
    make_genres()  # a new one would make all wait for each other
    Person.objects.bulk_create(Person(id=-n, name=f"Person {n}") for n in people)
    for movie_id in range(1, 9):
        movie = make_movie(movie_id)
        Credit.objects.bulk_create(
            Credit(movie=movie, person_id=-n, kind="cast", position=n) for n in people
        )

    def described(movie_id: int) -> MovieDetail:
        random.shuffle(people)
        cast = [
            CastMember(n, f"Person {n}", None, 0, f"/{movie_id}.jpg") for n in people
        ]
        keywords = [TmdbKeyword(n, f"word {n} {movie_id}") for n in people]
        told = {"cast": tuple(cast), "keywords": tuple(keywords)}
        return detail(movie_id, directors=(), **told)

    found = together(*[partial(store, described(movie_id)) for movie_id in range(1, 9)])

    assert [movie.pk for movie in found] == list(range(1, 9))
    assert not Person.objects.filter(id__lt=0, replaced_by=None).exists()


@pytest.mark.django_db(transaction=True)
def test_simultaneous_stores_of_one_film_leave_one() -> None:
    together(*[partial(store, detail())] * 8)

    assert Movie.objects.count() == 1
    assert Credit.objects.count() == 2


@pytest.mark.parametrize("people", [10, 100])
def test_it_needs_the_same_number_of_statements_for_any_cast(people: int) -> None:
    def described(tmdb_id: int, count: int) -> MovieDetail:
        first = tmdb_id * 1000
        return replace(
            detail(tmdb_id),
            cast=tuple(
                CastMember(first + n, f"P {n}", None, n, None) for n in range(count)
            ),
            keywords=tuple(TmdbKeyword(first + n, f"k {n}") for n in range(count)),
            texts=tuple(
                MovieText("pt", f"{n:02}", "x", None, None) for n in range(count)
            ),
        )

    store(detail())
    for_one = count_queries(lambda: store(described(1, 1)))

    assert count_queries(lambda: store(described(2, people))) <= for_one


@pytest.mark.parametrize("people", [10, 100])
def test_it_needs_the_same_number_of_statements_for_any_change(people: int) -> None:
    def described(count: int, word: str) -> MovieDetail:
        """Tell of everybody under the word, and in one language more of its own."""
        cast = [
            CastMember(n, f"{word} {n}", None, n, None) for n in range(1, count + 1)
        ]
        keywords = [TmdbKeyword(n, f"{word} {n}") for n in range(1, count + 1)]
        texts = [MovieText("pt", f"{n:02}", word, None, None) for n in range(count)]
        gone = MovieText("xx", word[:2].upper(), word, None, None)
        return detail(cast=tuple(cast), keywords=tuple(keywords), texts=(gone, *texts))

    store(described(1, "old"))
    for_one = count_queries(lambda: store(described(1, "new")))
    store(described(people, "old"))

    assert count_queries(lambda: store(described(people, "new"))) <= for_one
    assert Person.objects.get(id=people).name == f"new {people}"


@pytest.mark.parametrize("people", [10, 100])
def test_it_needs_the_same_number_of_statements_for_any_number_of_known_names(
    people: int,
) -> None:
    def starter_film(movie_id: int, count: int) -> MovieDetail:
        movie, first = make_movie(movie_id, fetched_at=None), movie_id * 1000
        rows = [Person(id=-first - n, name=f"P {first + n}") for n in range(count)]
        Person.objects.bulk_create(rows)
        Credit.objects.bulk_create(
            Credit(movie=movie, person=row, kind="cast", position=n)
            for n, row in enumerate(rows)
        )
        cast = [
            CastMember(first + n, f"P {first + n}", None, n, None) for n in range(count)
        ]
        return detail(movie_id, cast=tuple(cast))

    one, many = starter_film(1, 1), starter_film(2, people)
    store(detail(3))
    for_one = count_queries(lambda: store(one))

    assert count_queries(lambda: store(many)) == for_one
    assert not Person.objects.filter(id__lt=0, replaced_by=None).exists()


# What the tables refuse


@pytest.mark.parametrize(
    "values", [{"id": 0}, {"id": -1}, {"vote_average": 10.1}, {"vote_average": -0.1}]
)
def test_an_impossible_film_is_refused(values: dict[str, Any]) -> None:
    values = {"id": 1, "title": "x", "original_title": "x", "sort_title": "x"} | values

    with pytest.raises(IntegrityError):
        Movie.objects.create(**values)


def test_a_person_has_one_credit_of_a_kind() -> None:
    movie, person = make_movie(), make_person("Keanu Reeves")
    add_credit(movie, person)

    with pytest.raises(IntegrityError), transaction.atomic():
        add_credit(movie, person)

    add_credit(movie, person, CreditKind.DIRECTOR)


def test_a_film_has_one_text_of_a_language_and_country() -> None:
    movie = make_movie()
    movie.texts.create(language="pt", region="BR", title="x")

    with pytest.raises(IntegrityError), transaction.atomic():
        movie.texts.create(language="pt", region="BR", title="y")

    movie.texts.create(language="pt", region="PT", title="y")


def test_a_text_without_words_is_refused() -> None:
    with pytest.raises(IntegrityError):
        make_movie().texts.create(language="pt", region="BR")


def acted_by(*names: str) -> MovieDetail:
    cast = [CastMember(100 + i, name, None, i, None) for i, name in enumerate(names)]
    return detail(cast=tuple(cast))


def test_it_recognises_the_leading_people_of_other_films_by_their_name() -> None:
    known_by_name = make_person("Keanu Reeves", person_id=-7)
    add_credit(make_movie(245891, title="John Wick", fetched_at=None), known_by_name)

    store(acted_by("Keanu Reeves"))

    known_by_name.refresh_from_db()
    assert known_by_name.replaced_by_id == 100


def test_it_leaves_the_namesakes_of_minor_people_alone() -> None:
    known_by_name = make_person("Steve McQueen", person_id=-7)

    store(acted_by(*"abcde", "Steve McQueen"))

    known_by_name.refresh_from_db()
    assert known_by_name.replaced_by is None
