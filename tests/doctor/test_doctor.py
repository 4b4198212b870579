"""`python -m nexus doctor`, on installations that were broken for it."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from nexus.lib.home import Home
from tests.backup.installation import Installation, empty_database
from tests.launch.program import call
from tests.servers import database_url, free_port, valkey_server

pytestmark = [pytest.mark.installation, pytest.mark.django_db(transaction=True)]

KEY = "tK9-wq3ZrX0vB7nM_2LpA8sD4fG6hJ1y"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    url, models = database_url(), tmp_path / "models"
    return Installation(tmp_path / "home", url=url, models=models)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Installation]:
    with empty_database("nexus_ill") as url:
        yield Installation(tmp_path / "home", url=url, models=tmp_path / "models")


def faults(
    installation: Installation, *words: str, **variables: str
) -> dict[str, tuple[str, str]]:
    """Return what is wrong, by its check: the message and what to do."""
    done = installation.call("doctor", "--json", *words, **variables)
    assert done.stderr == ""
    told = json.loads(done.stdout)
    wrong = [one for one in told["findings"] if one["status"] == "wrong"]
    assert told["is_well"] is (not wrong)
    assert done.returncode == (1 if wrong else 0)
    return {one["check"]: (one["message"], one["remedy"]) for one in wrong}


def test_it_works(installation: Installation, valkey: str) -> None:
    done = installation.call("doctor", VALKEY_URL=valkey)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("All is well.\n")
    assert "PostgreSQL 16" in done.stdout
    assert "what to do" not in done.stdout


def test_it_says_what_to_do(installation: Installation, tmp_path: Path) -> None:
    done = installation.call("doctor", LOG_LEVEL="loud")

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("WRONG   settings    LOG_LEVEL is wrong: ")
    assert "what to do  Correct it" in done.stdout
    assert done.stdout.endswith("1 of these is wrong.\n")


def test_a_wrong_variable(installation: Installation) -> None:
    message, remedy = faults(installation, PORT="eighty")["settings"]

    assert message == "PORT is wrong: it must be a whole number from 1 to 65535."
    assert ".env.example" in remedy


def test_a_database_that_does_not_answer(installation: Installation) -> None:
    nowhere = f"postgresql://nexus:hidden@127.0.0.1:{free_port()}/nexus"

    found = faults(installation, DATABASE_URL=nowhere)

    assert list(found) == ["database"]
    message, remedy = found["database"]
    assert "refused" in message
    assert "hidden" not in message
    assert "DATABASE_URL" in remedy


def test_a_database_that_does_not_exist(installation: Installation) -> None:
    url = database_url() + "_of_nobody"

    assert "does not exist" in faults(installation, DATABASE_URL=url)["database"][0]


def test_a_damaged_embedded_database(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "postgres").mkdir(mode=0o700, parents=True)
    (home / "postgres" / "PG_VERSION").write_text("9.6\n")
    Home(home).ensure_secret_key()

    done = call(home, "doctor", "--json")

    assert done.returncode == 1
    (fault,) = [
        one for one in json.loads(done.stdout)["findings"] if one["status"] == "wrong"
    ]
    assert fault["check"] == "database"
    assert "PostgreSQL did not start" in fault["message"]


def test_an_installation_that_never_ran(tmp_path: Path) -> None:
    done = call(tmp_path / "home", "doctor")

    assert done.returncode == 1
    assert "There is no database yet." in done.stdout
    assert not (tmp_path / "home").exists()


def test_an_empty_database(empty: Installation) -> None:
    message, remedy = faults(empty)["migrations"]

    assert message == "The database is empty."
    assert "prepare" in remedy


def test_a_database_of_an_older_version(empty: Installation) -> None:
    assert empty.call("migrate", "ratings", "0002").returncode == 0

    message, remedy = faults(empty)["migrations"]

    assert "migrations to go" in message
    assert remedy == "Run `python -m nexus prepare`."


def test_a_database_of_a_newer_version(empty: Installation) -> None:
    assert empty.call("migrate").returncode == 0
    with psycopg.connect(empty.url) as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('ratings', '0099_later', now())"
        )

    message, remedy = faults(empty)["migrations"]

    assert "newer version of Nexus (ratings.0099_later)" in message
    assert "Install that version" in remedy


def test_a_database_without_its_extension(empty: Installation) -> None:
    with psycopg.connect(empty.url) as connection:
        connection.execute("DROP EXTENSION plpgsql")

    message, remedy = faults(empty)["extensions"]

    assert message == "Missing: plpgsql."
    assert "CREATE EXTENSION plpgsql" in remedy


def test_a_cache_that_does_not_answer(installation: Installation) -> None:
    url = f"valkey://127.0.0.1:{free_port()}/0"

    message, remedy = faults(installation, VALKEY_URL=url)["valkey"]

    assert "refused" in message
    assert "VALKEY_URL" in remedy


def test_a_cache_that_is_full(installation: Installation) -> None:
    port = free_port()
    with valkey_server(port) as url, Redis(port=port) as client:
        client.config_set("maxmemory", "1")
        client.config_set("maxmemory-policy", "noeviction")

        message, remedy = faults(installation, VALKEY_URL=url)["valkey"]

    assert "used memory > 'maxmemory'" in message
    assert "room" in remedy


def test_a_full_disk(installation: Installation) -> None:
    message, remedy = faults(installation, "--least-free", "999999999")["disk"]

    assert "999999999 MB should be" in message
    assert "Make room" in remedy


@pytest.mark.parametrize("name", ["METRICS_TOKEN", "SECRET_KEY"])
def test_a_secret_that_everybody_can_read(
    installation: Installation, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)
    file.chmod(0o644)

    found = faults(installation, **{name: "", f"{name}_FILE": str(file)})

    assert list(found) == ["secrets"]
    message, remedy = found["secrets"]
    assert "can be read by others (mode 644)" in message
    assert remedy == f"chmod 600 {file}"
    assert KEY not in message


def test_a_key_of_its_own_that_everybody_can_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret-key").write_text(KEY)
    (home / "secret-key").chmod(0o644)

    done = call(home, "doctor")

    assert f"chmod 600 {home / 'secret-key'}" in done.stdout


def test_a_folder_of_models_that_is_none(
    installation: Installation, tmp_path: Path
) -> None:
    installation.models.write_text("a file")

    message, remedy = faults(installation)["folders"]

    assert message.startswith(f"{installation.models} is no folder")
    assert "MODELS_DIR" in remedy


def test_a_folder_that_cannot_even_be_looked_at(installation: Installation) -> None:
    name = "x" * 300  # longer than a name can be

    message, _ = faults(installation, MODELS_DIR=f"/tmp/{name}")["folders"]  # noqa: S108

    assert "cannot be looked at" in message


def test_half_of_an_embedded_database(tmp_path: Path) -> None:
    (tmp_path / "home" / "postgres" / "base").mkdir(parents=True)

    done = call(tmp_path / "home", "doctor")

    assert done.returncode == 1
    assert "postgres is damaged: restore it from a backup" in done.stdout


def test_an_installation_that_is_not_fit_for_an_open_network(
    installation: Installation,
) -> None:
    assert "settings" in faults(installation, "--deploy")

    fit = {"HTTPS": "on", "METRICS_TOKEN": KEY}
    assert faults(installation, "--deploy", **fit) == {}


def test_an_embedded_installation_that_lost_its_key(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert call(home, "prepare").returncode == 0
    (home / "secret-key").unlink()

    done = call(home, "doctor")

    assert done.returncode == 1
    assert "secret-key is not there" in done.stdout
    assert not (home / "secret-key").exists()
