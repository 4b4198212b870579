"""Kills each part of an installation under a load of writes; tells what was lost."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.homes import say


def main(words: Sequence[str]) -> int:
    wanted = read(words)
    os.environ["DJANGO_SETTINGS_MODULE"] = "nexus.settings"
    import django  # noqa: PLC0415  the environment comes first

    django.setup()
    from bench.drill.report import lines_of  # noqa: PLC0415  Django comes first
    from bench.drill.run import measure  # noqa: PLC0415

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        found = measure(wanted, Path(folder).resolve(), tell=say)
    for line in lines_of(found):
        say(line)
    if wanted.out is not None:
        wanted.out.write_text(f"{json.dumps(found, indent=2)}\n", encoding="utf-8")
    return 0 if found["is_met"] else 1


def read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.drill", description=__doc__)
    add = parser.add_argument
    add("--writers", type=int, default=64, help="connections that write")
    add("--calm", type=float, default=5.0, help="seconds before each kill, and after")
    add("--away", type=float, default=5.0, help="seconds until a server is started")
    add("--only", default="", help="parts whose name has this")
    add("--out", type=Path, help="a file for all figures, as JSON")
    return parser.parse_args(words)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
