"""/ratings/{id}/hidden/ and /playlists/{id}/hidden/"""

from collections.abc import Callable

import pytest

from nexus.accounts.models import AuditEntry, User, Visibility
from nexus.playlists.models import PlaylistVisibility
from tests.builders import make_movie, make_playlist, make_rating
from tests.client import Api

pytestmark = pytest.mark.django_db

REASON = {"reason": "Insults a member."}

Publish = Callable[[User], str]


def publish_review(owner: User) -> str:
    rating = make_rating(owner, make_movie(603), stars=2, review="Rude.")
    return f"/api/ratings/{rating.pk}/"


def publish_playlist(owner: User) -> str:
    playlist = make_playlist(owner, visibility=PlaylistVisibility.PUBLIC)
    return f"/api/playlists/{playlist.pk}/"


EVERYTHING = pytest.mark.parametrize("publish", [publish_review, publish_playlist])


def log() -> list[tuple[str, str, str, str]]:
    return [
        (str(row.actor), str(row.member), row.action.partition("_")[2], row.reason)
        for row in AuditEntry.objects.order_by("id")
    ]


@EVERYTHING
def test_it_works(
    owner: User, owner_api: Api, moderator_api: Api, publish: Publish
) -> None:
    path = publish(owner)

    answer = moderator_api.put(f"{path}hidden/", REASON)

    assert answer.status == 204
    assert owner_api.get(path).json["is_hidden"] is True
    assert log() == [("moderator1", "owner", "hidden", "Insults a member.")]


def test_it_names_what_was_hidden_in_the_log(owner: User, moderator_api: Api) -> None:
    path = publish_review(owner)

    moderator_api.put(f"{path}hidden/", REASON)

    number = path.strip("/").rpartition("/")[2]
    assert AuditEntry.objects.get().subject == f"rating {number}"


def test_it_hides_a_review_and_keeps_its_stars(
    owner: User, api: Api, stranger_api: Api, moderator_api: Api
) -> None:
    path = publish_review(owner)
    moderator_api.put(f"{path}hidden/", REASON)

    for viewer in (api, stranger_api):
        (listed,) = viewer.get("/api/movies/603/ratings/").json["results"]
        for shown in (viewer.get(path).json, listed):
            assert shown["review"] is None
            assert shown["stars"] == 2
            assert shown["is_hidden"] is True
    assert api.get("/api/movies/603/ratings/").json["average"] == 2


def test_it_shows_a_hidden_review_to_its_author_and_moderators(
    owner: User, owner_api: Api, moderator_api: Api
) -> None:
    path = publish_review(owner)
    moderator_api.put(f"{path}hidden/", REASON)

    assert owner_api.get(path).json["review"] == "Rude."
    assert moderator_api.get(path).json["review"] == "Rude."


def test_it_stays_hidden_when_the_review_changes(
    owner: User, owner_api: Api, api: Api, moderator_api: Api
) -> None:
    path = publish_review(owner)
    moderator_api.put(f"{path}hidden/", REASON)

    owner_api.patch(path, {"review": "Ruder."})
    owner_api.post("/api/ratings/", {"movie": 603, "stars": 1, "review": "Rudest."})

    assert api.get(path).json["review"] is None


def test_it_hides_no_rating_without_a_review(owner: User, moderator_api: Api) -> None:
    rating = make_rating(owner, make_movie())

    answer = moderator_api.put(f"/api/ratings/{rating.pk}/hidden/", REASON)

    assert answer.status == 409
    assert answer.code == "no_review"
    assert log() == []


@pytest.mark.parametrize("visibility", ["public", "unlisted"])
def test_it_hides_a_playlist(
    owner: User,
    api: Api,
    owner_api: Api,
    stranger_api: Api,
    moderator_api: Api,
    visibility: str,
) -> None:
    playlist = make_playlist(owner, visibility=visibility)
    path = f"/api/playlists/{playlist.pk}/"

    moderator_api.put(f"{path}hidden/", REASON)

    assert api.get(path).status == 404
    assert stranger_api.get(path).status == 404
    assert api.get("/api/playlists/").json["results"] == []
    assert stranger_api.get("/api/playlists/", owner="owner").json["results"] == []
    assert owner_api.get(path).status == 200
    assert moderator_api.get(path).status == 200


