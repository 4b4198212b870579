import pytest

from nexus.accounts.models import User
from tests.builders import NOW, make_user
from tests.client import Api


def test_it_works(api: Api) -> None:
    make_user("ada", name="Ada", bio="Engines.")

    answer = api.get("/api/profiles/ada/")

    assert answer.status == 200
    assert answer.json == {
        "username": "ada",
        "name": "Ada",
        "bio": "Engines.",
        "created_at": f"{NOW:%Y-%m-%d}T12:00:00Z",
    }


@pytest.mark.parametrize("path", ["/profiles/ada", "/api/profiles/ADA/"])
def test_it_answers_under_every_spelling(api: Api, path: str) -> None:
    make_user("Ada")

    assert api.get(path).json["username"] == "Ada"


def test_it_says_null_for_no_bio(api: Api, owner: User) -> None:
    assert api.get("/api/profiles/owner/").json["bio"] is None


def test_it_hides_private_profiles_as_if_they_were_not(
    api: Api, stranger_api: Api
) -> None:
    make_user("ada", visibility="private")

    for viewer in (api, stranger_api):
        private, absent = (
            viewer.get("/profiles/ada/"),
            viewer.get("/profiles/eve/"),
        )
        assert (private.status, private.code) == (404, "profile_not_found")
        assert (absent.status, absent.code) == (404, "profile_not_found")
        assert private.json["message"] == absent.json["message"].replace("eve", "ada")


def test_it_shows_private_profiles_to_their_owner(owner: User, owner_api: Api) -> None:
    owner_api.patch("/api/user/profile/", {"visibility": "private"})

    assert owner_api.get("/api/profiles/owner/").status == 200


def test_it_hides_members_who_were_shut_out(api: Api) -> None:
    make_user("ada", is_active=False)

    assert api.get("/api/profiles/ada/").code == "profile_not_found"


@pytest.mark.parametrize("name", ["ab", "a%20b%20c", "ada@example.org", "a" * 31])
def test_it_does_not_find_what_is_no_username(api: Api, name: str) -> None:
    assert api.get(f"/api/profiles/{name}/").status == 404
