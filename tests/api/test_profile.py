from functools import partial
from typing import Any

import pytest

from nexus.accounts.models import User
from tests.builders import make_user
from tests.client import Answer, Api
from tests.together import together

PROFILE, ME = "/api/user/profile/", "/api/profiles/me/"
FULL = {
    "name": "Ada Lovelace",
    "bio": "Engines.\nAnd films.",
    "region": "GB",
    "language": "en-GB",
    "timezone": "Europe/London",
    "visibility": "private",
}


def test_it_works(owner_api: Api) -> None:
    answer = owner_api.get(PROFILE)

    assert answer.status == 200
    assert answer.json["username"] == "owner"
    assert answer.json["email"] == "owner@example.org"
    assert answer.json["bio"] is None
    assert answer.json["region"] is None
    assert answer.json["language"] == "en"
    assert answer.json["timezone"] == "UTC"
    assert answer.json["visibility"] == "public"
    assert answer.json["preferences"] == {"genres": [], "people": [], "movies": []}
    assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("path", [ME, "/profiles/me", "/api/user/profile"])
def test_it_is_the_same_at_every_path(owner_api: Api, path: str) -> None:
    assert owner_api.get(path).json == owner_api.get(PROFILE).json


def test_it_tells_no_secrets(owner: User, owner_api: Api) -> None:
    assert owner.password not in str(owner_api.get(PROFILE).json)


@pytest.mark.parametrize("path", [PROFILE, ME])
@pytest.mark.parametrize("method", ["get", "patch", "put"])
def test_it_wants_a_member(api: Api, method: str, path: str) -> None:
    answer = api.call(method, path)

    assert (answer.status, answer.code) == (401, "not_authenticated")


@pytest.mark.parametrize("path", [PROFILE, ME])
def test_it_changes_what_is_named(owner_api: Api, path: str) -> None:
    owner_api.put(PROFILE, FULL)

    answer = owner_api.patch(path, {"bio": "Only films."})

    assert answer.status == 200
    assert answer.json == owner_api.get(PROFILE).json
    assert answer.json | FULL == answer.json | {**FULL, "bio": FULL["bio"]}
    assert {name: answer.json[name] for name in FULL} == FULL | {"bio": "Only films."}


def test_it_changes_nothing_where_nothing_is_named(owner_api: Api) -> None:
    before = owner_api.get(PROFILE).json

    assert owner_api.patch(PROFILE, {}).json == before


@pytest.mark.parametrize("field", ["bio", "region"])
@pytest.mark.parametrize("nothing", [None, ""])
def test_it_unsets(owner_api: Api, field: str, nothing: str | None) -> None:
    owner_api.put(PROFILE, FULL)

    assert owner_api.patch(PROFILE, {field: nothing}).json[field] is None


@pytest.mark.parametrize("path", [PROFILE, ME])
def test_it_replaces_everything(owner_api: Api, path: str) -> None:
    owner_api.put(path, FULL)

    answer = owner_api.put(path, {"name": "Ada"})

    assert answer.status == 200
    shown = {name: answer.json[name] for name in FULL}
    assert shown == {
        "name": "Ada",
        "bio": None,
        "region": None,
        "language": "en",
        "timezone": "UTC",
        "visibility": FULL["visibility"],  # forgetting it must not publish a profile
    }
    assert answer.json["username"] == "owner"


def test_it_takes_back_what_it_answered(owner_api: Api) -> None:
    shown = owner_api.get(PROFILE).json

    answer = owner_api.put(PROFILE, shown)

    assert (answer.status, answer.json) == (200, shown)


def test_it_wants_a_name_for_a_replacement(owner_api: Api) -> None:
    assert owner_api.put(PROFILE, {}).field_code("name") == "required"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "", "blank"),
        ("name", None, "null"),
        ("name", "A" * 101, "max_length"),
        ("name", "Ada\r\nBcc: all", "unprintable"),
        ("bio", "b" * 1001, "max_length"),
        ("bio", "\0", "null_characters_not_allowed"),
        ("bio", 7, "invalid"),
        ("region", "gb", "invalid"),
        ("region", "GBR", "invalid"),
        ("region", 7, "invalid"),
        ("language", "english", "invalid"),
        ("language", None, "null"),
        ("timezone", "Mars/Olympus", "timezone"),
        ("timezone", "../UTC", "timezone"),
        ("visibility", "secret", "invalid_choice"),
        ("visibility", [], "invalid_choice"),
        ("username", "a b c", "invalid"),
        ("username", None, "null"),
    ],
)
def test_it_refuses_bad_values(
    owner_api: Api, field: str, value: object, code: str
) -> None:
    before = owner_api.get(PROFILE).json

    answer = owner_api.patch(PROFILE, {"name": "New", field: value})

    assert answer.status == 400
    assert code in {error["code"] for error in answer.json["errors"][field]}
    assert owner_api.get(PROFILE).json == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "admin"),
        ("is_verified", True),
        ("email", "new@example.org"),
        ("id", 7),
        ("created_at", "2001-01-01T00:00:00Z"),
        ("password", "battery-staple-8"),
        ("is_active", False),
    ],
)
def test_it_leaves_what_is_not_the_members_to_change(
    owner_api: Api, field: str, value: object
) -> None:
    before = owner_api.get(PROFILE).json

    assert owner_api.patch(PROFILE, {field: value}).json == before


def test_it_renames(owner_api: Api, api: Api) -> None:
    answer = owner_api.patch(PROFILE, {"username": "Ada.L"})

    assert answer.json["username"] == "Ada.L"
    assert api.get("/api/profiles/ada.l/").status == 200
    assert api.get("/api/profiles/owner/").status == 404


def test_it_changes_the_case_of_a_username(owner_api: Api) -> None:
    assert owner_api.patch(PROFILE, {"username": "OWNER"}).json["username"] == "OWNER"


@pytest.mark.parametrize("taken", ["stranger", "STRANGER", "admin", "Stats"])
def test_it_refuses_taken_and_reserved_usernames(
    owner_api: Api, stranger: User, taken: str
) -> None:
    answer = owner_api.patch(PROFILE, {"username": taken, "bio": "New"})

    assert answer.status == 400
    assert answer.field_code("username") == "unique"
    assert owner_api.get(PROFILE).json["bio"] is None


@pytest.mark.django_db(transaction=True)
def test_it_gives_a_username_to_one_of_many() -> None:
    apis = [Api(make_user(f"member-{n}")) for n in range(6)]

    answers = together(*[partial(a.patch, ME, {"username": "Ada"}) for a in apis])

    assert sorted(answer.status for answer in answers) == [200] + [400] * 5


@pytest.mark.django_db(transaction=True)
def test_it_keeps_simultaneous_changes_of_different_things(owner_api: Api) -> None:
    changes: list[dict[str, Any]] = [{name: value} for name, value in FULL.items()]

    def change(values: dict[str, Any]) -> Answer:
        return owner_api.patch(PROFILE, values)

    together(*[partial(change, values) for values in changes])

    shown = owner_api.get(PROFILE).json
    assert {name: shown[name] for name in FULL} == FULL
