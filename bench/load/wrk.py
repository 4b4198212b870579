"""Runs wrk, which asks faster than a server answers."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("wrk.lua")
THREADS = 2


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; the body is JSON. A step leads to what is measured, uncounted."""

    path: str
    token: str = ""
    method: str = "GET"
    body: str = ""
    is_step: bool = False

    @property
    def line(self) -> str:
        step = "step" if self.is_step else ""
        return f"{self.method}\t{self.path}\t{self.token}\t{step}\t{self.body}"


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it. `refused` are answers of 400 and above, `lost` none at all."""

    requests: int
    seconds: float
    refused: int
    lost: int
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def require_wrk() -> str:
    program = shutil.which("wrk")
    if program is None:
        raise SystemExit(
            "The bench asks by wrk, which is not installed: `apt-get install wrk`,"
            " or https://github.com/wg/wrk. `python -m bench.mix` needs none."
        )
    return program


def put_under_load(
    port: int, asks: Sequence[Ask], *, connections: int, seconds: float
) -> Load:
    """Send the requests in turn over so many connections until the time is over."""
    has_steps = any(ask.is_step for ask in asks)
    threads = connections if has_steps else min(THREADS, connections)
    options = [f"-t{threads}", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
    words = [*options, "--timeout=30s", "-s", str(SCRIPT), f"http://127.0.0.1:{port}"]
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(f"{ask.line}\n" for ask in asks)
        file.flush()
        told = subprocess.run(
            [require_wrk(), *words, "--", file.name, str(threads)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return load_in(told)


def load_in(told: str) -> Load:
    """Read the line that the script writes below what wrk itself says."""
    result = next(line for line in told.splitlines() if line.startswith("RESULT "))
    return Load(**json.loads(result.removeprefix("RESULT ")))