def test_its_owner_cannot_show_a_hidden_playlist(
    owner: User, owner_api: Api, api: Api, moderator_api: Api
) -> None:
    path = publish_playlist(owner)
    moderator_api.put(f"{path}hidden/", REASON)

    for visibility in ("private", "unlisted", "public"):
        owner_api.patch(path, {"visibility": visibility})

        assert api.get(path).status == 404
    assert owner_api.delete(f"{path}hidden/").status == 403


@EVERYTHING
def test_it_shows_again(
    owner: User, api: Api, moderator_api: Api, publish: Publish
) -> None:
    path = publish(owner)
    before = api.get(path).json
    moderator_api.put(f"{path}hidden/", REASON)

    answer = moderator_api.delete(f"{path}hidden/")

    assert answer.status == 204
    assert api.get(path).json == before
    assert [action for _, _, action, _ in log()] == ["hidden", "shown"]


@EVERYTHING
def test_it_logs_no_hiding_of_what_was_hidden(
    owner: User, moderator_api: Api, publish: Publish
) -> None:
    path = publish(owner)
    moderator_api.put(f"{path}hidden/", REASON)

    assert moderator_api.put(f"{path}hidden/", REASON).status == 204
    assert len(log()) == 1


@EVERYTHING
def test_another_reason_is_another_entry(
    owner: User, moderator_api: Api, publish: Publish
) -> None:
    path = publish(owner)
    moderator_api.put(f"{path}hidden/", REASON)

    moderator_api.put(f"{path}hidden/", {"reason": "Sells things."})

    assert [row[-1] for row in log()] == ["Insults a member.", "Sells things."]


@EVERYTHING
def test_it_logs_no_showing_of_what_was_not_hidden(
    owner: User, moderator_api: Api, publish: Publish
) -> None:
    path = publish(owner)

    assert moderator_api.delete(f"{path}hidden/").status == 204
    assert log() == []


@EVERYTHING
@pytest.mark.parametrize("method", ["put", "delete"])
def test_it_refuses_members(
    owner: User,
    owner_api: Api,
    stranger_api: Api,
    publish: Publish,
    method: str,
) -> None:
    path = publish(owner)

    for member in (owner_api, stranger_api):
        answer = member.call(method, f"{path}hidden/", body=REASON)

        assert answer.status == 403
        assert answer.code == "permission_denied"
    assert owner_api.get(path).json["is_hidden"] is False
    assert log() == []


@EVERYTHING
@pytest.mark.parametrize("method", ["put", "delete"])
def test_it_wants_a_member(
    owner: User, api: Api, publish: Publish, method: str
) -> None:
    assert api.call(method, f"{publish(owner)}hidden/", body=REASON).status == 401


@EVERYTHING
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": ""},
        {"reason": "  "},
        {"reason": None},
        {"reason": 5},
        {"reason": "x" * 501},
        {"reason": "a\0b"},
    ],
)
def test_it_wants_a_reason(
    owner: User, moderator_api: Api, publish: Publish, body: object
) -> None:
    answer = moderator_api.put(f"{publish(owner)}hidden/", body)

    assert answer.status == 400
    assert "reason" in answer.json["errors"]


@pytest.mark.parametrize("method", ["put", "delete"])
def test_it_does_not_find_a_private_members_rating(
    owner: User, moderator_api: Api, method: str
) -> None:
    path = publish_review(owner)
    User.objects.filter(pk=owner.pk).update(visibility=Visibility.PRIVATE)

    answer = moderator_api.call(method, f"{path}hidden/", body=REASON)

    assert answer.status == 404
    assert answer.code == "rating_not_found"


@pytest.mark.parametrize("method", ["put", "delete"])
def test_it_does_not_find_a_private_playlist(
    owner: User, moderator_api: Api, method: str
) -> None:
    path = f"/api/playlists/{make_playlist(owner).pk}/hidden/"

    answer = moderator_api.call(method, path, body=REASON)

    assert answer.status == 404
    assert answer.code == "playlist_not_found"


def test_admins_are_moderators(owner: User, admin: User) -> None:
    answer = Api(admin).put(f"{publish_review(owner)}hidden/", REASON)

    assert answer.status == 204


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_moderators_never_edit(owner: User, moderator_api: Api, method: str) -> None:
    path = publish_playlist(owner)

    answer = moderator_api.call(method, path, body={"name": "Mine now"})

    assert answer.status == 403
