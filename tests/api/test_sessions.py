from datetime import timedelta

import pytest
from django.utils import timezone

from nexus.accounts.models import Session, User
from nexus.accounts.sessions import open_session
from tests.builders import PASSWORD
from tests.client import Api
from tests.query_count import count_queries
from tests.tokens import bearer, refresh, sign_in, use

SESSIONS = "/api/auth/sessions/"


def open_sessions(user: User, n: int) -> None:
    for _ in range(n):
        open_session(user=user, device="", address="", now=timezone.now())


def id_of(tokens: dict[str, str]) -> str:
    listed = bearer(tokens["access"]).get(SESSIONS).json["results"]
    return str(next(one["id"] for one in listed if one["is_current"]))


def test_it_works(api: Api, owner: User) -> None:
    login = {"username": "owner", "password": PASSWORD}
    headers = {"User-Agent": "Nexus for Kettles 1.0"}
    tokens = api.post("/api/auth/login/", login, headers=headers).json

    answer = bearer(tokens["access"]).get(SESSIONS)

    (found,) = answer.json["results"]
    assert found["device"] == "Nexus for Kettles 1.0"
    assert found["address_prefix"] == "127.0.0.0/24"
    assert found["is_current"] is True
    assert {"id", "created_at", "last_used_at", "expires_at"} < set(found)
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_it_tells_no_secrets(owner: User) -> None:
    tokens = sign_in()

    answer = bearer(tokens["access"]).get(SESSIONS)

    assert Session.objects.get().refresh_hash not in str(answer.json)
    assert "secret" not in str(answer.json)


def test_it_hides_the_sessions_of_strangers(owner_api: Api, stranger: User) -> None:
    sign_in("stranger")

    assert len(owner_api.get(SESSIONS).json["results"]) == 1


def test_it_lists_the_last_used_first(owner: User) -> None:
    old, new = sign_in(), sign_in()
    refresh(old["refresh"])

    listed = bearer(new["access"]).get(SESSIONS).json["results"]

    assert [one["is_current"] for one in listed] == [False, True]


def test_it_leaves_out_what_is_over(owner: User, owner_api: Api) -> None:
    ended, expired = sign_in(), sign_in()
    bearer(ended["access"]).post("/api/auth/logout/")
    now = timezone.now()
    Session.objects.filter(id=id_of(expired)).update(expires_at=now)

    assert len(owner_api.get(SESSIONS).json["results"]) == 1


def test_it_goes_through_pages_without_repeating(owner: User, owner_api: Api) -> None:
    open_sessions(owner, 6)
    Session.objects.update(last_used_at=timezone.now())
    seen, url = [], f"{SESSIONS}?page_size=3"

    while url:
        page = owner_api.get(url).json
        seen += [one["id"] for one in page["results"]]
        url = page["next"]

    assert len(seen) == len(set(seen)) == 7


def test_it_takes_as_many_queries_for_many(owner: User, owner_api: Api) -> None:
    def ask() -> object:
        return owner_api.get(SESSIONS, page_size=100)

    with_1 = count_queries(ask)
    open_sessions(owner, 9)
    with_10 = count_queries(ask)
    open_sessions(owner, 90)

    assert with_1 == with_10 == count_queries(ask)


@pytest.mark.parametrize("method", ["get", "delete"])
def test_it_wants_a_member(api: Api, method: str) -> None:
    assert api.call(method, SESSIONS).code == "not_authenticated"


def test_it_ends_one(owner: User) -> None:
    here, elsewhere = sign_in(), sign_in()

    answer = bearer(here["access"]).delete(f"{SESSIONS}{id_of(elsewhere)}/")

    assert answer.status == 204
    assert use(elsewhere["access"]).code == "session_ended"
    assert refresh(elsewhere["refresh"]).code == "session_ended"
    assert use(here["access"]).status == 200


def test_it_may_end_itself(owner: User) -> None:
    here = sign_in()

    answer = bearer(here["access"]).delete(f"{SESSIONS}{id_of(here)}/")

    assert answer.status == 204
    assert use(here["access"]).status == 401


def test_it_does_not_end_sessions_of_strangers(owner: User, stranger_api: Api) -> None:
    tokens = sign_in()

    answer = stranger_api.delete(f"{SESSIONS}{id_of(tokens)}/")

    assert (answer.status, answer.code) == (404, "session_not_found")
    assert use(tokens["access"]).status == 200


@pytest.mark.parametrize(
    "session_id", ["883ca641-3b5a-49d0-b761-8dcdcd7d8af1", "1", "x"]
)
def test_it_does_not_find_what_is_not_there(owner_api: Api, session_id: str) -> None:
    assert owner_api.delete(f"{SESSIONS}{session_id}/").status == 404


def test_it_ends_one_only_once(owner: User, owner_api: Api) -> None:
    session_id = id_of(sign_in())
    owner_api.delete(f"{SESSIONS}{session_id}/")

    assert owner_api.delete(f"{SESSIONS}{session_id}/").status == 404


def test_it_does_not_find_expired_ones(owner: User, owner_api: Api) -> None:
    session_id = id_of(sign_in())
    past = timezone.now() - timedelta(seconds=1)
    Session.objects.filter(id=session_id).update(expires_at=past)

    assert owner_api.delete(f"{SESSIONS}{session_id}/").status == 404


def test_it_ends_all_others(owner: User, stranger: User) -> None:
    here, others, theirs = sign_in(), [sign_in(), sign_in()], sign_in("stranger")

    answer = bearer(here["access"]).delete(SESSIONS)

    assert answer.status == 204
    assert [use(other["access"]).status for other in others] == [401, 401]
    assert use(here["access"]).status == 200
    assert use(theirs["access"]).status == 200
