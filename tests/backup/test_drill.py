"""A whole installation, backed up and restored elsewhere: the same to the last byte."""

import json
import signal
import sys
from pathlib import Path
from time import monotonic
from urllib.parse import quote

import pytest
from django.db import connection

from nexus.accounts.models import User
from nexus.backup.contents import LEFT_OUT
from nexus.lib.home import Home
from nexus.ratings.models import Rating
from tests.backup.installation import Installation, contents_of
from tests.builders import NOW, make_movie, make_user
from tests.launch.program import Program
from tests.servers import database_url

pytestmark = [pytest.mark.installation, pytest.mark.django_db(transaction=True)]

MEMBERS, FILMS = 500, 2_000
OF_A_MEMBER = FILMS // 10  # 100,000 ratings in all
RATE = """
INSERT INTO ratings_rating (user_id, movie_id, half_stars, review, contains_spoilers,
                            created_at, updated_at, hidden_reason)
SELECT u.id, m.id, 1 + (u.id * 7 + m.id * 13) %% 10, 'Über ' || m.id, m.id %% 2 = 0,
       %(now)s, %(now)s + u.id * interval '1 second', ''
FROM accounts_user u JOIN catalog_movie m ON (u.id + m.id) %% 10 = 0
"""


@pytest.fixture
def ratings(db: None) -> int:
    first = make_user("first")
    User.objects.bulk_create(
        User(
            username=f"mem{number}",
            email=f"m{number}@example.org",
            name="M",
            bio="\t\\",
        )
        for number in range(MEMBERS - 1)
    )
    for number in range(FILMS):
        make_movie(number + 1)
    with connection.cursor() as cursor:
        cursor.execute(RATE, {"now": NOW})
    assert first.ratings.count() == OF_A_MEMBER
    return MEMBERS * OF_A_MEMBER


def counted(told: str) -> int:
    found: int = json.loads(told)["tables"]["ratings_rating"]
    return found


def test_it_works(
    here: Installation,
    there: Installation,
    tmp_path: Path,
    ratings: int,
    versions: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = str(tmp_path / "backup.tar")

    begun = monotonic()
    saved = here.call("backup", path, "--json")
    middle = monotonic()
    restored = there.call("restore", path, "--json")
    ended = monotonic()

    assert (saved.returncode, saved.stderr) == (0, "")
    assert (restored.returncode, restored.stderr) == (0, "")
    assert counted(saved.stdout) == ratings == 100_000
    before, after = here.contents(), there.contents()
    assert before.keys() == after.keys()
    assert before["ratings_rating"][0] == 100_000
    for table in before.keys() - LEFT_OUT.keys() - {"catalog_tmdbcalls"}:
        assert after[table] == before[table], table
    assert there.files() == here.files()
    assert sorted(path.name for path in there.models.iterdir()) == sorted(versions)
    with capsys.disabled():
        sys.stderr.write(
            f"\n{ratings} ratings of {FILMS} films by {MEMBERS} members: backup in "
            f"{middle - begun:.1f} s to {Path(path).stat().st_size} bytes, restore in "
            f"{ended - middle:.1f} s; {len(after)} tables and {len(there.files())} "
            "files of models compared\n"
        )


def test_an_embedded_installation_comes_out_of_it(
    backup: Path, tmp_path: Path, member: User
) -> None:
    program = Program(tmp_path / "home")
    place = quote(str(Home(program.home).socket_dir), safe="")
    url = f"postgresql://nexus@{place}/nexus"
    before = contents_of(database_url())["ratings_rating"]

    done = Installation(program.home, url="", models=tmp_path / "models").call(
        "restore", str(backup)
    )
    program.start()
    after = contents_of(url)["ratings_rating"]
    again = Installation(program.home, url="", models=tmp_path / "models").call(
        "backup", str(tmp_path / "again.tar")
    )
    program.end(signal.SIGTERM)

    assert done.returncode == 0, done.stderr
    assert again.returncode == 0, again.stderr  # while it runs
    assert after == before == (Rating.objects.count(), before[1])
