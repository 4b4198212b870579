"""Which films are recommended where there are more than a process holds."""

import pytest
from django.utils import timezone

from nexus.catalog.models import Movie
from nexus.recommendations import shortlist
from nexus.recommendations.shortlist import Shortlist, read_shortlist
from tests.builders import make_movie

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortlist, "RECOMMENDED_FILMS", 3)
    monkeypatch.setattr(shortlist, "RISING_FILMS", 1)


def read() -> Shortlist:
    return read_shortlist(now=timezone.now())


def made(votes: int | None, popularity: float | None = None) -> int:
    return make_movie(vote_count=votes, popularity=popularity).pk


def test_it_works() -> None:
    ten, _, twenty, talked_of = made(10), made(5), made(20), made(1, 99.0)

    found = read()

    assert found.ids == {ten, twenty, talked_of}
    assert found.is_full


def test_few_films_are_all_listed() -> None:
    films = [made(votes) for votes in (7, 0, None)]

    found = read()

    assert found.ids == set(films)
    assert not found.is_full


def test_of_equals_the_lower_ids_are_listed() -> None:
    films = sorted(made(8) for _ in range(5))

    assert read().ids == set(films[:2])


def test_films_without_votes_are_not_listed_among_many() -> None:
    unknown = [made(None) for _ in range(4)]

    assert read() == Shortlist(bounds=())
    assert read().is_full
    assert not [*read().among(Movie.objects.all())]
    known, talked_of = made(1), made(None, 9.0)
    assert read().ids == {known, talked_of}
    assert not read().ids & set(unknown)


def test_what_is_not_shown_is_not_listed() -> None:
    listed = [made(votes) for votes in (7, 8, 9)]
    make_movie(vote_count=99, removed_at=timezone.now())

    assert read() == Shortlist(frozenset(listed))


def test_it_tells_who_of_others_is_listed() -> None:
    ten, five, twenty, talked_of = made(10), made(5), made(20), made(1, 99.0)
    asked = Movie.objects.filter(id__in=[five, twenty, talked_of])

    assert set(read().among(asked)) == {twenty, talked_of}
    assert ten not in set(read().among(asked))


def test_it_asks_for_no_more_than_the_listed_films() -> None:
    films = [made(votes) for votes in range(20)]

    assert set(read().among(Movie.objects.all())) == set(films[-2:])
