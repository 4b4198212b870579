"""Closing an account, and coming back within two weeks."""

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from nexus.accounts import closing
from nexus.accounts.models import AuditEntry, Role, Session, User
from nexus.accounts.roles import change_role
from tests.builders import (
    NOW,
    PASSWORD,
    fill_playlist,
    make_movie,
    make_playlist,
    make_rating,
    make_user,
)
from tests.client import Answer, Api
from tests.mailbox import code_in, run_jobs
from tests.servers import free_port
from tests.together import together
from tests.tokens import bearer, refresh, sign_in, use

ME, LOGIN = "/api/profiles/me/", "/api/auth/login/"
RESET = "/api/auth/password/reset/"
RIGHT, WRONG = {"password": PASSWORD}, {"password": "wrong-horse-7"}
NEW_PASSWORD = "battery-staple-8"
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture(params=["valkey", "no valkey", "valkey down"])
def anywhere(request: pytest.FixtureRequest, settings: Settings) -> None:
    if request.param == "no valkey":
        settings.VALKEY_URL = ""
    if request.param == "valkey down":
        settings.VALKEY_URL = f"valkey://127.0.0.1:{free_port()}/0"


def pass_time(time: timedelta) -> None:
    """Have everybody who left have left so much earlier."""
    for user in User.objects.exclude(closed_at=None):
        assert user.closed_at is not None
        user.closed_at -= time
        user.save(update_fields=["closed_at"])


def log_in(login: str = "owner", password: str = PASSWORD) -> Answer:
    return Api().post(LOGIN, {"username": login, "password": password})


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def published_by(user: User) -> dict[str, str]:
    """Give the member a review and playlists; return paths that show them."""
    movie = make_movie()
    rating = make_rating(user, movie, review="Stunning.")
    shown = [make_playlist(user, visibility=v) for v in ("public", "unlisted")]
    for playlist in shown:
        fill_playlist(playlist, movie)
    return {
        "profile": f"/api/profiles/{user.username}/",
        "rating": f"/api/ratings/{rating.pk}/",
        **{playlist.visibility: f"/api/playlists/{playlist.pk}/" for playlist in shown},
        "ratings of the film": f"/api/movies/{movie.pk}/ratings/",
        "everybody's playlists": "/api/playlists/?visibility=public",
        "the member's playlists": f"/api/playlists/?owner={user.username}",
    }


def seen(api: Api, paths: dict[str, str]) -> dict[str, Any]:
    """Return what is shown, without the answers that show nothing."""
    answers = {name: api.call("get", path) for name, path in paths.items()}
    return {
        name: answer.json
        for name, answer in answers.items()
        if answer.status == 200 and answer.json.get("results") != []
    }


# --- Closing


def test_it_works(owner: User, owner_api: Api) -> None:
    answer = owner_api.delete(ME, RIGHT)

    assert answer.status == 204
    owner.refresh_from_db()
    assert owner.closed_at is not None
    assert actions() == ["account_closed"]
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.member) == (owner, owner)


@pytest.mark.usefixtures("anywhere")
def test_it_ends_all_sessions_at_once(owner: User) -> None:
    tokens = [sign_in() for _ in range(3)]
    used = [use(each["access"]).status for each in tokens]

    bearer(tokens[0]["access"]).delete(ME, RIGHT)

    assert used == [200] * 3
    for each in tokens:
        assert use(each["access"]).code == "session_ended"
        assert refresh(each["refresh"]).code == "session_ended"
        verified = Api().post("/api/auth/token/verify/", {"token": each["access"]})
        assert verified.status == 401
    assert not Session.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize("by", [None, Role.MEMBER, Role.MODERATOR])
def test_it_hides_what_was_published(
    owner: User, owner_api: Api, by: Role | None
) -> None:
    paths = published_by(owner)
    viewer = Api(None if by is None else make_user(role=by))
    before = seen(viewer, paths)

    owner_api.delete(ME, RIGHT)

    assert before.keys() == paths.keys()
    assert seen(viewer, paths) == {}


def test_it_counts_the_member_no_longer(owner: User, owner_api: Api, api: Api) -> None:
    movie = make_movie()
    for user, stars in ((owner, 1), (make_user(), 5)):
        make_rating(user, movie, stars=stars)

    owner_api.delete(ME, RIGHT)

    told = api.get(f"/api/movies/{movie.pk}/ratings/").json
    assert (told["count"], told["average"]) == (1, 5)


