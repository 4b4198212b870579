import pytest
from django.test import Client

from nexus.accounts.models import User
from nexus.ratings.models import HiddenMovie, Rating
from tests.builders import NOW, make_movie, make_rating, make_user, make_viewing
from tests.query_count import count_queries

PATHS = ["rating", "viewing", "hiddenmovie"]


@pytest.fixture
def desk(admin: User) -> Client:
    """The admin pages as an operator sees them."""
    client = Client()
    client.force_login(admin)
    return client


def fill(user: User, *, title: str = "Heat") -> None:
    movie = make_movie(title=title)
    make_rating(user, movie, review="Great.")
    make_viewing(user, movie)
    HiddenMovie.objects.create(user=user, movie=movie, created_at=NOW)


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("typed", ["heat", "critic", "critic@example"])
def test_it_finds_by_film_and_member(desk: Client, name: str, typed: str) -> None:
    fill(make_user("critic"), title="Heat")
    fill(make_user("other"), title="Alien")

    page = desk.get(f"/admin/ratings/{name}/", {"q": typed}).content.decode()

    assert "Heat" in page
    assert "Alien" not in page


@pytest.mark.parametrize("name", PATHS)
def test_it_asks_as_often_for_many_as_for_one(desk: Client, name: str) -> None:
    counts = []
    for n_more in (1, 9, 40):
        for _ in range(n_more):
            fill(make_user())
        counts.append(count_queries(lambda: desk.get(f"/admin/ratings/{name}/")))

    assert len(set(counts)) == 1


def test_it_shows_a_rating_and_changes_none(desk: Client, owner: User) -> None:
    rating = make_rating(owner, make_movie())
    path = f"/admin/ratings/rating/{rating.pk}/change/"

    assert desk.get(path).status_code == 200
    assert desk.post(path, {"half_stars": 1}).status_code == 403
    assert desk.get("/admin/ratings/rating/add/").status_code == 403
    assert Rating.objects.get().stars == 4
