"""What a process knows of the catalogue, while others change it."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog.models import Movie, Person
from nexus.engine import Catalogue, similar
from nexus.recommendations.films import FilmStore
from tests.builders import add_credit, make_movie, make_person, make_rating
from tests.client import Api
from tests.query_count import count_queries
from tests.recommendations.shelf import ALIEN, MATRIX, TITANIC, fill_shelf
from tests.together import together

LONG_AGO = timezone.now() - timedelta(days=30)


@pytest.fixture
def store(db: None) -> FilmStore:
    return FilmStore()


def look(store: FilmStore, *, with_film: int | None = None) -> Catalogue:
    return store.current(now=timezone.now(), with_film=with_film)


def ids(store: FilmStore) -> list[int]:
    return [int(id_) for id_ in look(store).ids]


def age_all() -> None:
    Movie.objects.update(updated_at=LONG_AGO)


def test_it_works(store: FilmStore) -> None:
    films = [make_movie().pk for _ in range(3)]

    assert ids(store) == sorted(films)


def test_it_starts_empty(store: FilmStore) -> None:
    assert ids(store) == []
    assert ids(store) == []


def test_it_draws_nothing_anew_while_nothing_changes(store: FilmStore) -> None:
    make_movie()
    first = look(store)

    assert look(store) is first
    assert count_queries(lambda: look(store)) == 1


def test_it_sees_a_new_film(store: FilmStore) -> None:
    make_movie()
    look(store)
    film = make_movie()

    assert film.pk in ids(store)


def test_it_sees_a_film_that_was_committed_late(store: FilmStore) -> None:
    make_movie()
    look(store)
    late = make_movie()
    Movie.objects.filter(pk=late.pk).update(
        updated_at=timezone.now() - timedelta(seconds=30)
    )

    assert late.pk in ids(store)


def test_it_sees_one_film_go_while_another_comes(store: FilmStore) -> None:
    gone, stays = make_movie(), make_movie()
    age_all()
    look(store)
    now = timezone.now()
    Movie.objects.filter(pk=gone.pk).update(removed_at=now, updated_at=now)
    comes = make_movie()

    assert ids(store) == sorted([stays.pk, comes.pk])


def test_it_sees_a_film_come_back(store: FilmStore) -> None:
    film = make_movie(removed_at=timezone.now())
    assert ids(store) == []
    film.removed_at = None
    film.save()

    assert ids(store) == [film.pk]


def test_it_sees_changed_facts(store: FilmStore) -> None:
    film, other = make_movie(genres=[18]), make_movie(genres=[27])
    age_all()
    assert not similar(look(store), film.pk, 5)
    film.genres = [27]
    film.save()

    assert [one.id for one in similar(look(store), film.pk, 5)] == [other.pk]


def test_it_takes_an_older_id_for_the_real_person(store: FilmStore) -> None:
    real, older = make_person("Jo"), make_person("Jo", person_id=-7)
    first, second = make_movie(genres=[18]), make_movie(genres=[27])
    add_credit(first, real)
    add_credit(second, older)
    age_all()
    assert not similar(look(store), first.pk, 5)
    Person.objects.filter(pk=older.pk).update(replaced_by=real)
    first.save()

    (found,) = similar(look(store), first.pk, 5)

    assert found.cast == (real.pk,)


def test_it_waits_for_a_film_that_is_needed(store: FilmStore) -> None:
    make_movie()
    age_all()
    make_movie()
    look(store)
    hidden = make_movie()
    Movie.objects.filter(pk=hidden.pk).update(updated_at=LONG_AGO)
    assert hidden.pk not in ids(store)

    catalogue = look(store, with_film=hidden.pk)

    assert hidden.pk in catalogue.ids


def test_it_looks_again_in_doubt(store: FilmStore) -> None:
    film = make_movie()
    age_all()
    make_movie()
    look(store)
    Movie.objects.filter(pk=film.pk).delete()
    store.doubt()

    assert film.pk not in ids(store)


@pytest.mark.django_db(transaction=True)
def test_it_is_built_once_for_all_who_wait() -> None:
    store = FilmStore()
    films = [make_movie().pk for _ in range(20)]

    found = together(*[partial(look, store)] * 8)

    assert all(catalogue is found[0] for catalogue in found)
    assert [int(id_) for id_ in found[0].ids] == sorted(films)


@pytest.mark.django_db(transaction=True)
def test_it_lacks_no_film_that_a_caller_stored() -> None:
    store = FilmStore()
    make_movie()

    def store_and_ask() -> bool:
        film = make_movie()
        return film.pk in look(store, with_film=film.pk).ids

    assert all(together(*[store_and_ask] * 8))


@pytest.mark.django_db(transaction=True)
def test_feeds_and_scores_survive_films_that_come_and_go(owner: User) -> None:
    fill_shelf()
    api = Api(owner)

    def come_and_go() -> list[int]:
        for _ in range(5):
            now = timezone.now()
            Movie.objects.filter(id=TITANIC).update(removed_at=now, updated_at=now)
            Movie.objects.filter(id=ALIEN).delete()
            make_movie(genres=[878])
            Movie.objects.filter(id=TITANIC).update(removed_at=None, updated_at=now)
            make_movie(ALIEN, genres=[878])
        return []

    def ask(path: str) -> list[int]:
        return [api.get(path).status for _ in range(10)]

    statuses = together(
        come_and_go,
        lambda: ask("/api/user/recommendations/"),
        lambda: ask(f"/api/movies/{TITANIC}/match_score/"),
        lambda: ask(f"/api/movies/{ALIEN}/match_score/"),
        lambda: ask(f"/api/movies/{ALIEN}/similar/"),
        lambda: ask(f"/api/movies/{MATRIX}/similar/"),
    )

    assert {status for found in statuses for status in found} <= {200, 404}


def test_a_page_leaves_out_what_is_gone_meanwhile(owner: User) -> None:
    fill_shelf()
    age_all()
    make_rating(owner, make_movie(genres=[878]), stars=5)
    api = Api(owner)
    whole = listed(api)
    Movie.objects.filter(pk=whole[0]).delete()

    assert listed(api) == whole[1:]
    assert listed(api) == whole[1:]


def listed(api: Api) -> list[int]:
    answer = api.get("/api/user/recommendations/", page_size=100)
    return [pick["movie"]["id"] for pick in answer.json["results"]]
