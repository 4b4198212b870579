"""What a typed title finds, and which film first."""

from random import Random

import pytest
from django.db import connection
from django.utils import timezone

from nexus.catalog import title_index
from nexus.catalog.conditions import NOTHING, Sql
from nexus.catalog.expiry import is_listed
from nexus.catalog.models import Movie, MovieText, TitleWord
from nexus.catalog.rows import Version, read_with_versions
from nexus.catalog.search import best_matches
from nexus.catalog.title_index import derive_anew, derive_missing, derive_titles
from tests.builders import make_movie
from tests.query_count import count_queries

pytestmark = pytest.mark.django_db


def found(typed: str) -> list[str]:
    titles = dict(Movie.objects.values_list("id", "title"))
    return [titles[id_] for id_ in best_matches(is_listed(timezone.now()), typed).ids]


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("godfahter", "The Godfather"),  # neighbours swapped
        ("godfther", "The Godfather"),  # one left out
        ("godfatther", "The Godfather"),  # one too many
        ("gudfather", "The Godfather"),
        ("gudfathr", "The Godfather"),  # two of eight letters
        ("lord rings", "The Lord of the Rings"),
        ("lord of the ri", "The Lord of the Rings"),
        ("rings of the lord", "The Lord of the Rings"),
        ("the lord of the blue rings", "The Lord of the Rings"),
        ("spider man", "Spiderman"),
        ("spiderman", "Spider-Man"),
        ("xmen", "X-Men"),
        ("x men", "X-Men"),
        ("mash", "M*A*S*H"),
        ("m.a.s.h.", "M*A*S*H"),
        ("extraterestrial", "E.T. the Extra-Terrestrial"),
        ("la confidential", "L.A. Confidential"),
        ("schindlers list", "Schindler's List"),
        ("oceans 11", "Ocean's Eleven"),
        ("rocky 4", "Rocky IV"),
        ("rocky iv", "Rocky 4"),
        ("star wars episode 1", "Star Wars: Episode I - The Phantom Menace"),
        ("malcolm x", "Malcolm X"),
        ("fast 10", "Fast X"),
        ("v for vendetta", "V for Vendetta"),
        ("i robot", "I, Robot"),
        ("twelve angry men", "12 Angry Men"),
        ("12 angry men", "Twelve Angry Men"),
        ("the 6th sense", "The Sixth Sense"),
        ("doctor strangelove", "Dr. Strangelove"),
        ("thelma and louise", "Thelma & Louise"),
        ("bonnie & clyde", "Bonnie and Clyde"),
        ("fast furious", "Fast & Furious"),
        ("8 1/2", "8½"),
        ("godfather movie", "The Godfather"),
        ("eternal sunshine whatsoever", "Eternal Sunshine"),
        ("हैरी पाटर", "हैरी पॉटर"),
        ("50%", "50% Off"),
        ("$", "$"),
        ("!!!", "!!!"),
    ],
)
def test_it_finds(typed: str, title: str) -> None:
    make_movie(title=title)
    make_movie(title="Something Else Entirely")
    make_movie(title="Another Movie")

    assert found(typed) == [title]


@pytest.mark.parametrize("typed", ["wat", "hate", "xyzzy plugh", "!?", "_"])
def test_it_does_not_find_what_is_unlike(typed: str) -> None:
    make_movie(title="Heat")

    assert found(typed) == []


def test_a_short_word_is_believed() -> None:
    make_movie(title="Up")
    make_movie(title="Us")

    assert found("up") == ["Up"]


def test_it_finds_titles_of_other_languages() -> None:
    movie = make_movie(title="Spirited Away")
    MovieText.objects.create(
        movie=movie, language="fr", region="FR", title="Le Voyage de Chihiro"
    )
    Movie.objects.update(title_keys=[], title_words=[])

    assert derive_missing() == 1
    assert found("voyage de chihiro") == ["Spirited Away"]
    assert found("le voyaje de chihiro") == ["Spirited Away"]


