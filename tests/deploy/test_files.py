"""What the files for containers, Render and systemd say is true of the product."""

import re
import runpy
import shutil
import subprocess
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest
from django.core.management import get_commands
from procrastinate.contrib.django import app

from nexus.env import PROJECT_DIR, env_database_url, env_secret
from nexus.jobs import tasks  # noqa: F401  so that the queue knows them
from tests.deploy.files import (
    FIXED,
    UNITS,
    compose_environment,
    copied,
    dockerfile,
    known_variables,
    last_stage,
    read_yaml,
    unit,
    unit_environment,
    variables,
)
from tests.launch.program import call

OURS = {"run", "ready"}
SERVICES = ("web", "worker")


def is_command(words: list[str]) -> bool:
    """Say whether these are words of the one command there is."""
    program, verb = Path(words[0]).name, words[1]
    return program == "nexus" and (verb in OURS or verb in get_commands())


def test_the_image_has_what_is_copied_into_it() -> None:
    for source, _ in copied():
        assert (PROJECT_DIR / source).exists(), source


def test_what_is_copied_is_sent_to_the_builder() -> None:
    lines = (PROJECT_DIR / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in lines if line.startswith("!")}

    assert "*" in lines
    assert {source for source, _ in copied()} == sent


def test_the_image_can_be_watched() -> None:
    """Nobody can add libraries to it where a variable asks for them."""
    text = " ".join(word for words in dockerfile() for word in words)
    (name,) = re.findall(r"install --require-hashes .*? -r (\S+)", text)
    locked = (PROJECT_DIR / name).read_text(encoding="utf-8")

    assert {"sentry-sdk", "opentelemetry-sdk", "django"} <= {
        line.partition("==")[0] for line in locked.splitlines()
    }
    assert {name, "requirements/base.txt"} <= {source for source, _ in copied()}


def test_the_image_runs_as_nobody_special() -> None:
    (user,) = (words[1] for words in last_stage() if words[0] == "USER")

    assert int(user.partition(":")[0]) >= 1000


def test_nothing_is_built_in_the_image_that_runs() -> None:
    told = " ".join(word for words in last_stage() for word in words)

    assert "pip install" not in told
    assert "apt-get" not in told
    assert "pip uninstall" in told


def test_the_image_is_checked_and_started_by_commands_that_exist() -> None:
    text = " ".join(word for words in last_stage() for word in words)
    found = [re.findall(r'"([^"]*)"', part) for part in re.findall(r"\[.*?\]", text)]

    assert found == [["nexus", "ready"], ["nexus", "run"]]
    assert all(map(is_command, found))


def test_the_image_sets_variables_that_exist() -> None:
    (words,) = (words for words in last_stage() if words[0] == "ENV")
    names = {word.partition("=")[0] for word in words[1:]}

    assert names - known_variables() == {
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
    }


def test_both_stages_have_the_python_that_is_tested() -> None:
    images = {words[1] for words in dockerfile() if words[0] == "FROM"}
    workflow = (PROJECT_DIR / ".github/workflows/ci.yml").read_text()

    (image,) = images
    version = re.match(r"python:(3\.\d+)-slim", image)
    assert version is not None
    assert f'"{version[1]}"' in workflow


@pytest.mark.parametrize("service", SERVICES)
def test_compose_sets_variables_that_exist(service: str) -> None:
    assert compose_environment(service).keys() <= known_variables()


def test_compose_hands_on_all_others() -> None:
    names = {name for one in SERVICES for name in compose_environment(one)}

    assert {name.removesuffix("_FILE") for name in names} | FIXED.keys() == variables()
    assert not names & FIXED.keys()


