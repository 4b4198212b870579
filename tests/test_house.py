"""The walls of the house: imports point downwards, functions and files stay small."""

import ast
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from nexus.env import PROJECT_DIR

SOURCES = [
    path
    for path in sorted((PROJECT_DIR / "nexus").rglob("*.py"))
    if "migrations" not in path.parts
]
WRONG_IMPORTS = [
    ("catalog/queries.py", "from nexus.ratings.models import Rating"),
    ("ratings/queries.py", "from nexus.tmdb import Tmdb"),
    ("engine/ranking.py", "from django.conf import settings"),
    ("playlists/models.py", "from rest_framework import serializers"),
    ("web/views.py", "from nexus.api.fields import Text"),
    ("catalog/models.py", "from nexus.catalog.operations import get_movie"),
]


def function_sizes(path: Path) -> dict[str, int]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        f"{path.name}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_functions_are_short() -> None:
    sizes = [size for path in SOURCES for size in function_sizes(path).values()]

    assert statistics.median(sizes) <= 10
    assert statistics.quantiles(sizes, n=20)[-1] <= 40
    assert max(sizes) <= 60


def test_files_are_short() -> None:
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in SOURCES}

    assert {path: n for path, n in lines.items() if n > 400} == {}


@pytest.mark.parametrize(("module", "line"), WRONG_IMPORTS)
def test_a_wrong_import_fails_the_build(tmp_path: Path, module: str, line: str) -> None:
    shutil.copytree(PROJECT_DIR / "nexus", tmp_path / "nexus")
    shutil.copy(PROJECT_DIR / "pyproject.toml", tmp_path)
    wrong = tmp_path / "nexus" / module
    wrong.write_text(f"{line}\n{wrong.read_text(encoding='utf-8')}", encoding="utf-8")

    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [lint, "--no-cache"], cwd=tmp_path, capture_output=True, check=False
    )

    assert result.returncode == 1, result.stdout
    assert b"BROKEN" in result.stdout
