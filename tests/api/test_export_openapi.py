"""`python -m nexus export-openapi`: the document that the server shows."""

import json
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from tests.client import Api
from tests.launch.program import call


def test_it_works(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("export_openapi")

    assert json.loads(capsys.readouterr().out) == api.get("/openapi.json").json


def test_it_writes_a_file_in_either_format(api: Api, tmp_path: Path) -> None:
    path = tmp_path / "openapi.yaml"

    call_command("export_openapi", path, "--format", "yaml")

    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert told["paths"].keys() == api.get("/openapi.json").json["paths"].keys()


def test_it_says_that_the_file_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("export_openapi", tmp_path / "none" / "openapi.json")


def test_it_takes_no_database(tmp_path: Path) -> None:
    done = call(tmp_path / "home", "export-openapi")

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["openapi"].startswith("3.1")
    assert not (tmp_path / "home").exists()