def test_what_compose_hands_on_may_be_blank(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in variables():
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("NEXUS_HOME", str(tmp_path))

    found = runpy.run_path(str(PROJECT_DIR / "nexus" / "settings.py"))

    assert (found["METRICS_TOKEN"], found["SENTRY_DSN"]) == ("", "")
    assert (found["METRICS_PORT"], found["EDGE_CACHE_MB"]) == (0, 64)
    assert found["TMDB_API_URL"].startswith("https://")


def test_compose_waits_for_what_is_needed() -> None:
    services = read_yaml("compose.yaml")["services"]

    for service in SERVICES:
        waits = services[service]["depends_on"].values()
        assert {one["condition"] for one in waits} == {"service_healthy"}
    assert services["web"]["depends_on"].keys() == {"postgres", "valkey"}
    assert all("healthcheck" in one for name, one in services.items() if name != "web")


def test_compose_runs_commands_that_exist() -> None:
    worker = read_yaml("compose.yaml")["services"]["worker"]

    assert is_command(worker["command"])
    assert is_command(worker["healthcheck"]["test"][1:])


def test_compose_has_servers_that_are_new_enough() -> None:
    services = read_yaml("compose.yaml")["services"]
    majors = {
        name: int(re.split(r"[:.-]", services[name]["image"].rpartition("/")[2])[1])
        for name in ("postgres", "valkey")
    }

    assert majors["postgres"] >= 16
    assert majors["valkey"] >= 8


def test_compose_keeps_what_must_not_be_lost() -> None:
    found = read_yaml("compose.yaml")
    mounts = [mount for one in found["services"].values() for mount in one["volumes"]]

    assert {mount.partition(":")[0] for mount in mounts} == found["volumes"].keys()


def test_compose_passes_every_check_of_a_deployment(tmp_path: Path) -> None:
    """On an open network, that is; `check` connects to nothing."""
    variables = compose_environment("web") | {
        "DATABASE_URL": "postgresql://nexus@127.0.0.1:9/nexus",
        "SECRET_KEY": token_urlsafe(48),
        "ALLOWED_HOSTS": "films.example.org",
        "HTTPS": "on",
        "METRICS_TOKEN": token_urlsafe(16),
    }

    words = ("check", "--deploy", "--fail-level", "WARNING")
    done = call(tmp_path / "home", *words, **variables)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return make_secrets(tmp_path)


def make_secrets(checkout: Path) -> Path:
    """Return the folder that the script makes, in a checkout of its own."""
    script = checkout / "deploy" / "make-secrets"
    script.parent.mkdir()
    shutil.copy(PROJECT_DIR / "deploy" / "make-secrets", script)
    subprocess.run([script], check=True, capture_output=True)
    return checkout / "secrets"


def test_the_secrets_are_those_that_compose_wants(secrets: Path) -> None:
    wanted = read_yaml("compose.yaml")["secrets"].values()

    assert {Path(one["file"]).name for one in wanted} == {
        path.name for path in secrets.iterdir()
    }
    assert secrets.stat().st_mode & 0o777 == 0o700


def test_the_secrets_are_accepted(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("secret-key", "database-url"):
        variable = name.replace("-", "_").upper()
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv(f"{variable}_FILE", str(secrets / name))

    password = (secrets / "postgres-password").read_text()
    assert len(env_secret("SECRET_KEY", minimum=32)) == 64
    assert f"nexus:{password}@postgres:5432/" in env_database_url("DATABASE_URL")


def test_secrets_are_made_once(secrets: Path) -> None:
    before = (secrets / "secret-key").read_text()

    again = subprocess.run(
        [secrets.parent / "deploy" / "make-secrets"], capture_output=True, check=False
    )

    assert again.returncode == 1
    assert (secrets / "secret-key").read_text() == before


def test_what_an_interrupted_run_left_is_in_nobodys_way(tmp_path: Path) -> None:
    left = tmp_path / "secrets.tmp"
    left.mkdir()
    (left / "secret-key").touch(mode=0o444)

    made = make_secrets(tmp_path)

    assert not left.exists()
    assert len((made / "secret-key").read_text()) == 64


def render_services() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_yaml("render.yaml")["services"]
    return found


def render_variables() -> list[dict[str, Any]]:
    found = read_yaml("render.yaml")
    holders = [*found["services"], *found["envVarGroups"]]
    return [one for holder in holders for one in holder.get("envVars", [])]


def test_render_sets_variables_that_exist() -> None:
    names = {one["key"] for one in render_variables() if "key" in one}

    assert names <= known_variables()
    assert {"DATABASE_URL", "METRICS_TOKEN", "SECRET_KEY", "VALKEY_URL"} <= names


def test_render_refers_to_what_is_there() -> None:
    found = read_yaml("render.yaml")
    variables = render_variables()

    def named(kind: str) -> set[str]:
        return {one[kind]["name"] for one in variables if kind in one}

    groups = {one["fromGroup"] for one in variables if "fromGroup" in one}
    assert named("fromDatabase") == {one["name"] for one in found["databases"]}
    assert named("fromService") <= {one["name"] for one in found["services"]}
    assert groups == {one["name"] for one in found["envVarGroups"]}


def test_render_runs_commands_that_exist() -> None:
    commands = [one["dockerCommand"].split() for one in render_services()[:2]]
    (script,), worker = commands

    assert script == "/app/deploy/render-web"
    assert ("deploy/render-web", "deploy/render-web") in copied()
    assert is_command(worker)


def test_only_the_web_server_of_render_trains() -> None:
    """Its worker has no disk that the web server sees."""
    queues = {task.name: task.queue for task in app.tasks.values()}
    _, worker, *_ = render_services()

    assert worker["dockerCommand"].endswith("--queues default")
    trains = {name for name, queue in queues.items() if queue == "training"}
    assert trains == {"train_model"}
    ours = {
        name for name in queues if not name.startswith(("builtin", "procrastinate"))
    }
    assert {queues[name] for name in ours - trains} == {"default"}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_sets_variables_that_exist(path: Path) -> None:
    assert unit_environment(path).keys() <= known_variables()


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_runs_commands_that_exist(path: Path) -> None:
    (command,) = (value for name, value in unit(path) if name == "ExecStart")

    found = re.search(r"/opt/nexus/(bin/nexus .*)", command)
    assert found is not None
    assert is_command(found[1].split())
    assert (PROJECT_DIR / "bin" / "nexus").stat().st_mode & 0o111 == 0o111


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_asks_the_main_process_alone_to_end(path: Path) -> None:
    """It ends the others, in the order in which they need each other."""
    assert ("KillMode", "mixed") in unit(path)


def test_a_backup_does_not_take_for_ever() -> None:
    (path,) = (one for one in UNITS if one.stem == "nexus-backup")

    assert "TimeoutStartSec" in dict(unit(path))


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_confines_all_of_them_alike(path: Path) -> None:
    settings = unit(path)

    for name in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "RestrictSUIDSGID"):
        assert (name, "yes") in settings
    assert ("User", "nexus") in settings
    assert ("ProtectSystem", "strict") in settings
