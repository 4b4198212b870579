"""The next version migrates a database with data while this one serves from it."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Final

import psycopg
import pytest

from tests.backup.installation import Installation, empty_database
from tests.launch.program import Program, running
from tests.upgrades.next_version import settings as next_version
from tests.upgrades.writers import Writer, writing

pytestmark = [pytest.mark.installation, pytest.mark.django_db(transaction=True)]

WRITERS: Final = 6
RATINGS: Final = 20_000
MEMBERS: Final = """
INSERT INTO accounts_user (password, username, email, name, role, is_active,
    is_verified, created_at, bio, region, language, timezone, visibility)
SELECT '', 'mem' || n, n || '@example.org', 'M', 'member', true,
    true, now(), '', '', 'en', 'UTC', 'public'
FROM generate_series(1, 100) AS n
"""
RATE: Final = """
INSERT INTO ratings_rating (user_id, movie_id, half_stars, review, contains_spoilers,
    created_at, updated_at, hidden_reason)
SELECT u.id, m.id, 1 + (u.id * 7 + m.id) % 10, '', false, now(), now(), ''
FROM accounts_user u, (SELECT id FROM catalog_movie ORDER BY id LIMIT 200) m
"""
STORED: Final = """
SELECT username, movie_id, half_stars
FROM ratings_rating JOIN accounts_user ON accounts_user.id = user_id
WHERE username LIKE 'writer%'
"""
WHOLE: Final = """
SELECT convalidated AND indisvalid AND indisready
FROM pg_constraint, pg_index
WHERE conname = 'rating_has_mood' AND indexrelid = 'rating_mood'::regclass
"""
FILLED: Final = """
SELECT count(*) FROM ratings_rating
JOIN accounts_user ON accounts_user.id = user_id
WHERE username LIKE 'mem%' AND mood = half_stars
"""


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with empty_database("nexus_serving") as url:
        yield Installation(tmp_path / "home", url=url, models=tmp_path / "models")


@pytest.fixture
def database(installation: Installation) -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(installation.url, autocommit=True)) as found:
        yield found


@pytest.fixture
def base(installation: Installation, database: psycopg.Connection) -> Iterator[str]:
    """This version, which serves thousands of ratings."""
    program = Program(installation.home)
    program.start(**installation.variables, RATE_LIMITS="off")
    program.watchdog.cancel()  # the load may take longer
    try:
        database.execute(MEMBERS)
        assert database.execute(RATE).rowcount == RATINGS
        yield f"http://127.0.0.1:{program.port}"
    finally:
        program.process.terminate()
        program.wait()


def upgrade(installation: Installation) -> list[str]:
    """Prepare as the next version, amid a dump; return what was migrated."""
    next_settings = {"DJANGO_SETTINGS_MODULE": next_version.__name__}
    variables = {**installation.variables, **next_settings}
    with (
        closing(psycopg.connect(installation.url)) as dump,
        running(installation.home, "prepare", "--json", **variables) as process,
    ):
        dump.execute("SELECT FROM ratings_rating LIMIT 1")  # holds it until its end
        assert process.stderr is not None
        assert "Others hold tables" in process.stderr.readline()
        dump.close()
        told, complaints = process.communicate()
        assert process.returncode == 0, complaints
    migrated: list[str] = json.loads(told)["migrated"]
    return migrated


def test_nothing_is_lost_and_nothing_fails(
    installation: Installation,
    base: str,
    database: psycopg.Connection,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with writing(base, writers=WRITERS) as writers:
        started, before = monotonic(), count(writers)
        migrated = upgrade(installation)
        took_s, after = monotonic() - started, count(writers)

    answers = sum((one.answers for one in writers), Counter[int]())
    longest_s = max(one.longest_s for one in writers)
    with capsys.disabled():
        sys.stderr.write(
            f"\n{len(migrated)} migrations in {took_s:.1f} s amid a dump and {WRITERS} "
            f"writers: {after - before} requests meanwhile, the longest {longest_s:.2f}"
            f" s; answers of all: {dict(answers)}\n"
        )
    assert [name for name in migrated if "mood" in name] == migrated
    assert len(migrated) == 5
    assert after - before > WRITERS
    assert set(answers) <= {200, 201}
    stored = {(name, film): given for name, film, given in database.execute(STORED)}
    assert stored == {
        (one.name, film): given
        for one in writers
        for film, given in one.acknowledged.items()
    }
    assert database.execute(FILLED).fetchone() == (RATINGS,)
    assert database.execute(WHOLE).fetchone() == (True,)


def count(writers: list[Writer]) -> int:
    return sum(one.answers.total() for one in writers)
