"""One page of a list, and how many films are on all of them."""

from collections.abc import Callable
from threading import Event, get_ident
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from nexus.catalog import copies, pages, queries
from nexus.catalog.conditions import FilmQuery, Sql
from nexus.catalog.copies import COPIES
from nexus.catalog.models import Movie
from nexus.catalog.pages import count_films, kept_if_dear, read_page
from nexus.catalog.queries import (
    ORDER,
    MovieFilters,
    count_genres,
    find_movies,
    order_by,
)
from nexus.catalog.rows import TOLD_IN_LISTS, names_of, read_in_order
from tests.api.edge_caller import unstarted
from tests.builders import make_genres, make_movie
from tests.query_count import count_queries
from tests.together import together

TOLD = names_of(TOLD_IN_LISTS)
ALL = FilmQuery(Sql("TRUE"), "popularity DESC")

PATIENCE_S = 20.0  # on a busy machine

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def changes_are_heard() -> None:
    COPIES.listen_to(unstarted(hears=True))


def films(number: int) -> list[int]:
    return [make_movie(popularity=1000 - n).pk for n in range(number)]


def read(page: int, page_size: int = 2) -> tuple[list[int], int]:
    found = read_page(ALL, key="all", page=page, page_size=page_size)
    return found.ids, found.count


def test_it_reads_pages_in_order() -> None:
    ids = films(5)

    assert [read(page) for page in (1, 2, 3)] == [
        (ids[:2], 5),
        (ids[2:4], 5),
        (ids[4:], 5),
    ]


def test_past_the_end_it_still_counts() -> None:
    films(4)

    assert read(3) == ([], 4)
    assert read(9) == ([], 4)


def test_a_page_that_is_not_full_is_not_counted() -> None:
    films(3)

    assert count_queries(lambda: read(2)) + 1 == count_queries(lambda: read(1))


@pytest.mark.parametrize("number", [1, 10, 100])
def test_given_films_are_read_and_counted_at_once(number: int) -> None:
    ids = tuple(films(number))
    found = []

    def read_given() -> None:
        now, given = timezone.now(), MovieFilters(ids=ids)
        found.append(find_movies(given, page=1, page_size=1, now=now))

    assert count_queries(read_given) == 1
    assert [(page.ids, page.count) for page in found] == [([ids[0]], number)]


def test_an_empty_list_has_one_empty_page() -> None:
    assert read(1) == ([], 0)


def test_what_lists_tell_takes_no_further_query() -> None:
    films(2)
    found = find_movies(MovieFilters(), page=1, page_size=20, now=timezone.now())

    [movie, _] = read_in_order(found.ids)

    told = [getattr(movie, name) for name in TOLD]
    assert not set(TOLD) & movie.get_deferred_fields()
    assert len(told) == len(TOLD)


def test_it_counts_as_far_as_pages_reach() -> None:
    films(6)

    assert count_films(ALL, key="all", reach=6) == 6
    # Beyond, what PostgreSQL expects; never fewer than there were found.
    assert count_films(ALL, key="all", reach=4) >= 5


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_movie")


def test_a_list_that_is_surely_wide_is_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "LAST_PAGE", 1)
    monkeypatch.setattr(pages, "LEAST_SURE", 0)
    films(30)
    analyze()
    counts = []

    def ask(ordering: str, page_size: int) -> int:
        def read_wide() -> None:
            wide, now = MovieFilters(year_min=1990), timezone.now()
            found = find_movies(
                wide, page=1, page_size=page_size, ordering=ordering, now=now
            )
            counts.append(found.count)

        return count_queries(read_wide)

    # What is expected of all films, of these, and a page; a page; a page and a count.
    assert [ask("title", 5), ask("-runtime", 5), ask("title", 20)] == [3, 1, 2]
    assert counts[0] == counts[1] > 5
    assert counts[2] > 20


def count_after_a_fall(monkeypatch: pytest.MonkeyPatch, *, page: int) -> int:
    """Return the count of four films that PostgreSQL takes for thirty."""
    monkeypatch.setattr(pages, "LAST_PAGE", 5)
    ids = films(30)
    analyze()
    Movie.objects.filter(id__in=ids[4:]).update(year=1950)
    later, now = MovieFilters(year_min=1990), timezone.now()
    return find_movies(later, page=page, page_size=1, now=now).count


def test_an_estimate_that_is_small_is_not_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert count_after_a_fall(monkeypatch, page=1) == 4


def test_past_the_end_no_estimate_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LEAST_SURE", 0)

    assert count_after_a_fall(monkeypatch, page=5) == 4


@pytest.mark.parametrize("ordering", sorted(ORDER))
@pytest.mark.parametrize(
    "wanted", [{"year_min": 1990}, {"genres": (18,)}, {"language": "en"}]
)
def test_a_wide_list_has_the_films_of_any_other(
    monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any], ordering: str
) -> None:
    values = [None, 3, 1, 2, None, 3]
    for number, value in enumerate(values * 6):
        make_movie(
            title=f"Film {number % 7}",
            year=[1980, 2000, 2001][number % 3],
            genres=[18] if number % 4 else [27],
            original_language="en" if number % 5 else "fr",
            vote_count=value,
            popularity=value,
            runtime=value,
        )
    told = []
    monkeypatch.setattr(pages, "SURE", 0)
    for sure in (10**9, 0):
        monkeypatch.setattr(pages, "LEAST_SURE", sure)
        filters, now = MovieFilters(**wanted), timezone.now()
        told.append(
            find_movies(filters, page=1, page_size=20, ordering=ordering, now=now).ids
        )

    assert told[0] == told[1]
    assert len(told[0]) == 20


