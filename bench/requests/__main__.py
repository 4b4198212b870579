"""What one request costs a web process, in microseconds of its processor.

Neither the network nor the web server is in it. `--home` names a folder that
`bench.data` has filled; without one it fills one of its own. `--beside` names another
checkout, which is measured in turns with this one: only such figures can be compared.
`--profile` names functions instead.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.homes import ask_for_folder, home_of
from nexus.env import PROJECT_DIR
from nexus.launch.commands import database_of
from nexus.lib.home import Home
from tests.valkey_process import ValkeyProcess


class Inside:
    """A process that answers requests by the code of one checkout."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.kinds: list[str] = self.read()

    def read(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("It ended early: see above.")
        return json.loads(line)

    def do(self, work: str, kind: str, count: int) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{json.dumps([work, kind, count])}\n")
        self.process.stdin.flush()
        return self.read()


@contextmanager
def inside(checkout: Path, **variables: str) -> Iterator[Inside]:
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "bench.requests.inside"],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(PROJECT_DIR)} | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Inside(process)
        finally:
            process.kill()


def read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    ask_for_folder(parser)
    parser.add_argument("--beside", type=Path, help="another checkout")
    parser.add_argument("--only", default="", help="kinds whose name has this in it")
    parser.add_argument("--requests", type=int, default=400, help="of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    wanted = read(words)
    checkouts = [*([wanted.beside.resolve()] if wanted.beside else []), PROJECT_DIR]
    with ExitStack() as stack:
        home = stack.enter_context(
            home_of(wanted.home, films=wanted.films, seed=wanted.seed)
        )
        os.environ["NEXUS_HOME"] = str(home)
        stack.enter_context(database_of(Home(home), embedded=True))
        valkey = stack.enter_context(ValkeyProcess())
        variables = {
            "VALKEY_URL": valkey.url,
            "WORKER_IN_WEB": "off",
            "EDGE_CACHE_MB": "0",
            "RATE_LIMITS": "member=100000000/60, anonymous=100000000/60",
        }
        found = [stack.enter_context(inside(one, **variables)) for one in checkouts]
        kinds = [kind for kind in found[-1].kinds if wanted.only in kind]
        if wanted.profile:
            for kind in kinds:
                found[-1].do("profile", kind, wanted.requests)
            return 0
        print(" " * 14, *(f"{one.name[-8:]:>8}" for one in checkouts))
        for kind in kinds:
            compare(kind, found, wanted)
    return 0


def compare(kind: str, found: Sequence[Inside], wanted: argparse.Namespace) -> None:
    """Measure one kind of request in turns, and print the medians."""
    for one in found:
        one.do("cost", kind, wanted.requests)
    rounds = [
        [float(one.do("cost", kind, wanted.requests)["us"]) for one in found]
        for _ in range(wanted.rounds)
    ]
    medians = [median(column) for column in zip(*rounds, strict=True)]
    told = " ".join(f"{us:8.0f}" for us in medians)
    print(f"{kind:14} {told} us {medians[-1] / medians[0]:6.2f}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
