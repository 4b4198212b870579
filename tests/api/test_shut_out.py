"""/users/{username}/shut_out/"""

from functools import partial

import pytest

from nexus.accounts.models import AuditEntry, Role, Session, User
from nexus.accounts.one_time import make_token
from tests.builders import PASSWORD, make_user
from tests.client import Answer, Api
from tests.together import together
from tests.tokens import bearer, refresh, sign_in, use

pytestmark = pytest.mark.django_db

REASON = {"reason": "Sells things."}
PATH = "/api/users/owner/shut_out/"


@pytest.fixture
def admin_api(admin: User) -> Api:
    return Api(admin)


def shut_out(api: Api, username: str = "owner") -> Answer:
    return api.put(f"/api/users/{username}/shut_out/", REASON)


def log() -> list[tuple[str, str, str, str]]:
    return [
        (str(row.actor), str(row.member), row.action, row.reason)
        for row in AuditEntry.objects.order_by("id")
    ]


def log_in() -> Answer:
    return Api().post("/auth/login/", {"username": "owner", "password": PASSWORD})


def test_it_works(admin_api: Api, owner: User) -> None:
    answer = shut_out(admin_api)

    assert answer.status == 204
    assert not User.objects.get(pk=owner.pk).is_active
    assert log() == [("admin1", "owner", "shut_out", "Sells things.")]


def test_their_tokens_are_refused_at_once(admin_api: Api, owner: User) -> None:
    here, elsewhere = sign_in(), sign_in()
    assert use(here["access"]).status == 200

    shut_out(admin_api)

    for tokens in (here, elsewhere):
        assert use(tokens["access"]).code == "session_ended"
        assert refresh(tokens["refresh"]).code == "session_ended"
        verified = Api().post("/auth/token/verify/", {"token": tokens["access"]})
        assert verified.status == 401
    assert not Session.objects.filter(user=owner, ended_at=None).exists()


def test_they_cannot_sign_in(admin_api: Api, owner: User) -> None:
    shut_out(admin_api)

    assert (log_in().status, log_in().code) == (401, "invalid_credentials")


def test_they_cannot_reset_their_password(admin_api: Api, owner: User) -> None:
    token = make_token(owner, "reset-password")
    shut_out(admin_api)

    body = {"token": token, "new_password": "battery-staple-8"}
    answer = Api().post("/auth/password/reset/confirm/", body)

    assert (answer.status, answer.field_code("token")) == (400, "invalid_token")
    assert User.objects.get(pk=owner.pk).check_password(PASSWORD)


def test_who_is_leaving_cannot_come_back(
    admin_api: Api, owner: User, owner_api: Api
) -> None:
    owner_api.delete("/api/profiles/me/", {"password": PASSWORD})

    assert shut_out(admin_api).status == 204
    assert log_in().status == 401


def test_they_are_not_seen(admin_api: Api, owner: User, api: Api) -> None:
    assert api.get("/api/profiles/owner/").status == 200

    shut_out(admin_api)

    assert api.get("/api/profiles/owner/").status == 404


def test_they_can_be_let_in_again(admin_api: Api, owner: User) -> None:
    before = sign_in()
    shut_out(admin_api)

    answer = admin_api.delete(PATH)

    assert answer.status == 204
    assert use(sign_in()["access"]).status == 200
    assert use(before["access"]).code == "session_ended"
    assert log()[1:] == [("admin1", "owner", "let_in", "")]


def test_the_same_again_is_no_change(admin_api: Api, owner: User) -> None:
    assert admin_api.delete(PATH).status == 204
    assert log() == []

    assert [shut_out(admin_api).status for _ in range(2)] == [204, 204]
    assert len(log()) == 1


def test_it_signs_nobody_out_by_letting_in(admin_api: Api, owner_api: Api) -> None:
    admin_api.delete(PATH)

    assert owner_api.get("/api/user/profile/").status == 200


@pytest.mark.parametrize("method", ["put", "delete"])
@pytest.mark.parametrize("name", ["owner", "nobody", "admin1"])
def test_it_refuses_others(
    admin: User, owner_api: Api, moderator_api: Api, name: str, method: str
) -> None:
    for api in (owner_api, moderator_api):
        answer = api.call(method, f"/api/users/{name}/shut_out/", body=REASON)

        assert (answer.status, answer.code) == (403, "permission_denied")
    assert User.objects.filter(is_active=True).count() == 3
    assert log() == []


@pytest.mark.parametrize("method", ["put", "delete"])
def test_it_wants_a_member(api: Api, owner: User, method: str) -> None:
    answer = api.call(method, PATH, body=REASON)

    assert (answer.status, answer.code) == (401, "not_authenticated")


@pytest.mark.parametrize("method", ["put", "delete"])
def test_it_does_not_find_who_is_not_there(admin_api: Api, method: str) -> None:
    answer = admin_api.call(method, PATH, body=REASON)

    assert (answer.status, answer.code) == (404, "profile_not_found")


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": 5}])
def test_it_wants_a_reason(admin_api: Api, owner: User, body: object) -> None:
    answer = admin_api.put(PATH, body)

    assert answer.status == 400
    assert list(answer.json["errors"]) == ["reason"]
    assert User.objects.get(pk=owner.pk).is_active


def test_it_keeps_the_last_admin(admin_api: Api) -> None:
    answer = shut_out(admin_api, "admin1")

    assert (answer.status, answer.code) == (409, "last_admin")
    assert admin_api.get("/api/user/profile/").status == 200
    assert log() == []


def test_an_admin_can_be_shut_out_by_another(admin_api: Api) -> None:
    other = Api(make_user("admin2", role=Role.ADMIN))

    assert shut_out(other, "admin1").status == 204
    assert admin_api.get("/api/audit/").status == 401


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_after_each_other_one_remains() -> None:
    first, second = (Api(make_user(name, role=Role.ADMIN)) for name in ("one", "two"))

    answers = together(
        partial(shut_out, first, "two"), partial(shut_out, second, "one")
    )

    assert sorted(answer.status for answer in answers) in ([204, 401], [204, 403])
    assert User.objects.filter(is_active=True).count() == 1
    assert len(log()) == 1


@pytest.mark.django_db(transaction=True)
def test_no_sign_in_slips_through() -> None:
    admin_api, owner = Api(make_user("boss", role=Role.ADMIN)), make_user("owner")

    _, *answers = together(partial(shut_out, admin_api), *[log_in] * 5)

    for answer in answers:
        assert answer.status == 401 or use(answer.json["access"]).status == 401
    assert not Session.objects.filter(user=owner, ended_at=None).exists()


def test_a_demoted_admin_cannot_go_on(admin_api: Api, owner: User) -> None:
    other = make_user("admin2", role=Role.ADMIN)
    tokens = sign_in("admin2")
    body = {"role": "member", "reason": "Left the team."}
    admin_api.put("/api/users/admin2/role/", body)

    assert shut_out(bearer(tokens["access"])).status == 403
    assert User.objects.get(pk=other.pk).is_active
