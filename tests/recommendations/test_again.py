"""The same feed twice: told again, and only as long as nothing of it is different."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from nexus.accounts.models import User
from nexus.api.edge.changes import Changes
from nexus.catalog.expiry import EXPIRED
from nexus.catalog.models import Movie
from nexus.catalog.queries import MovieFilters
from nexus.ratings.models import (
    GenrePreference,
    HiddenMovie,
    MoviePreference,
    PersonPreference,
    Rating,
)
from nexus.recommendations.again import (
    CLOCK_STEP_S,
    FEEDS,
    OVERHEAD_BYTES,
    Again,
    Basis,
)
from nexus.recommendations.films import STORE
from nexus.recommendations.queries import Feed, NotRated, Wish, match_score, recommend
from tests.api.edge_caller import unstarted
from tests.builders import make_person, make_rating, make_user, make_viewing
from tests.query_count import count_queries
from tests.recommendations.cinema import (
    EVEN,
    ODD,
    fill_cinema,
    forget_model,
    serve_model,
)
from tests.together import together

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(second=10)
PLAIN = Wish(filters=MovieFilters(), diversity=0.0, novelty=0.0, include_watched=False)


@pytest.fixture
def changes(db: None) -> Changes:
    """Word of changes; `begin_anew` is what it does when it hears of one."""
    fill_cinema()
    found = unstarted(hears=True)
    STORE.listen_to(found)
    return found


@pytest.fixture
def alice(changes: Changes) -> User:
    user = make_user("alice")
    make_rating(user, Movie.objects.get(id=EVEN[0]), stars=5)
    return user


@dataclass(frozen=True)
class Told:
    films: list[int]
    size: int = 1_000


class Asker:
    """Asks for a member's feed; `made` counts those that were not told again."""

    def __init__(self, user: User) -> None:
        self.user, self.made = user, 0

    def ask(
        self, wish: Wish = PLAIN, *, page: int = 1, now: datetime = NOW
    ) -> list[int]:
        asked = {"page": page, "page_size": 5}
        told = recommend(user=self.user, wish=wish, now=now, show=self.show, **asked)
        return told.films

    def show(self, feed: Feed) -> Told:
        self.made += 1
        return Told([pick.movie.pk for pick in feed.picks])


def hide(user: User, movie: Movie) -> HiddenMovie:
    return HiddenMovie.objects.create(user=user, movie=movie, created_at=NOW)


def like_somebody(user: User) -> PersonPreference:
    person = make_person("Jean Reno")
    return PersonPreference.objects.create(user=user, person=person)


@pytest.fixture
def asker(alice: User) -> Asker:
    return Asker(alice)


def test_it_is_told_again(asker: Asker) -> None:
    first, second = asker.ask(), asker.ask()

    assert (second, asker.made) == (first, 1)


def test_it_asks_only_what_the_member_said(asker: Asker) -> None:
    asker.ask()

    assert count_queries(asker.ask) == 1


@pytest.mark.parametrize(
    "say",
    [
        lambda user, movie: make_rating(user, movie, stars=1),
        make_viewing,
        hide,
        lambda user, movie: MoviePreference.objects.create(user=user, movie=movie),
        lambda user, _: like_somebody(user),
        lambda user, _: GenrePreference.objects.create(user=user, genre_id=28),
        lambda user, _: Rating.objects.filter(user=user).update(half_stars=2),
        lambda user, _: Rating.objects.filter(user=user).delete(),
    ],
    ids=[
        "rates",
        "watches",
        "hides",
        "likes",
        "likes somebody",
        "names",
        "changes",
        "takes back",
    ],
)
def test_what_the_member_says_counts_at_once(
    asker: Asker, say: Callable[[User, Movie], object]
) -> None:
    listed = asker.ask()
    say(asker.user, Movie.objects.get(id=listed[0]))

    asker.ask()

    assert asker.made == 2


def test_what_was_taken_back_is_as_if_it_had_never_been_said(asker: Asker) -> None:
    before = asker.ask()
    hidden = hide(asker.user, Movie.objects.get(id=before[0]))
    without = asker.ask()
    hidden.delete()

    after = asker.ask()

    assert before[0] not in without
    assert (after, asker.made) == (before, 3)


@pytest.mark.django_db(transaction=True)
def test_a_write_counts_from_its_commit_on(asker: Asker) -> None:
    before = asker.ask()
    with transaction.atomic():
        hide(asker.user, Movie.objects.get(id=before[0]))
        [meanwhile] = together(asker.ask)

    after = asker.ask()

    assert meanwhile == before
    assert before[0] not in after
    assert asker.made == 2


def test_a_score_asks_only_for_the_version_of_what_the_member_said(alice: User) -> None:
    def score() -> int:
        found = match_score(user=alice, movie_id=EVEN[1], now=NOW)
        return found.explanation.match_score

    first = score()

    # And for genres' names, which processes keep that hear of changes.
    assert count_queries(score) == 2
    assert score() == first


