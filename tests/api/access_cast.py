"""The five callers of docs/access.md, and one request of theirs at a time."""

from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.test import Client, TestCase
from django.test.client import ClientHandler

from nexus import valkey
from nexus.accounts import access
from nexus.accounts.models import Role, User
from tests.api.access_bodies import body_of
from tests.api.access_table import CALLERS, route_of, route_of_pattern
from tests.api.access_things import fill, make_catalogue
from tests.builders import make_user
from tests.client import Answer, Api

FORM: Final = "application/x-www-form-urlencoded"
SIGN_IN: Final = "/admin/login/"
HANDLER: Final = ClientHandler(enforce_csrf_checks=False)


class Cast:
    def __init__(self) -> None:
        make_catalogue()
        self.people: dict[str, User] = {
            "owner": make_user("owner"),
            "member": make_user("member"),
            "moderator": make_user("moderator1", role=Role.MODERATOR),
            "admin": make_user("admin1", role=Role.ADMIN),
        }
        self.apis = {caller: api_of(self.people.get(caller)) for caller in CALLERS}

    def ask(self, caller: str, method: str, path: str) -> str:
        """Make the request, undo what it did, and return its status in words."""
        asking = self.people.get(caller)
        valkey.ask(lambda client: client.flushdb())
        if asking is not None:
            access.publish(user_id=asking.pk, version=asking.token_version)
        with transaction.atomic():
            with TestCase.captureOnCommitCallbacks(execute=True):
                filled = fill(path, self.people)
                body = body_of(method, route_of(path), self.people, asking)
            answer = send(self.apis[caller], method, filled, body)
            transaction.set_rollback(True)
        assert led_to(answer) in {route_of(path), None}
        return in_words(answer)


def api_of(user: User | None) -> Api:
    """Speak for the user here and in the administration."""
    api = Api(user)
    api.client.handler = HANDLER  # each of its own would look through the static files
    cookie = ""
    if user is not None:
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].OutputString()
    # Given each time, so that no answer can change it.
    api.headers["Cookie"] = cookie.partition(";")[0]
    return api


def send(api: Api, method: str, path: str, body: Any) -> Answer:
    if method == "POST" and path.startswith("/admin/"):
        return api.call("post", path, data=urlencode(body), content_type=FORM)
    has_body = method in {"POST", "PUT", "PATCH"} or (method == "DELETE" and body)
    return api.call(method.lower(), path, body=body if has_body else None)


def led_to(answer: Answer) -> str | None:
    match = answer.response.wsgi_request.resolver_match
    return None if match is None else route_of_pattern(match.route)


def in_words(answer: Answer) -> str:
    if answer.response.streaming:
        for _ in answer.response:  # closes it at the end
            pass
    is_sent_away = answer.headers.get("Location", "").startswith(SIGN_IN)
    return f"{answer.status} sign in" if is_sent_away else str(answer.status)