@pytest.mark.parametrize(("dear_s", "told"), [(3600.0, [1, 2]), (0.0, [1, 1])])
def test_only_what_was_dear_is_kept(
    monkeypatch: pytest.MonkeyPatch, dear_s: float, told: list[int]
) -> None:
    monkeypatch.setattr(pages, "DEAR_S", dear_s)
    numbers = iter([1, 2])
    count: Callable[[], int] = lambda: next(numbers)  # noqa: E731

    assert [kept_if_dear("x", count), kept_if_dear("x", count)] == told


@pytest.mark.parametrize(("hears", "told"), [(True, [1, 1]), (False, [1, 2])])
def test_where_changes_are_not_heard_it_is_kept_for_a_moment(
    monkeypatch: pytest.MonkeyPatch, *, hears: bool, told: list[int]
) -> None:
    monkeypatch.setattr(pages, "DEAR_S", -1.0)
    monkeypatch.setattr(copies, "UNTOLD_S", 0.0)
    COPIES.listen_to(unstarted(hears=hears))
    numbers = iter([1, 2])
    count: Callable[[], int] = lambda: next(numbers)  # noqa: E731

    assert [kept_if_dear("x", count), kept_if_dear("x", count)] == told


@pytest.mark.parametrize(("number", "told"), [(999, [999, 0]), (1000, [1000, 1000])])
def test_large_numbers_are_kept(number: int, told: list[int]) -> None:
    numbers = iter([number, 0])
    count: Callable[[], int] = lambda: next(numbers)  # noqa: E731

    assert [kept_if_dear("x", count), kept_if_dear("x", count)] == told


@pytest.mark.django_db(transaction=True)
def test_one_counts_for_all_who_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "DEAR_S", -1.0)
    counted = []

    def count() -> int:
        counted.append(1)
        return len(counted)

    told = together(*[lambda: kept_if_dear("x", count)] * 8)

    assert told == [1] * 8


class Key:
    """Of a count; knows when so many threads have come to ask for it."""

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads
        self.seen = set[int]()
        self.have_come = Event()

    def __hash__(self) -> int:
        self.seen.add(get_ident())
        if len(self.seen) == self.n_threads:
            self.have_come.set()
        return 0


def test_while_the_catalogue_changes_one_counts_for_all_who_wait() -> None:
    key, counted = Key(8), list[int]()

    def count() -> int:
        counted.append(pages.LARGE + len(counted))
        assert key.have_come.wait(PATIENCE_S)
        COPIES.forget()
        return counted[-1]

    told = together(*[lambda: kept_if_dear(key, count)] * 8)

    assert len(counted) == 2
    assert sorted(told) == [counted[0], *[counted[1]] * 7]


def test_what_was_being_counted_when_one_came_is_not_told() -> None:
    """The catalogue may have changed since that began."""
    key, began = Key(2), Event()

    def count_first() -> int:
        began.set()
        assert key.have_come.wait(PATIENCE_S)
        return 1

    def ask_meanwhile() -> int:
        assert began.wait(PATIENCE_S)
        return kept_if_dear(key, lambda: 2)

    assert together(lambda: kept_if_dear(key, count_first), ask_meanwhile) == [1, 2]


@pytest.mark.parametrize(("many", "is_same"), [(2, True), (3, False)])
def test_a_change_matters_only_to_exact_numbers_of_genres(
    monkeypatch: pytest.MonkeyPatch, many: int, is_same: bool
) -> None:
    monkeypatch.setattr(pages, "DEAR_S", -1.0)
    monkeypatch.setattr(queries, "MANY", many)
    make_genres()
    make_movie(genres=[18, 27])
    now = timezone.now()
    first = count_genres(now=now)
    make_movie(genres=[18])

    COPIES.forget()

    assert (count_genres(now=now) == first) == is_same


@pytest.mark.parametrize(("last_page", "n_queries"), [(2, 1), (3, 2)])
def test_a_change_matters_only_to_exact_numbers_of_films(
    monkeypatch: pytest.MonkeyPatch, last_page: int, n_queries: int
) -> None:
    monkeypatch.setattr(pages, "DEAR_S", -1.0)
    monkeypatch.setattr(pages, "LAST_PAGE", last_page)
    films(3)
    read(1, page_size=1)

    COPIES.forget()

    assert count_queries(lambda: read(1, page_size=1)) == n_queries


def test_different_lists_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "DEAR_S", 0.0)
    films(3)
    make_movie(year=1950)
    now = timezone.now()

    counts = [
        find_movies(filters, page=1, page_size=1, now=now).count
        for filters in (MovieFilters(), MovieFilters(year=2000))
    ]

    assert counts == [4, 3]


def test_genres_of_a_large_catalogue_are_counted_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_genres()
    monkeypatch.setattr(pages, "DEAR_S", 0.0)
    make_movie(genres=[18])
    now = timezone.now()
    first = count_genres(now=now)
    make_movie(genres=[18])

    assert count_genres(now=now) == first


@pytest.mark.parametrize("ordering", sorted(ORDER))
def test_an_order_in_sql_is_that_of_the_query(ordering: str) -> None:
    told = str(Movie.objects.order_by(*order_by(ordering)).query)

    order = told.partition(" ORDER BY ")[2].replace('"catalog_movie".', "")

    assert order.replace('"', "").removesuffix(" ASC") == ORDER[ordering]