def test_what_an_older_version_stored_is_derived_once() -> None:
    make_movie(title="Heat")
    Movie.objects.update(title_keys=[], title_words=[])
    TitleWord.objects.all().delete()

    assert (derive_missing(), derive_missing()) == (1, 0)
    assert found("haet") == ["Heat"]


def test_how_an_older_version_sorted_films_is_put_right_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(title_index, "AT_ONCE", 2)
    for title in ("Die Hard", "The Matrix", "As Good as It Gets", "Heat"):
        make_movie(title=title)
    right = list(Movie.objects.order_by("id").values_list("sort_title", flat=True))
    Movie.objects.filter(title__startswith="Die").update(sort_title="hard")
    Movie.objects.filter(title__startswith="As").update(sort_title="good as it gets")

    done = (derive_anew(), derive_anew())

    held = list(Movie.objects.order_by("id").values_list("sort_title", flat=True))
    assert done == (2, 0)
    assert held == right == ["die hard", "matrix", "as good as it gets", "heat"]


def version_of(movie: Movie) -> Version:
    [(version, _)] = read_with_versions([movie.pk])
    return version


def test_what_an_older_version_found_films_by_is_put_right_once() -> None:
    heat = make_movie(title="Heat")
    movie = make_movie(title="Cold")
    MovieText.objects.create(
        movie=movie, language="fr", region="FR", title="Spider-Man : le film"
    )
    old = {"title_keys": ["cold"], "title_words": ["cold", "spider", "man"]}
    Movie.objects.filter(pk=movie.pk).update(**old)
    unwritten = version_of(heat)

    done = (derive_anew(), derive_anew(), derive_anew())

    assert done == (1, 0, 0)
    assert found("spidreman") == ["Cold"]
    assert version_of(heat) == unwritten


@pytest.mark.parametrize(
    ("typed", "title", "better_known"),
    [
        ("godfather part 2", "The Godfather Part II", "The Godfather, Part 1 and 2"),
        ("godfather part ii", "The Godfather Part 2", "Part II of The Godfather"),
        ("seven days", "Seven Days", "7 Days"),
        ("7 days", "7 Days", "Seven Days"),
        ("seven days i", "Seven Days in May", "7 Days in Hell"),
        ("et", "E.T. the Extra-Terrestrial", "Jules et Jim"),
        ("walle", "WALL·E", "The Wolf of Wall Street"),
        ("spiderman", "Spider-Man", "The Amazing Spider-Man"),
        ("spiderman", "Spider-Man: Homecoming", "The Amazing Spider-Man"),
        ("x-men", "X-Men", "Ten Men"),
        ("seven", "Seven", "7"),
        ("romeo & juliet", "Romeo and Juliet", "Juliet and Romeo"),
        ("confidential", "Confidential", "L.A. Confidential"),
        ("one battle", "One Battle After Another", "Battle"),
        ("one love", "Bob Marley: One Love", "I Love You, Man"),
        ("love 1", "1 More Love", "One More Love"),
        ("the x files", "The X Files: I Want to Believe", "The Ten Files"),
        ("rocky 1", "Rocky", "Rocky and I"),
        ("rogue 1", "Rogue One: A Star Wars Story", "Rogue"),
        ("godfather part 1", "The Godfather", "The Godfather Part II"),
        ("dune part one", "Dune", "Dune: Part Two"),
    ],
)
def test_a_title_comes_first_however_it_is_written(
    typed: str, title: str, better_known: str
) -> None:
    make_movie(title=title, vote_count=60)
    make_movie(title=better_known, vote_count=9_000)

    assert found(typed)[0] == title


def test_a_letter_that_begins_is_no_number() -> None:
    for title in ("Ten Men", "X-Men", "Malcolm X"):
        make_movie(title=title)

    assert (found("x men"), found("ten men")) == (["X-Men"], ["Ten Men"])


