"""`deploy/as-service`: a command with what the services have."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from nexus.env import PROJECT_DIR
from tests.deploy.files import unit, unit_environment

SCRIPT = PROJECT_DIR / "deploy" / "as-service"
WEB = PROJECT_DIR / "deploy" / "systemd" / "nexus.service"
SHARED = {"EnvironmentFile", "Group", "LoadCredential", "StateDirectory"}
# Runs what it is given, with the secrets that systemd would have put somewhere.
SYSTEMD_RUN = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """A terminal where a program of that name stands for systemd's."""
    program = tmp_path / "bin" / "systemd-run"
    program.parent.mkdir()
    program.write_text(SYSTEMD_RUN)
    program.chmod(0o755)
    (tmp_path / "secret-key").write_text("tK9-wq3ZrX0vB7nM_2LpA8sD4fG6hJ1y")
    (tmp_path / "database-url").write_text("postgresql://nexus@127.0.0.1:9/nexus")
    path = f"{program.parent}:{os.environ['PATH']}"
    return {"PATH": path, "CREDENTIALS_DIRECTORY": str(tmp_path)}


def test_it_reads_the_secrets(variables: dict[str, str]) -> None:
    words = [str(SCRIPT), "promote", "nobody special", "admin"]

    done = subprocess.run(
        words, env=variables, capture_output=True, text=True, check=False
    )

    assert "127.0.0.1" in done.stderr, done.stderr  # the database of the file
    assert "SECRET_KEY" not in done.stderr


def test_it_has_what_the_services_have() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    given = set(re.findall(r"--property=(\S+)", text))
    named = dict(re.findall(r"--setenv=(\w+)=(\S+)", text))
    told = unit_environment(WEB)

    wanted = SHARED | {"StateDirectoryMode", "UMask", "User"}
    assert given == {f"{name}={value}" for name, value in unit(WEB) if name in wanted}
    assert {name: told[name] for name in named} == named
    assert told.keys() - named.keys() == {"SECRET_KEY_FILE", "DATABASE_URL_FILE"}
