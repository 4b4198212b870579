"""What Prometheus reads of this process, or of all that serve behind one address.

Several web processes count into files that the launcher has made a folder for
(prometheus_client's multiprocess mode), and whichever is asked adds them up. One
process counts in its memory.
"""

import hmac
import os
from pathlib import Path
from typing import Final

from django.conf import settings
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"  # its name is prometheus_client's


def figures() -> bytes:
    return generate_latest(registry())


def registry() -> CollectorRegistry:
    folder = os.environ.get(FOLDER)
    if not folder:
        return REGISTRY
    forget_the_dead(Path(folder))
    found = CollectorRegistry()
    MultiProcessCollector(found, path=folder)  # type: ignore[no-untyped-call]
    return found


def forget_the_dead(folder: Path) -> None:
    """Leave out what ended processes had in use; what they counted still counts."""
    for path in folder.glob("gauge_live*.db"):
        pid = int(path.stem.rpartition("_")[2])
        if not Path("/proc", str(pid)).exists():
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def may_read(authorization: str) -> bool:
    """Say whether who sends this header may read the figures."""
    if not settings.METRICS_TOKEN:
        return True
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    return hmac.compare_digest(authorization.encode(), wanted.encode())
