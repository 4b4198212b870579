"""What a process knows of the catalogue, while others change it."""

from datetime import timedelta
from functools import partial
from time import monotonic

import pytest
from django.db import connection
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog.models import Movie, Person
from nexus.engine import Catalogue, similar
from nexus.recommendations import films, shortlist
from nexus.recommendations.films import FilmStore
from tests.api.edge_caller import unstarted
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


def test_it_draws_the_same_arrays_where_no_listed_film_changed(
    store: FilmStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortlist, "RECOMMENDED_FILMS", 2)
    monkeypatch.setattr(shortlist, "RISING_FILMS", 0)
    known = [make_movie(vote_count=9).pk for _ in range(2)]
    obscure = make_movie(vote_count=1)
    first = look(store)
    obscure.genres = [27]
    obscure.save()

    assert look(store) is first
    assert first.ids.tolist() == known
    assert count_queries(lambda: look(store)) == 1


def test_it_remembers_a_bounded_number_of_other_films(
    store: FilmStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortlist, "RECOMMENDED_FILMS", 0)
    monkeypatch.setattr(shortlist, "RISING_FILMS", 0)
    monkeypatch.setattr(films, "MOST_OTHERS", 5)
    others = [make_movie().pk for _ in range(12)]

    for some in (others[:4], others[4:8], others[8:]):
        found = store.films(now=timezone.now(), about=some)
        assert found.beyond.keys() == set(some)

    assert set(store.picture.others) == set(others[8:])
    assert not count_queries(
        lambda: store.picture.facts_beyond(others[8:], afresh=None, now=timezone.now())
    )


def test_it_remembers_films_that_are_not_shown(
    store: FilmStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortlist, "RECOMMENDED_FILMS", 0)
    monkeypatch.setattr(shortlist, "RISING_FILMS", 0)
    gone = make_movie(removed_at=timezone.now()).pk
    make_movie()

    def beyond() -> list[int]:
        return [*store.films(now=timezone.now(), about=[gone]).beyond]

    assert beyond() == []
    assert count_queries(beyond) == 1
    Movie.objects.filter(pk=gone).update(removed_at=None, updated_at=timezone.now())
    assert beyond() == [gone]


@pytest.mark.django_db(transaction=True)
def test_the_first_picture_is_drawn_before_anybody_asks() -> None:
    store = FilmStore()
    film = make_movie().pk

    store.prepare(now=timezone.now())
    store.settle()

    assert count_queries(lambda: look(store)) == 1
    assert film in look(store).ids


@pytest.mark.django_db(transaction=True)
def test_who_asks_before_the_first_picture_waits_for_it() -> None:
    store = FilmStore()
    film = make_movie().pk

    store.prepare(now=timezone.now())

    assert film in look(store).ids


@pytest.mark.django_db(transaction=True)
def test_a_large_picture_is_redrawn_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "LARGE", 1)
    monkeypatch.setattr(films, "SHARE", 1.0)
    store = FilmStore()
    first = make_movie().pk
    old = look(store)
    second = make_movie().pk

    with store.lock:  # it takes long
        assert look(store) is old
        assert look(store) is old
    store.settle()
    look(store)
    store.settle()

    assert ids(store) == [first, second]


@pytest.mark.django_db(transaction=True)
def test_a_film_that_a_large_picture_lacks_is_waited_for_by_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(films, "LARGE", 1)
    store = FilmStore()
    make_movie()
    look(store)
    new = make_movie().pk

    with store.lock:  # a redraw takes long
        assert store.films(now=timezone.now(), about=[], with_film=new).has(new)
    store.settle()


@pytest.mark.django_db(transaction=True)
def test_a_large_picture_rests_between_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "LARGE", 1)
    monkeypatch.setattr(films, "SHARE", 1e-9)
    store = FilmStore()
    make_movie()
    old = look(store)
    make_movie()

    look(store)

    assert store.aside is None
    assert look(store) is old


@pytest.mark.django_db(transaction=True)
def test_trouble_with_the_database_leaves_the_picture(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = FilmStore()

    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        store.prepare(now=timezone.now())
        store.settle()

    assert "the films could not be read" in caplog.text
    assert store.rests_until > monotonic()
    film = make_movie().pk
    assert ids(store) == [film]


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


def test_it_asks_for_changes_once_one_was_heard(store: FilmStore) -> None:
    make_movie(1)
    changes = unstarted(hears=True)
    store.listen_to(changes)
    look(store)
    look(store)
    told = count_queries(lambda: look(store))
    make_movie(2)
    before = ids(store)
    changes.begin_anew()

    after = ids(store)

    assert (told, before, after) == (0, [1], [1, 2])


def test_it_asks_each_time_while_it_hears_nothing(store: FilmStore) -> None:
    make_movie(1)
    changes = unstarted(hears=True)
    store.listen_to(changes)
    look(store)
    look(store)
    changes.heard_at = float("-inf")
    make_movie(2)

    assert ids(store) == [1, 2]


def test_of_a_change_of_no_film_it_asks_once(store: FilmStore) -> None:
    make_movie(1)
    changes = unstarted(hears=True)
    store.listen_to(changes)
    look(store)
    look(store)
    changes.begin_anew()

    asked = [count_queries(lambda: look(store)) for _ in range(3)]

    assert asked == [1, 0, 0]