def test_it_wants_the_password(owner: User, owner_api: Api) -> None:
    answer = owner_api.delete(ME, WRONG)

    assert answer.status == 400
    assert answer.field_code("password") == "wrong_password"
    assert owner_api.get(ME).status == 200
    assert actions() == []


def test_it_stops_guessing_the_password(owner_api: Api, settings: Settings) -> None:
    settings.RATE_LIMITS = True

    answers = [owner_api.delete(ME, WRONG) for _ in range(11)]

    assert [answer.status for answer in answers] == [400] * 10 + [429]


@pytest.mark.parametrize("body", [None, {}, {"password": None}, {"password": 7}, []])
def test_it_refuses_bad_bodies(owner_api: Api, body: object) -> None:
    assert owner_api.delete(ME, body).status == 400
    assert owner_api.get(ME).status == 200


def test_it_wants_a_member(api: Api) -> None:
    assert api.delete(ME, RIGHT).status == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [("username", "owner"), ("username", "OWNER"), ("email", "Owner@example.org")],
)
def test_it_keeps_address_and_username(
    owner_api: Api, api: Api, field: str, value: str
) -> None:
    owner_api.delete(ME, RIGHT)
    pass_time(15 * DAY)  # the rows are still there

    other = {"name": "O", "username": "other", "email": "other@example.org"} | RIGHT
    answer = api.post("/api/auth/register/", other | {field: value})

    assert (answer.status, answer.field_code(field)) == (400, "unique")


def test_it_says_so_by_mail(
    owner: User, owner_api: Api, mailoutbox: list[EmailMessage]
) -> None:
    owner_api.delete(ME, RIGHT)

    run_jobs()

    (mail,) = mailoutbox
    assert mail.to == [owner.email]
    assert "within 14 days takes that back" in " ".join(str(mail.body).split())


def test_it_sends_no_mail_to_who_is_back(
    owner_api: Api, mailoutbox: list[EmailMessage]
) -> None:
    owner_api.delete(ME, RIGHT)
    log_in()

    run_jobs()

    assert mailoutbox == []


def test_it_lets_the_last_admin_go(admin: User) -> None:
    """Nobody has to stay: the command line can promote somebody again."""
    assert Api(admin).delete(ME, RIGHT).status == 204

    heir = make_user()
    change_role(actor=None, user_id=heir.pk, role=Role.ADMIN, now=NOW)
    assert sign_in(heir.username)["user"]["role"] == "admin"


def test_it_closes_the_administration_too(admin: User) -> None:
    client = Client()
    client.force_login(admin)
    assert client.get("/admin/").status_code == 200

    Api(admin).delete(ME, RIGHT)

    assert client.get("/admin/").status_code == 302
    assert log_in(admin.username).status == 200  # what ended stays ended
    assert client.get("/admin/").status_code == 302


# --- Coming back


@pytest.mark.parametrize("login", ["owner", "owner@example.org"])
def test_signing_in_takes_it_back(owner: User, owner_api: Api, login: str) -> None:
    paths = published_by(owner)
    before = seen(Api(), paths)
    owner_api.delete(ME, RIGHT)
    pass_time(14 * DAY - 60 * SECOND)

    answer = log_in(login)

    assert answer.status == 200
    assert seen(Api(), paths) == before
    assert use(answer.json["access"]).status == 200
    assert actions() == ["account_closed", "account_reopened"]
    back = AuditEntry.objects.get(action="account_reopened")
    assert (back.actor, back.member) == (owner, owner)


def test_what_ended_stays_ended(owner: User) -> None:
    before = sign_in()
    bearer(before["access"]).delete(ME, RIGHT)

    sign_in()

    assert use(before["access"]).code == "session_ended"
    assert refresh(before["refresh"]).code == "session_ended"
    assert Session.objects.filter(ended_at=None).count() == 1


def test_a_wrong_password_takes_nothing_back(owner: User, owner_api: Api) -> None:
    owner_api.delete(ME, RIGHT)

    assert log_in(password="wrong-horse-7").code == "invalid_credentials"
    owner.refresh_from_db()
    assert owner.closed_at is not None


