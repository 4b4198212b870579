"""The API as a client sees it: JSON in, status and JSON out."""

from typing import Any
from uuid import uuid4

from django.test import Client, TestCase
from django.utils import timezone

from nexus.accounts.models import User
from nexus.accounts.sessions import open_session
from nexus.api.tokens import token_pair


class Answer:
    def __init__(self, response: Any) -> None:
        self.response = response
        self.status: int = response.status_code
        self.headers = response.headers

    @property
    def json(self) -> Any:
        return self.response.json()

    @property
    def code(self) -> str:
        """The error's code."""
        return str(self.json["code"])

    def field_code(self, field: str) -> str:
        """The code of the first error of a field."""
        return str(self.json["errors"][field][0]["code"])

    def __repr__(self) -> str:
        return f"<{self.status} {self.response.content[:500]!r}>"


class Api:
    """Speaks for one member, or for nobody."""

    def __init__(self, user: User | None = None) -> None:
        self.client = Client(raise_request_exception=False)
        self.user = user
        self.headers: dict[str, str] = {}
        if user is not None:
            self.sign_in(user)

    def sign_in(self, user: User) -> None:
        now = timezone.now()
        with TestCase.captureOnCommitCallbacks(execute=True):
            sign_in = open_session(
                user=user, device=f"test {uuid4()}", address="127.0.0.1", now=now
            )
        access = token_pair(sign_in, now=now)["access"]
        self.headers = {"Authorization": f"Bearer {access}"}

    def get(
        self, path: str, headers: dict[str, str] | None = None, **params: Any
    ) -> Answer:
        return self.call("get", path, headers=headers, query_params=params)

    def post(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        return self.call("post", path, body=body, headers=headers)

    def put(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        return self.call("put", path, body=body, headers=headers)

    def patch(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        return self.call("patch", path, body=body, headers=headers)

    def delete(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        return self.call("delete", path, body=body, headers=headers)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        if body is not None:
            options |= {"data": body, "content_type": "application/json"}
        elif method in {"post", "put", "patch"}:  # Django's client would send a form
            options = {"data": "", "content_type": "application/json"} | options
        send = getattr(self.client, method)
        # In a test's own transaction nothing is ever committed.
        with TestCase.captureOnCommitCallbacks(execute=True):
            response = send(path, headers=self.headers | (headers or {}), **options)
        return Answer(response)
