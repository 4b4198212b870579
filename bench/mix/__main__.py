"""Lets many members do everything at once; tells what failed, was lost, or grew."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.homes import ask_for_folder, home_of, interruptible, say


def main(words: Sequence[str]) -> int:
    wanted = read(words)
    with home_of(wanted.home, films=wanted.films, seed=wanted.seed) as home:
        from bench.load.run import mix  # noqa: PLC0415  settings know the home
        from bench.mix.run import lines_of  # noqa: PLC0415

        found = mix(wanted, home)
    for line in lines_of(found):
        say(line)
    if wanted.out is not None:
        wanted.out.parent.mkdir(parents=True, exist_ok=True)
        wanted.out.write_text(f"{json.dumps(found, indent=2)}\n", encoding="utf-8")
    return 0 if found["is_met"] else 1


def read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.mix", description=__doc__)
    add = parser.add_argument
    ask_for_folder(parser)
    add("--minutes", type=float, default=5.0)
    add("--out", type=Path, help="a file for all figures, as JSON")
    return parser.parse_args(words)


if __name__ == "__main__":
    raise SystemExit(interruptible(main, sys.argv[1:]))
