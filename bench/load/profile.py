"""Names the functions of the product in which requests spend their time.

Goes by itself, in a process with the environment of a web process:
`python -m bench.load.profile FILE`, whose lines are those that wrk gets.
"""

import cProfile
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from time import thread_time
from types import CodeType
from typing import Any

from bench.environ import Environ, environ_of
from bench.load.wrk import Ask
from nexus.env import PROJECT_DIR

WARM_UP = 100  # as many as there are of what is kept
REQUESTS = 200
SHOWN = 12

Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def profile_of(asks: Sequence[Ask], environment: Mapping[str, str]) -> str:
    """Have the hottest functions told, against the running product's database."""
    several = [asks[place % len(asks)] for place in range(WARM_UP + REQUESTS)]
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(f"{ask.line}\n" for ask in several)
        file.flush()
        done = subprocess.run(
            [sys.executable, "-m", "bench.load.profile", file.name],
            cwd=PROJECT_DIR,
            env={**os.environ, **environment, "WORKER_IN_WEB": "off"},
            capture_output=True,
            text=True,
            check=False,
        )
    return done.stdout or done.stderr


def main(words: Sequence[str]) -> int:
    from nexus.wsgi import serve  # noqa: PLC0415  it starts what it needs

    lines = Path(words[0]).read_text(encoding="utf-8").splitlines()
    asks = [request_in(line) for line in lines]
    for told in hottest(serve(), asks):
        print(told)
    return 0


def hottest(application: Application, asks: Sequence[Environ]) -> Iterator[str]:
    """Yield the functions with most processor time of their own."""
    profile = cProfile.Profile(thread_time)
    for environ in asks[:WARM_UP]:
        send(application, environ)
    profile.enable()
    for environ in asks[WARM_UP:]:
        send(application, environ)
    profile.disable()
    count = max(1, len(asks) - WARM_UP)
    for one in sorted(profile.getstats(), key=lambda one: -one.inlinetime)[:SHOWN]:
        us, calls = one.inlinetime / count * 1e6, one.callcount / count
        yield f"{us:8.1f} us {calls:8.1f} calls  {place_of(one.code)}"


def place_of(code: CodeType | str) -> str:
    if isinstance(code, str):
        return code
    path = code.co_filename.removeprefix(f"{PROJECT_DIR}/")
    for folder in ("site-packages/", f"/{Path(os.__file__).parent.name}/"):
        path = path.rpartition(folder)[2]
    return f"{code.co_name} ({path}:{code.co_firstlineno})"


def request_in(line: str) -> Environ:
    """Read a line that wrk gets."""
    method, target, token, _, body = line.split("\t")
    return environ_of(target, method=method, token=token, body=body)


def send(application: Application, environ: Environ) -> None:
    statuses: list[str] = []
    answer = application(environ, lambda status, *_: statuses.append(status))
    b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    assert statuses[0].startswith("2"), f"{environ['PATH_INFO']}: {statuses[0]}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
