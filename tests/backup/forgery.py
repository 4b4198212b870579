"""Backups that somebody changed, carelessly or with care."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nexus.backup.manifest import digest


def changed(path: Path, *, at: int) -> None:
    """Turn one byte round."""
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


def members_of(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        files = {one.name: tar.extractfile(one) for one in tar.getmembers()}
        return {name: file.read() for name, file in files.items() if file}


def packed(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def rewritten(
    path: Path,
    *,
    dump: Callable[[bytes], bytes] = bytes,
    manifest: Callable[[dict[str, Any]], None] = lambda body: None,
) -> None:
    """Change the dump or the manifest, and every checksum with it."""
    members = members_of(path)
    members["database.dump"] = dump(members["database.dump"])
    body = json.loads(members.pop("manifest.json"))
    body.pop("sha256")
    body["files"]["database.dump"] = {
        "size": len(members["database.dump"]),
        "sha256": hashlib.sha256(members["database.dump"]).hexdigest(),
    }
    manifest(body)
    text = json.dumps(body | {"sha256": digest(body)})
    packed(path, members | {"manifest.json": text.encode()})
