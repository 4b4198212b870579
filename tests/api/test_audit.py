from collections.abc import Callable
from typing import Any

import pytest

from nexus.accounts import audit
from nexus.accounts.models import AuditEntry, Role, User
from nexus.accounts.roles import remove_member
from nexus.playlists.models import PlaylistVisibility
from tests.builders import NOW, make_movie, make_playlist, make_rating, make_user
from tests.client import Api
from tests.query_count import count_queries

pytestmark = pytest.mark.django_db

AUDIT = "/api/audit/"
REASON = {"reason": "Rude."}


@pytest.fixture
def admin_api(admin: User) -> Api:
    return Api(admin)


def make_entries(user: User, n: int, *, action: str = "shut_out") -> None:
    for number in range(n):
        subject = f"number {number}"
        audit.record(action, actor=user, member=user, subject=subject, now=NOW)


def test_it_works(admin_api: Api, owner: User) -> None:
    body = {"role": "moderator", "reason": "Helps out."}
    admin_api.put("/api/users/owner/role/", body)

    answer = admin_api.get(AUDIT)

    (entry,) = answer.json["results"]
    assert entry == {
        "id": AuditEntry.objects.get().pk,
        "created_at": entry["created_at"],
        "actor": {"username": "admin1"},
        "member": {"username": "owner"},
        "action": "role_changed",
        "subject": "member to moderator",
        "reason": "Helps out.",
    }
    assert entry["created_at"].endswith("Z")
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_it_says_null_for_what_there_is_not(admin_api: Api) -> None:
    audit.record("account_erased", now=NOW)

    (entry,) = admin_api.get(AUDIT).json["results"]

    for name in ("actor", "member", "subject", "reason"):
        assert entry[name] is None


def test_it_forgets_who_is_erased(admin: User, admin_api: Api, owner: User) -> None:
    audit.record("shut_out", actor=admin, member=owner, now=NOW)

    remove_member(actor=admin, user_id=owner.pk, now=NOW)

    listed = admin_api.get(AUDIT).json["results"]
    assert [entry["action"] for entry in listed] == ["account_erased", "shut_out"]
    assert [entry["member"] for entry in listed] == [None, None]
    assert listed[0]["actor"] == {"username": "admin1"}
    assert "owner" not in str(listed)


def test_it_lists_the_newest_first(admin_api: Api, owner: User) -> None:
    make_entries(owner, 3)
    audit.record("let_in", member=owner, now=NOW.replace(year=2020))

    listed = admin_api.get(AUDIT).json["results"]

    subjects = [entry["subject"] for entry in listed]
    assert subjects == ["number 2", "number 1", "number 0", None]


def test_it_goes_through_pages_without_repeating(admin_api: Api, owner: User) -> None:
    make_entries(owner, 7)
    seen, url = [], f"{AUDIT}?page_size=3&member=owner"

    while url:
        page = admin_api.get(url).json
        seen += [entry["id"] for entry in page["results"]]
        url = page["next"]

    assert len(seen) == len(set(seen)) == 7


def test_it_filters(admin: User, admin_api: Api, owner: User) -> None:
    make_entries(owner, 2)
    make_entries(owner, 1, action="let_in")
    make_entries(admin, 4)

    def count(**params: Any) -> int:
        return len(admin_api.get(AUDIT, **params).json["results"])

    assert count() == 7
    assert count(member="Owner") == 3
    assert count(action="shut_out") == 6
    assert count(member="owner", action="let_in") == 1
    assert count(member="nobody") == count(action="nothing") == 0


@pytest.mark.parametrize(
    "params",
    [
        {"action": "Shut out"},
        {"action": "x" * 41},
        {"member": "a b"},
        {"member": "\0"},
        {"actor": "owner"},
        {"cursor": "x"},
        {"page_size": "0"},
    ],
)
def test_it_refuses_what_it_does_not_know(
    admin_api: Api, params: dict[str, Any]
) -> None:
    answer = admin_api.get(AUDIT, **params)

    assert answer.status == 400
    assert list(answer.json["errors"]) == list(params)


def test_it_refuses_others(owner_api: Api, moderator_api: Api) -> None:
    for api in (owner_api, moderator_api):
        answer = api.get(AUDIT)

        assert (answer.status, answer.code) == (403, "permission_denied")


def test_it_wants_a_member(api: Api) -> None:
    assert (api.get(AUDIT).status, api.get(AUDIT).code) == (401, "not_authenticated")


def test_it_takes_as_many_queries_for_many(admin_api: Api) -> None:
    def ask() -> object:
        return admin_api.get(AUDIT, page_size=100)

    make_entries(make_user(), 1)
    with_1 = count_queries(ask)
    for _ in range(9):
        make_entries(make_user(), 1)
    with_10 = count_queries(ask)
    for _ in range(90):
        make_entries(make_user(), 1)

    assert with_1 == with_10 == count_queries(ask)


# --- One entry for each act

Act = Callable[[Api, User], str]


def hide_review(api: Api, owner: User) -> str:
    rating = make_rating(owner, make_movie(), review="Rude.")
    assert api.put(f"/api/ratings/{rating.pk}/hidden/", REASON).status == 204
    return f"rating {rating.pk}"


def show_review(api: Api, owner: User) -> str:
    rating = make_rating(owner, make_movie(), review="Rude.", hidden_at=NOW)
    assert api.delete(f"/api/ratings/{rating.pk}/hidden/").status == 204
    return f"rating {rating.pk}"


def hide_playlist(api: Api, owner: User) -> str:
    playlist = make_playlist(owner, visibility=PlaylistVisibility.PUBLIC)
    assert api.put(f"/api/playlists/{playlist.pk}/hidden/", REASON).status == 204
    return f"playlist {playlist.pk}"


def show_playlist(api: Api, owner: User) -> str:
    public = PlaylistVisibility.PUBLIC
    playlist = make_playlist(owner, visibility=public, hidden_at=NOW)
    assert api.delete(f"/api/playlists/{playlist.pk}/hidden/").status == 204
    return f"playlist {playlist.pk}"


def change_role(api: Api, owner: User) -> str:
    body = {"role": Role.MODERATOR} | REASON
    assert api.put("/api/users/owner/role/", body).status == 200
    return "member to moderator"


def shut_out(api: Api, owner: User) -> str:
    assert api.put("/api/users/owner/shut_out/", REASON).status == 204
    return ""


def let_in(api: Api, owner: User) -> str:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert api.delete("/api/users/owner/shut_out/").status == 204
    return ""


@pytest.mark.parametrize(
    ("act", "action", "has_reason"),
    [
        (hide_review, "review_hidden", True),
        (show_review, "review_shown", False),
        (hide_playlist, "playlist_hidden", True),
        (show_playlist, "playlist_shown", False),
        (change_role, "role_changed", True),
        (shut_out, "shut_out", True),
        (let_in, "let_in", False),
    ],
)
def test_each_act_writes_one_entry(
    admin: User,
    admin_api: Api,
    owner: User,
    act: Act,
    action: str,
    has_reason: bool,
) -> None:
    subject = act(admin_api, owner)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject) == (action, subject)
    assert (entry.actor, entry.member) == (admin, owner)
    assert entry.reason == ("Rude." if has_reason else "")


@pytest.mark.parametrize("act", [hide_review, hide_playlist, change_role, shut_out])
def test_a_refused_act_writes_none(owner_api: Api, owner: User, act: Act) -> None:
    with pytest.raises(AssertionError):
        act(owner_api, owner)

    assert not AuditEntry.objects.exists()
