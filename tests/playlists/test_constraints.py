"""What the database refuses, whoever writes."""

import pytest
from django.db import IntegrityError, connection
from django.db.models import ProtectedError

from nexus.accounts.models import User
from nexus.playlists.models import Playlist, PlaylistItem
from tests.builders import NOW, fill_playlist, make_movie, make_playlist


@pytest.fixture
def playlist(owner: User) -> Playlist:
    return make_playlist(owner)


def test_a_playlist_holds_a_film_once(playlist: Playlist) -> None:
    movie = make_movie()
    fill_playlist(playlist, movie)

    with pytest.raises(IntegrityError, match="playlist_movie_once"):
        fill_playlist(playlist, movie)


def test_a_place_is_taken_once(playlist: Playlist) -> None:
    for movie in (make_movie(), make_movie()):
        playlist.items.create(movie=movie, position=1, added_at=NOW)

    with pytest.raises(IntegrityError, match="playlist_position_once"):
        connection.check_constraints()


def test_a_film_in_a_playlist_stays(playlist: Playlist) -> None:
    movie = make_movie()
    fill_playlist(playlist, movie)

    with pytest.raises(ProtectedError):
        movie.delete()


def test_its_items_go_with_a_playlist(playlist: Playlist) -> None:
    fill_playlist(playlist, make_movie())

    playlist.delete()

    assert not PlaylistItem.objects.exists()