def test_a_second_sign_in_changes_nothing(owner_api: Api) -> None:
    owner_api.delete(ME, RIGHT)

    for _ in range(2):
        sign_in()

    assert actions() == ["account_closed", "account_reopened"]


def test_one_may_leave_again(owner_api: Api) -> None:
    owner_api.delete(ME, RIGHT)
    pass_time(13 * DAY)
    bearer(sign_in()["access"]).delete(ME, RIGHT)
    pass_time(13 * DAY)

    assert log_in().status == 200
    assert actions() == ["account_closed", "account_reopened"] * 2


def test_a_new_password_by_mail_takes_it_back(
    owner_api: Api, api: Api, mailoutbox: list[EmailMessage]
) -> None:
    owner_api.delete(ME, RIGHT)
    pass_time(13 * DAY)
    assert api.post(RESET, {"email": "owner@example.org"}).status == 202
    run_jobs()

    body = {"token": code_in(mailoutbox[-1]), "new_password": NEW_PASSWORD}
    assert api.post(f"{RESET}confirm/", body).status == 204

    assert log_in().code == "invalid_credentials"
    assert log_in(password=NEW_PASSWORD).status == 200
    assert owner_api.get(ME).code == "session_ended"


@pytest.mark.parametrize("ago", [14 * DAY, 15 * DAY])
@pytest.mark.parametrize("password", [PASSWORD, "wrong-horse-7"])
def test_it_is_too_late_after_two_weeks(
    owner: User, owner_api: Api, ago: timedelta, password: str
) -> None:
    owner_api.delete(ME, RIGHT)
    pass_time(ago)

    answer, unknown = log_in(password=password), log_in("nobody", password)

    assert answer.status == unknown.status == 401
    ids = {"request_id": ""}
    assert answer.json | ids == unknown.json | ids
    assert User.objects.filter(pk=owner.pk).exists()  # nobody erased it yet


def test_who_was_shut_out_cannot_come_back(owner: User, owner_api: Api) -> None:
    owner_api.delete(ME, RIGHT)
    User.objects.filter(pk=owner.pk).update(is_active=False)

    assert log_in().code == "invalid_credentials"


# --- At the same moment


@pytest.mark.django_db(transaction=True)
def test_it_happens_once(owner: User) -> None:
    api = bearer(sign_in()["access"])

    answers = together(*[partial(api.delete, ME, RIGHT)] * 6)

    assert sorted(answer.status for answer in answers) == [204] + [401] * 5
    assert actions() == ["account_closed"]


@pytest.mark.django_db(transaction=True)
def test_it_is_not_undone_by_a_change_at_the_same_moment(
    owner: User, owner_api: Api
) -> None:
    def change() -> Answer:
        return owner_api.patch(ME, {"bio": "I stay."})

    answers = together(partial(owner_api.delete, ME, RIGHT), *[change] * 5)

    assert answers[0].status == 204
    assert {answer.status for answer in answers[1:]} <= {200, 401}
    owner.refresh_from_db()
    assert owner.closed_at is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(4))
def test_it_may_meet_sign_ins(owner: User, owner_api: Api, round_: int) -> None:
    """Those before it end with it; the first of those after it takes it back."""
    answers = together(partial(owner_api.delete, ME, RIGHT), *[log_in] * 4)

    assert [answer.status for answer in answers] == [204] + [200] * 4
    owner.refresh_from_db()
    alive = Session.objects.filter(user=owner, ended_at=None).count()
    assert (owner.closed_at is None) == (alive > 0)
    assert Counter(actions()) == Counter(
        account_closed=1, account_reopened=int(owner.closed_at is None)
    )
    used = [use(answer.json["access"]).status for answer in answers[1:]]
    assert Counter(used)[200] == alive
    assert owner_api.get(ME).status == 401


@pytest.mark.django_db(transaction=True)
def test_several_devices_may_come_back_together(owner: User, owner_api: Api) -> None:
    owner_api.delete(ME, RIGHT)

    answers = together(*[log_in] * 5)

    assert [answer.status for answer in answers] == [200] * 5
    assert actions() == ["account_closed", "account_reopened"]
    assert [use(answer.json["access"]).status for answer in answers] == [200] * 5
    assert closing.erase_closed_accounts(now=timezone.now() + 20 * DAY) == 0
