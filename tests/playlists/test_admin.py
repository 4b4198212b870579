import pytest
from django.test import Client

from nexus.accounts.models import User
from tests.builders import fill_playlist, make_movie, make_playlist, make_user
from tests.query_count import count_queries

PATH = "/admin/playlists/playlist/"


@pytest.fixture
def desk(admin: User) -> Client:
    """The admin pages as an operator sees them."""
    client = Client()
    client.force_login(admin)
    return client


@pytest.mark.parametrize("typed", ["rainy", "critic"])
def test_it_finds_by_name_and_owner(desk: Client, typed: str) -> None:
    make_playlist(make_user("critic"), name="Rainy days")
    make_playlist(make_user("other"), name="Sunny days")

    page = desk.get(PATH, {"q": typed}).content.decode()

    assert "Rainy days" in page
    assert "Sunny days" not in page


def test_it_asks_as_often_for_many_as_for_one(desk: Client) -> None:
    counts = []
    for n_more in (1, 9, 40):
        for _ in range(n_more):
            make_playlist(make_user())
        counts.append(count_queries(lambda: desk.get(PATH)))

    assert len(set(counts)) == 1


def test_it_shows_the_films_and_changes_nothing(desk: Client, owner: User) -> None:
    playlist = make_playlist(owner)
    fill_playlist(playlist, make_movie(title="Heat"))

    page = desk.get(f"{PATH}{playlist.pk}/change/")

    assert "Heat" in page.content.decode()
    assert desk.post(f"{PATH}{playlist.pk}/change/", {}).status_code == 403
    assert desk.get(f"{PATH}add/").status_code == 403
