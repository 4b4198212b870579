"""The drill: one part after the other is killed while members write."""

import argparse
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any, Final

from bench.drill.parts import PARTS, Part
from bench.drill.probe import Probe
from bench.drill.report import lines_of_episode
from bench.drill.services import Site, running_site
from bench.drill.stored import ask, lost_of, writers_of
from bench.drill.writer import Answer, Writer
from bench.mix.ledger import joined
from bench.mix.run import kind_of

RECOVERY_LIMIT_S: Final = 60.0
JOBS_LIMIT_S: Final = 420.0
PATIENCE_S: Final = 0.02
ADDRESS: Final = re.compile(r" at 0x\w+")
JOBS: Final = """
SELECT count(*) FILTER (WHERE status = 'succeeded'),
       count(*) FILTER (WHERE status IN ('todo', 'doing')),
       count(*) FILTER (WHERE status NOT IN ('succeeded', 'todo', 'doing'))
FROM procrastinate_jobs WHERE starts_with(task_name, 'send_')
"""


@dataclass(frozen=True, slots=True)
class Course:
    """What happened from the moment of the kill on."""

    acknowledged_before: int
    killed_s: float
    started_s: float  # where it had to be started again; else as killed_s
    whole_s: float
    answers: Sequence[Answer]
    probe: Probe


def measure(
    wanted: argparse.Namespace, folder: Path, *, tell: Callable[[str], None]
) -> dict[str, Any]:
    parts = [part for part in PARTS if wanted.only in part.name]
    episodes = []
    with running_site(folder) as site:
        writers = writers_of(site, wanted.writers)
        for part in parts:
            course = watched(site, writers, part, wanted)
            episodes.append(reckoned(course, part, site, writers))
            for line in lines_of_episode(episodes[-1]):
                tell(line)
        mails = mails_of(site, writers)
        codes = {"worker": site.worker.stop(), "web": site.web.stop()}
        log = complaints(site.log)
    is_met = (
        bool(episodes)
        and not any(one["lost"] or one["wrong"] for one in episodes)
        and all(one["is_whole"] for one in episodes)
        and mails["sent"] >= mails["promised"]
        and not mails["failed"]
        and not any(codes.values())
    )
    options = {name: getattr(wanted, name) for name in ("writers", "calm", "away")}
    return {
        "options": options,
        "episodes": episodes,
        "mails": mails,
        "exit codes": codes,
        "complaints": log,
        "is_met": is_met,
    }


def watched(
    site: Site, writers: Sequence[Writer], part: Part, wanted: argparse.Namespace
) -> Course:
    starts = [len(one.answers) for one in writers]
    with writing(site, writers) as probe:
        wait(wanted.calm, site)
        part.prepare(site)
        before = acknowledged(writers)
        part.kill(site)
        killed_s = monotonic()
        started_s = killed_s
        if part.start is not None:
            wait(wanted.away, site)
            part.start(site)
            started_s = monotonic()
        wait_until_whole(part, site)
        whole_s = monotonic()
        wait(wanted.calm, site)
    answers = [
        answer
        for one, start in zip(writers, starts, strict=True)
        for answer in one.answers[start:]
    ]
    return Course(before, killed_s, started_s, whole_s, answers, probe)


@contextmanager
def writing(site: Site, writers: Sequence[Writer]) -> Iterator[Probe]:
    over, probe = Event(), Probe(site.port)
    prober = Thread(target=probe.ask_until, args=[over])
    with ThreadPoolExecutor(len(writers)) as pool:
        done = [pool.submit(one.write_until, over) for one in writers]
        prober.start()
        try:
            yield probe
        finally:
            over.set()
            prober.join()
    for one in done:
        one.result()


def wait(seconds: float, site: Site) -> None:
    until, pause = monotonic() + seconds, Event()
    while monotonic() < until:
        site.look_after()
        pause.wait(PATIENCE_S)


def wait_until_whole(part: Part, site: Site) -> None:
    give_up_at = monotonic() + RECOVERY_LIMIT_S
    while not part.is_whole(site) and monotonic() < give_up_at:
        wait(PATIENCE_S, site)


def reckoned(
    course: Course, part: Part, site: Site, writers: Sequence[Writer]
) -> dict[str, Any]:
    failed = [one for one in course.answers if not one.is_done]
    last_s = max([course.killed_s, *(one.at_s for one in failed)])
    kinds = Counter(one.kind for one in failed)
    return {
        "part": part.name,
        "acknowledged before": course.acknowledged_before,
        "acknowledged after": acknowledged(writers),
        "lost": lost_of(site, writers),
        "is_whole": part.is_whole(site),
        "started_s": course.started_s - course.killed_s,
        "whole_s": course.whole_s - course.killed_s,
        "failing_s": last_s - course.killed_s,
        "failed": dict(kinds),
        "wrong": {kind: n for kind, n in kinds.items() if not part.allows(kind)},
        "slowest_s": max(one.took_s for one in course.answers),
        "probe": asdict(course.probe),
    }


def acknowledged(writers: Sequence[Writer]) -> int:
    return sum(
        ledger.acknowledged for one in writers for ledger in one.ledgers.values()
    )


def mails_of(site: Site, writers: Sequence[Writer]) -> dict[str, Any]:
    """Wait until no job of a mail is left, or nobody will do it."""
    began = monotonic()
    done, waiting, failed = ask(site, JOBS)[0]
    while waiting and monotonic() - began < JOBS_LIMIT_S:
        wait(0.2, site)
        done, waiting, failed = ask(site, JOBS)[0]
    promised = joined(one.ledgers["mail"] for one in writers).acknowledged
    return {
        # One welcomed each member.
        "promised": promised + sum(len(one.members) for one in writers),
        "jobs": done,
        "sent": len(site.smtp.mails),
        "waiting": waiting,
        "failed": failed,
        "waited_s": monotonic() - began,
    }


def complaints(log: Path) -> dict[str, int]:
    """Count what the parts said: lines of the log by kind, and plain ones."""
    lines = ADDRESS.sub("", log.read_text(errors="replace")).splitlines()
    plain = [line[:120] for line in lines if line.startswith(("nexus: ", "[ERROR]"))]
    return dict(Counter([*filter(None, map(kind_of, lines)), *plain]))
