"""What a backup says of itself: versions, counts, and a checksum for every file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from nexus.backup.errors import UnusableBackup

PRODUCT: Final = "nexus"
FORMAT: Final = 1
DUMP: Final = "database.dump"  # the first one in the file
NAME: Final = "manifest.json"  # the last one in the file: without it, it is not whole


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one file in the backup."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`tables` counts the rows of each; of those in `left_out` the rows are not here.

    `models` are the versions whose folders are here, `lost_models` those that the
    database names and nobody could read.
    """

    version: str
    created_at: str
    postgres: int  # the server's major version
    migrations: Mapping[str, list[str]]
    tables: Mapping[str, int]
    left_out: list[str]
    active_model: str | None
    models: list[str]
    lost_models: list[str]
    files: Mapping[str, Facts]

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def as_text(manifest: Manifest) -> str:
    body = {"product": PRODUCT, "format": FORMAT} | asdict(manifest)
    return json.dumps(body | {"sha256": digest(body)}, indent=2, sort_keys=True)


def digest(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def from_text(text: bytes) -> Manifest:
    """Read it back; raises UnusableBackup for anything that `as_text` did not write."""
    try:
        body = json.loads(text)
        is_ours = body.pop("product") == PRODUCT
        told, written_as = body.pop("sha256"), body.pop("format")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnusableBackup("It is no backup of Nexus: it has no manifest.") from error
    if not is_ours:
        raise UnusableBackup("It is no backup of Nexus, but of something else.")
    if written_as != FORMAT:
        raise UnusableBackup(
            f"It is of a format that this version does not know ({written_as!r:.20}): "
            "restore it with the version of Nexus that made it, or a newer one."
        )
    if told != digest({"product": PRODUCT, "format": FORMAT} | body):
        raise UnusableBackup("Its manifest was changed or is damaged.")
    try:
        files = {name: Facts(**facts) for name, facts in body.pop("files").items()}
        return Manifest(**body, files=files)
    except (KeyError, TypeError, AttributeError) as error:
        raise UnusableBackup(
            "Its manifest is another than this version of Nexus knows: restore it with "
            "the version that made it, or a newer one."
        ) from error
