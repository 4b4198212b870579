from datetime import UTC, datetime, timedelta

from nexus.accounts.models import User
from nexus.recommendations.members import read_member
from tests.builders import make_movie, make_rating

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)


def test_it_reads_when_films_were_rated(owner: User) -> None:
    for movie_id, stars in ((11, 4.5), (12, 1)):
        make_rating(owner, make_movie(movie_id), stars=stars, updated_at=MOMENT)

    history = read_member(owner).history

    assert history.order is not None
    told = zip(history.items, history.stars, history.order, strict=True)
    moment = int(MOMENT.timestamp())
    assert sorted(told) == [(11, 4.5, moment), (12, 1.0, moment)]


def test_somebody_new_has_an_empty_history(owner: User) -> None:
    assert len(read_member(owner).history) == 0


def test_a_rating_can_be_thought_away(owner: User) -> None:
    for movie_id in (11, 12):
        make_rating(owner, make_movie(movie_id))
    member = read_member(owner)

    assert member.without(11).history.items.tolist() == [12]
    assert sorted(member.history.items) == [11, 12]


def test_it_keeps_the_newest_ratings(owner: User) -> None:
    for movie_id, hours in ((11, 1), (12, 3), (14, 2), (13, 2)):
        moment = MOMENT + timedelta(hours=hours)
        make_rating(owner, make_movie(movie_id), updated_at=moment)
    member = read_member(owner)

    assert sorted(member.latest(1).taste.rated) == [12]
    assert sorted(member.latest(2).taste.rated) == [12, 13]
    assert member.latest(4) is member