def test_a_film_is_found_with_its_year() -> None:
    make_movie(title="King Kong", year=2005, vote_count=9_000)
    old = make_movie(title="King Kong", year=1933, vote_count=90)
    make_movie(title="King 1934")
    make_movie(title="Kong 1935")

    first, *_ = best_matches(is_listed(timezone.now()), "king kong 1933").ids

    assert first == old.pk


@pytest.mark.parametrize(
    ("typed", "title", "better_known"),
    [
        ("die har", "Die Hard", "To Die Harder"),
        ("the matr", "The Matrix", "Beyond the Matrix"),
        ("matr", "The Matrix", "Beyond the Matrix"),
    ],
)
def test_a_title_that_begins_so_comes_first_with_an_article_or_without(
    typed: str, title: str, better_known: str
) -> None:
    make_movie(title=title, vote_count=60)
    make_movie(title=better_known, vote_count=9_000)

    assert found(typed)[0] == title


def test_the_very_title_comes_before_better_known_ones() -> None:
    make_movie(title="Heat", vote_count=1)
    make_movie(title="Heat Wave", vote_count=500)
    make_movie(title="White Heat", vote_count=9_000)

    assert found("heat") == ["Heat", "Heat Wave", "White Heat"]


def test_a_title_put_right_comes_before_longer_ones() -> None:
    make_movie(title="Inception", vote_count=10)
    make_movie(title="Before the Inception", vote_count=9_000)

    assert found("incpetion") == ["Inception", "Before the Inception"]


def test_equal_matches_come_by_votes() -> None:
    for votes in (7, 700, 70):
        make_movie(title=f"Dark {votes}", vote_count=votes)

    assert found("dark") == ["Dark 700", "Dark 70", "Dark 7"]


def test_a_common_word_finds_the_best_known_films() -> None:
    for number in range(210):
        make_movie(title=f"Night {number}", vote_count=number)

    titles = found("night")

    assert len(titles) == 200
    assert titles[0] == "Night 209"
    assert "Night 9" not in titles


def test_it_heeds_what_films_are_asked_for() -> None:
    make_movie(title="Dark", year=1999)
    make_movie(title="Dark", year=2000)

    ids = best_matches(Sql("year = %s", (1999,)), "dark").ids

    assert [Movie.objects.get(id=id_).year for id_ in ids] == [1999]
    assert best_matches(NOTHING, "dark").ids == []


def test_the_longest_title_of_any_script_can_be_stored_and_found() -> None:
    chosen = Random(0)  # noqa: S311  nothing repeats itself
    letters = chosen.choices(range(0xAC00, 0xD7A4), k=500)
    title = "".join(map(chr, letters))

    make_movie(title=title)

    assert found(title) == [title]


def test_a_title_without_words_can_be_stored() -> None:
    movie = Movie(title="...", original_title="...")

    derive_titles(movie)

    assert (movie.title_keys, movie.title_words) == (["..."], [])


def test_a_page_tells_how_many_films_match() -> None:
    for votes in range(25):
        make_movie(title=f"Dark {votes}", vote_count=votes + 1)
    listed = is_listed(timezone.now())

    pages = [
        best_matches(listed, "dark", start=start, end=start + 10)
        for start in (0, 20, 30)
    ]

    every = best_matches(listed, "dark").ids
    assert [page.ids for page in pages] == [every[:10], every[20:], []]
    assert {page.count for page in pages} == {25}


def test_what_was_typed_right_takes_one_statement() -> None:
    make_movie(title="The Dark Night")
    listed = is_listed(timezone.now())

    right = count_queries(lambda: best_matches(listed, "the dark night"))
    wrong = count_queries(lambda: best_matches(listed, "the drak night"))

    assert (right, wrong) == (1, 3)


def test_what_a_new_film_is_called_waits_in_no_list() -> None:
    names = ["movie_title_keys", "movie_title_words", "movie_title_words_known"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reloptions FROM pg_class WHERE relname = ANY(%s)",
            [[*names, "title_word_remainders"]],
        )
        found = dict(cursor.fetchall())

    assert len(found) == 4
    assert set(map(tuple, found.values())) == {("fastupdate=off",)}
