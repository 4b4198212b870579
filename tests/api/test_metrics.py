"""Who may read the metrics of this process, and what they tell while parts are away."""

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from tests.client import Api
from tests.servers import free_port

TOKEN = "kei9Ahk4iephe1Wo0ieQ"


def metrics(api: Api, **headers: str) -> str:
    answer = api.get("/metrics", headers=headers)
    assert answer.status == 200
    return str(answer.response.content.decode())


def test_it_works(api: Api) -> None:
    assert "nexus_database_up 1.0" in metrics(api)


def test_it_is_refused_without_the_token(api: Api, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN

    answer = api.get("/metrics")

    assert (answer.status, answer.code) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("sent", ["Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}é"])
def test_it_is_refused_with_another_one(
    api: Api, settings: Settings, sent: str
) -> None:
    settings.METRICS_TOKEN = TOKEN

    assert api.get("/metrics", headers={"Authorization": sent}).status == 401


def test_it_is_told_with_the_token(api: Api, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN

    assert metrics(api, Authorization=f"Bearer {TOKEN}")


def test_it_answers_without_the_database(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", refuse)
        told = metrics(api)

    assert "nexus_database_up 0.0" in told
    assert "nexus_workers " not in told


def test_it_answers_without_valkey(api: Api, settings: Settings) -> None:
    settings.VALKEY_URL = f"valkey://127.0.0.1:{free_port()}/0"

    assert "nexus_valkey_up 0.0" in metrics(api)


def test_it_counts_what_the_database_failed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("connection refused")

    before = failures(metrics(api))
    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", refuse)
        api.get("/readyz")

    assert failures(metrics(api)) == before + 1


def failures(told: str) -> float:
    (line,) = (
        line
        for line in told.splitlines()
        if line.startswith("nexus_database_failures_total ")
    )
    return float(line.partition(" ")[2])
