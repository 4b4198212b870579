"""The calls that the documents show, run as a reader would run them."""

import re
import subprocess
from pathlib import Path
from typing import Any

LIMIT_S = 120.0
BETWEEN = "--next--"
ADDRESS = "127.0.0.1:8000"  # as the documents have it


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def run(script: str, port: int, *, folder: Path | None = None) -> str:
    """Run it in a shell that stops at the first failure; return what it wrote."""
    script = script.replace(ADDRESS, f"127.0.0.1:{port}")
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607  wherever it is
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
        timeout=LIMIT_S,
    )
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    return result.stdout


def agrees(shown: Any, told: Any) -> bool:
    """Say whether the answer has all that is shown of it; "..." stands for anything."""
    if shown == "...":
        return told is not None
    if isinstance(shown, dict):
        return isinstance(told, dict) and all(
            name in told and agrees(value, told[name]) for name, value in shown.items()
        )
    if isinstance(shown, list):
        return (
            isinstance(told, list)
            and len(told) >= len(shown)
            and all(map(agrees, shown, told))
        )
    return bool(shown == told)
