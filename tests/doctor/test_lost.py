"""What is lost before or while the doctor looks is told, and not mended."""

from pathlib import Path

import pytest
from django.db import connection

from nexus.doctor.findings import Status
from nexus.doctor.management.commands.doctor import LEAST_FREE_MB, examine
from nexus.launch.homes import lock_home
from nexus.lib.home import Home

OPTIONS = {
    "database_fault": "",
    "deploy": False,
    "least_free": LEAST_FREE_MB,
    "online": False,
}


@pytest.mark.django_db
def test_a_database_that_goes_away_midway_is_told() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE recommendations_trainedmodel RENAME TO gone")

    found = {one.check: one for one in examine(OPTIONS)}

    assert found["migrations"].status is Status.OK
    assert found["model"].status is Status.WRONG
    assert found["model"].message.startswith("It cannot be looked at: ")


def test_a_home_may_be_held_without_making_a_key(tmp_path: Path) -> None:
    home = Home(tmp_path)

    with lock_home(home, makes_key=False):
        assert home.find_secret_key() is None
    with lock_home(home):
        assert home.find_secret_key()
