"""Tokens as a client gets and sends them."""

from typing import Any

from tests.builders import PASSWORD
from tests.client import Answer, Api


def sign_in(login: str = "owner", password: str = PASSWORD) -> dict[str, Any]:
    """Return the answer's body, with its tokens."""
    answer = Api().post("/api/auth/login/", {"username": login, "password": password})
    assert answer.status == 200
    body: dict[str, Any] = answer.json
    return body


def bearer(access: str) -> Api:
    api = Api()
    api.headers = {"Authorization": f"Bearer {access}"}
    return api


def use(access: str) -> Answer:
    """Ask for something that only members see."""
    return bearer(access).get("/api/user/profile/")


def refresh(token: str) -> Answer:
    return Api().post("/api/auth/token/refresh/", {"refresh": token})
