"""What can be broken without starting the program anew."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app
from pytest_django import Settings

from nexus.doctor import database, machine
from nexus.doctor.findings import Finding, Status, as_text, exit_code, ok, wrong
from tests.recommendations.conftest import (  # noqa: F401  the fixtures of models
    fitted,
    models_dir,
    versions,
)
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.django_db(transaction=True)


def found(check: str, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    with pytest.raises(SystemExit):
        call_command("doctor", "--json", *words)
    told = json.loads(capsys.readouterr().out)["findings"]
    return next(one for one in told if one["check"] == check)


def test_it_works(capsys: pytest.CaptureFixture[str]) -> None:
    assert found("database", capsys)["status"] == "ok"


def test_nothing_wrong_is_told_in_a_line_each() -> None:
    findings = [ok("disk", "There is room."), ok("clock", "It is right.")]

    assert as_text(findings) == (
        "ok      disk        There is room.\n"
        "ok      clock       It is right.\n"
        "All is well."
    )
    assert exit_code(findings) == 0


def test_what_is_wrong_is_told_with_what_to_do() -> None:
    findings = [wrong("disk", "It is full.", remedy="Make room.")]

    assert "WRONG   disk        It is full.\n        what to do  Make room." in as_text(
        findings
    )
    assert exit_code(findings) == 1


@pytest.mark.parametrize("apart_s", [-60, 60])
def test_a_clock_that_is_wrong(apart_s: int) -> None:
    def ill_set() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=apart_s)

    finding = database.clocks(ill_set)

    assert finding.status is Status.WRONG
    assert "60 s apart" in finding.message


def test_a_session_in_another_time_zone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'Asia/Tokyo'")
        try:
            finding = database.time_zone()
        finally:
            cursor.execute("SET TIME ZONE 'UTC'")

    assert finding.message == "Sessions run in Asia/Tokyo, not in UTC."


def wait(minutes: int) -> Finding:
    """Look at a job that waits so long."""
    app.configure_task("refresh_genres").defer(timestamp=0)
    return database.worker(timezone.now() + timedelta(minutes=minutes))


def test_jobs_that_nobody_takes() -> None:
    finding = wait(31)

    assert finding.status is Status.WRONG
    assert finding.message == (
        "Waiting: 1 job. Alive: 0 workers. The first has waited for 31 minutes."
    )
    assert "python -m nexus worker" in finding.remedy


def test_jobs_that_wait_for_a_moment_are_no_fault() -> None:
    assert wait(1).status is Status.OK


def test_jobs_of_later_are_no_fault() -> None:
    later = timezone.now() + timedelta(days=1)
    app.configure_task("refresh_genres", schedule_at=later).defer(timestamp=0)

    assert database.worker(timezone.now() + timedelta(hours=2)).status is Status.OK


def test_a_model_that_can_be_read(
    versions: list[str],  # noqa: F811  a fixture
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert found("model", capsys)["message"].startswith(f"{versions[-1]} is active")


def test_a_broken_model(
    versions: list[str],  # noqa: F811  a fixture
    models_dir: Path,  # noqa: F811  a fixture
    capsys: pytest.CaptureFixture[str],
) -> None:
    array = next((models_dir / versions[-1]).glob("*.npy"))
    array.write_bytes(array.read_bytes()[:-1])

    finding = found("model", capsys)

    assert finding["status"] == "wrong"
    assert versions[-1] in finding["message"]
    assert "models rollback" in finding["remedy"]


def test_tmdb_is_asked_only_when_told_to(
    tmdb: TmdbServer, capsys: pytest.CaptureFixture[str]
) -> None:
    finding = found("tmdb", capsys)

    assert "--online" in finding["message"]
    assert not tmdb.calls


def test_tmdb_is_asked_once(
    tmdb: TmdbServer, capsys: pytest.CaptureFixture[str]
) -> None:
    finding = found("tmdb", capsys, "--online")

    assert finding["message"] == "TMDb answers, and takes the key."
    assert sum(tmdb.calls.values()) == 1


def test_a_key_that_tmdb_does_not_take(
    tmdb: TmdbServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.TMDB_API_KEY = "f" * 32

    finding = found("tmdb", capsys, "--online")

    assert finding["status"] == "wrong"
    assert "TMDb rejected the key" in finding["message"]
    assert settings.TMDB_API_KEY not in json.dumps(finding)


def test_libraries_that_are_not_as_locked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lock = tmp_path / "base.txt"
    lines = ["numpy==0.0.1 \\", "nobody==1.0 \\", "noone==1.0 ; sys_platform == 'x' \\"]
    lock.write_text("\n".join(lines))
    monkeypatch.setattr(machine, "LOCK", lock)

    finding = machine.libraries()

    assert finding.status is Status.WRONG
    assert "instead of 0.0.1" in finding.message
    assert "nobody is missing" in finding.message
    assert "noone" not in finding.message
    assert "--require-hashes" in finding.remedy
