"""The drill in words."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

SHOWN: Final = 5


def lines_of_episode(found: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{found['part']}: started after {found['started_s']:.1f} s, whole after"
        f" {found['whole_s']:.1f} s, the last failure after {found['failing_s']:.1f} s"
    )
    yield (
        f"  acknowledged before: {found['acknowledged before']}, after:"
        f" {found['acknowledged after']}; lost: {len(found['lost'])}; must be 0"
    )
    probe = found["probe"]
    yield (
        f"  slowest answer {found['slowest_s']:.1f} s; of {probe['asked']} x /healthz"
        f" {probe['failed']} failed, the slowest took {probe['slowest_s']:.1f} s"
    )
    for kind, count in sorted(found["failed"].items()):
        yield f"  {count:6} x {kind}{'  WRONG' if kind in found['wrong'] else ''}"
    if not found["is_whole"]:
        yield "  IT DID NOT COME BACK"
    yield from (f"    {one}" for one in found["lost"][:SHOWN])


def lines_of(found: Mapping[str, Any]) -> Iterator[str]:
    mails = found["mails"]
    yield (
        f"Mails promised: {mails['promised']}; jobs done: {mails['jobs']}, waiting:"
        f" {mails['waiting']}, failed: {mails['failed']}; mails sent: {mails['sent']};"
        f" the last one {mails['waited_s']:.0f} s after the drill"
    )
    yield f"Exit codes after SIGTERM: {found['exit codes']}"
    for kind, count in found["complaints"].items():
        yield f"  the log has {count} x {kind}"
    yield "Nothing was lost." if found["is_met"] else "NOT AS IT SHOULD BE"