def test_the_next_score_knows_what_was_said_and_taken_back(alice: User) -> None:
    def is_known_to_be_rated() -> bool:
        with suppress(NotRated):
            match_score(user=alice, movie_id=EVEN[1], without=EVEN[2], now=NOW)
            return True
        return False

    before = is_known_to_be_rated()
    rating = make_rating(alice, Movie.objects.get(id=EVEN[2]), stars=1)
    after = is_known_to_be_rated()
    rating.delete()

    assert (before, after, is_known_to_be_rated()) == (False, True, False)


def test_nobody_gets_the_feed_of_another(asker: Asker) -> None:
    bob = Asker(make_user("bob"))
    make_rating(bob.user, Movie.objects.get(id=ODD[0]), stars=5)
    asker.ask()

    bob.ask()

    assert bob.made == 1


@pytest.mark.parametrize(
    "wish",
    [
        Wish(filters=MovieFilters(), diversity=0.5, novelty=0.0, include_watched=False),
        Wish(filters=MovieFilters(), diversity=0.0, novelty=0.5, include_watched=False),
        Wish(filters=MovieFilters(), diversity=0.0, novelty=0.0, include_watched=True),
        Wish(
            filters=MovieFilters(year_min=1900),
            diversity=0.0,
            novelty=0.0,
            include_watched=False,
        ),
    ],
)
def test_another_wish_is_another_question(asker: Asker, wish: Wish) -> None:
    asker.ask()

    asker.ask(wish)

    assert asker.made == 2


def test_another_page_is_another_question(asker: Asker) -> None:
    first, second = asker.ask(), asker.ask(page=2)

    assert set(first).isdisjoint(second)


def test_a_film_that_was_taken_back_is_in_it_no_more(
    asker: Asker, changes: Changes
) -> None:
    gone = asker.ask()[0]
    Movie.objects.filter(id=gone).update(removed_at=NOW, updated_at=timezone.now())
    changes.begin_anew()

    assert gone not in asker.ask()


def test_a_film_that_grows_too_old_is_in_it_no_more(
    asker: Asker, changes: Changes
) -> None:
    Movie.objects.filter(id=EVEN[1]).update(
        fetched_at=NOW - EXPIRED, updated_at=timezone.now()
    )
    changes.begin_anew()
    listed = asker.ask(PLAIN)
    assert EVEN[1] in listed

    later = asker.ask(now=NOW + timedelta(seconds=CLOCK_STEP_S))

    assert EVEN[1] not in later


def test_another_model_is_asked(
    asker: Asker, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    by_rules = asker.ask()
    serve_model(settings, tmp_path_factory)
    forget_model()

    by_model = asker.ask()

    assert asker.made == 2
    assert by_model != by_rules


def test_where_changes_are_not_heard_nothing_is_kept(asker: Asker) -> None:
    STORE.listen_to(unstarted(hears=False))

    asker.ask()
    asker.ask()

    assert asker.made == 2
    assert not FEEDS.kept


def test_where_nobody_listens_nothing_is_kept(asker: Asker) -> None:
    STORE.clear()

    asker.ask()
    asker.ask()

    assert asker.made == 2


def test_a_feed_that_should_be_better_is_not_kept(
    asker: Asker, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    version = serve_model(settings, tmp_path_factory)
    forget_model()
    shutil.rmtree(settings.MODELS_DIR / version)

    asker.ask()
    asker.ask()

    assert asker.made == 2


def test_a_page_that_has_nothing_is_not_kept(asker: Asker) -> None:
    assert asker.ask(page=100) == []

    assert not FEEDS.kept


def test_of_somebody_who_said_nothing_nothing_is_kept(changes: Changes) -> None:
    nobody = Asker(make_user("nobody"))

    nobody.ask()
    nobody.ask()

    assert nobody.made == 2


SIZE = 2 * OVERHEAD_BYTES  # of an answer and all that is kept with it


def on(minute: int) -> Basis:
    return Basis(said=None, heard=0, picture=0, model=None, minute=minute)


def test_the_longest_unused_ones_go_first() -> None:
    again = Again(most_bytes=100 * SIZE)
    again.keep("used", on(0), 1, size=OVERHEAD_BYTES)
    for number in range(100):
        again.find("used", on(0))
        again.keep(number, on(0), number, size=OVERHEAD_BYTES)

    assert again.bytes == 100 * SIZE
    assert again.find("used", on(0)) == 1
    assert again.find(0, on(0)) is None


def test_what_is_kept_anew_takes_its_room_once() -> None:
    again = Again(most_bytes=100 * SIZE)

    for _ in range(3):
        again.keep("same", on(0), 1, size=OVERHEAD_BYTES)

    assert again.bytes == SIZE


def test_what_is_told_no_more_does_not_stay() -> None:
    again = Again()
    for number in range(10):
        again.keep(number, on(0), number, size=OVERHEAD_BYTES)

    again.keep("later", on(1), 1, size=OVERHEAD_BYTES)

    assert list(again.kept) == ["later"]


def test_one_page_does_not_take_all_the_room() -> None:
    again = Again(most_bytes=100 * SIZE)

    again.keep("long", on(0), 1, size=OVERHEAD_BYTES + 1)

    assert not again.kept
