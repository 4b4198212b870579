"""Lines of `.env` that are probably mistakes are told, and never by values."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nexus.doctor.env_file import EXAMPLE, mistaken_lines
from nexus.env import PROJECT_DIR
from tests.launch.program import environment

SECRET = "tK9wq3ZrX0vB7nM2LpA8"
PIECE = "MFRGGZDFMZTWQ"  # of a secret that was broken into lines
LINES = f"""
# PORT=1

PORT=eighty
export METRICS_TOKEN_FILE=/run/token
COMPOSE_PROJECT_NAME=films
DATABSE_URL=postgresql://nexus:{SECRET}@db/nexus
NEXUS_EDGE_CACHE_MBB=12
{SECRET}
{PIECE}===
MY_BACKUP_DIR={SECRET}
DATABSE_URL_FILE=/run/{SECRET}
"""
TOLD = [
    "Line 7 of .env: Nexus reads no DATABSE_URL; DATABASE_URL is near.",
    "Line 8 of .env: Nexus reads no NEXUS_EDGE_CACHE_MBB; EDGE_CACHE_MB is near.",
    "Line 9 of .env is not NAME=value, and says nothing.",
    "Line 12 of .env: Nexus reads no DATABSE_URL_FILE; DATABASE_URL is near.",
]
# Libraries and other programs read these.
OF_OTHERS = """
EMAIL_HOST EMAIL_PASSWORD EMAIL_PORT EMAIL_USER GRANIAN_LOG_LEVEL HTTPS_PROXY
HTTP_PROXY LANG MALLOC_ARENA_MAX NO_PROXY OMP_NUM_THREADS OPENBLAS_NUM_THREADS
OTEL_EXPORTER_OTLP_TRACES_ENDPOINT PGHOST PGPORT PYTHONWARNINGS SSL_CERT_FILE TZ
https_proxy no_proxy
"""
MISSPELT = {
    "ALLOWED_HOST": "ALLOWED_HOSTS",
    "HTTPSS": "HTTPS",
    "NEXUS_HOM": "NEXUS_HOME",
    "NEXUS_HOST": "HOST",
    "PORTT": "PORT",
    "SENTRY_DNS": "SENTRY_DSN",
    "tmdb_api_key": "TMDB_API_KEY",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a `.env` of its own."""
    shutil.copytree(PROJECT_DIR / "nexus", tmp_path / "checkout" / "nexus")
    shutil.copy(EXAMPLE, tmp_path / "checkout")
    (tmp_path / "checkout" / ".env").write_text(LINES)
    (tmp_path / "checkout" / ".env").chmod(0o600)
    return tmp_path / "checkout"


def call(
    checkout: Path, *words: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nexus", *words],
        cwd=checkout,
        env=environment(checkout / "home", **variables),
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_tells_what_is_probably_a_mistake(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(LINES)

    assert list(mistaken_lines(tmp_path / ".env")) == TOLD


@pytest.mark.parametrize("name", OF_OTHERS.split())
def test_names_of_others_are_no_mistakes(tmp_path: Path, name: str) -> None:
    (tmp_path / ".env").write_text(f"{name}=7")

    assert list(mistaken_lines(tmp_path / ".env")) == []


@pytest.mark.parametrize(("name", "meant"), MISSPELT.items(), ids=MISSPELT)
def test_near_names_are(tmp_path: Path, name: str, meant: str) -> None:
    (tmp_path / ".env").write_text(f"{name}=7")

    [told] = mistaken_lines(tmp_path / ".env")

    assert told == f"Line 1 of .env: Nexus reads no {name}; {meant} is near."


def test_the_example_holds_no_mistakes() -> None:
    assert list(mistaken_lines(EXAMPLE)) == []


def test_the_example_without_its_marks_reads_every_name(tmp_path: Path) -> None:
    lines = EXAMPLE.read_text().splitlines()
    (tmp_path / ".env").write_text(
        "\n".join(line.removeprefix("#") for line in lines if not line.startswith("# "))
    )

    said = list(mistaken_lines(tmp_path / ".env"))

    assert [message for message in said if "reads no" in message] == []


@pytest.mark.parametrize("command", ["run", "worker"])
def test_the_start_tells_it_and_goes_on(checkout: Path, command: str) -> None:
    ended = call(checkout, command)

    # What ends it is the wrong value of a variable that there is.
    *told, last = ended.stderr.splitlines()
    assert told == [f"nexus: {line}" for line in TOLD]
    assert last.startswith("nexus: PORT is wrong")


def test_the_environment_is_not_judged(checkout: Path) -> None:
    (checkout / ".env").write_text("PORT=eighty")

    ended = call(checkout, "run", DATABSE_URL="x", KUBERNETES_PORT="tcp")

    assert len(ended.stderr.splitlines()) == 1


def test_doctor_tells_it(checkout: Path) -> None:
    ended = call(checkout, "doctor", "--json")

    found = json.loads(ended.stdout)["findings"]
    told = [(one["message"], one["status"]) for one in found if one["check"] == ".env"]
    assert [message for message, _ in told] == TOLD
    assert {status for _, status in told} == {"wrong"}
    assert SECRET not in ended.stdout + ended.stderr
    assert PIECE not in ended.stdout + ended.stderr
