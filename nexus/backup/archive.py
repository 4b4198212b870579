"""The file: a plain tar, written under another name until it is whole.

It is written as a stream, so that it takes no more room than it will have: the size in
a member's header is filled in once it is known. The manifest comes last.
"""

import fcntl
import hashlib
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from nexus.backup import manifest as manifests
from nexus.backup.errors import CannotBackUp, UnusableBackup
from nexus.backup.manifest import Facts, Manifest

BLOCK: Final = 1 << 20
RECORD: Final = tarfile.BLOCKSIZE
END: Final = b"\0" * 2 * RECORD
BEGINNING: Final = manifests.DUMP.encode() + b"\0"  # the first member's name
LONGEST_MANIFEST: Final = 16 << 20


# Hears how many bytes are done, and of how many; 0 where that is not known.
Told = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """Tell nobody."""


class Writer:
    """Adds members to a file; `files` are the facts of those that it has."""

    def __init__(self, file: IO[bytes], *, written_s: float) -> None:
        self.file = file
        self.written_s = written_s
        self.files: dict[str, Facts] = {}

    def add(self, name: str, blocks: Iterable[bytes]) -> None:
        start, sha256, size = self.file.tell(), hashlib.sha256(), 0
        self.file.write(self.header(name, size=0))
        for block in blocks:
            self.file.write(block)
            sha256.update(block)
            size += len(block)
        self.file.write(b"\0" * (-size % RECORD))
        end = self.file.tell()
        self.file.seek(start)
        self.file.write(self.header(name, size=size))
        self.file.seek(end)
        self.files[name] = Facts(size=size, sha256=sha256.hexdigest())

    def header(self, name: str, *, size: int) -> bytes:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, int(self.written_s)
        return info.tobuf(tarfile.GNU_FORMAT)

    def end(self, manifest: Manifest) -> None:
        self.add(manifests.NAME, [manifests.as_text(manifest).encode()])
        self.file.write(END)


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """Give the block a file that gets its name when the block ends well.

    It is its owner's alone. A killed program leaves the part that it wrote, under a
    hidden name; the next one in that folder removes it.
    """
    refuse_if_there(path)
    remove_abandoned(path.parent)
    partial = path.with_name(f".{path.name}.partial")
    with hold(partial) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            refuse_if_there(path)  # made by somebody meanwhile
            partial.rename(path)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
    sync_folder(path.parent)


def refuse_if_there(path: Path) -> None:
    if os.path.lexists(path):
        raise CannotBackUp(f"{path} is there already: name another file.")


def remove_abandoned(folder: Path) -> None:
    """Remove what killed backups left: parts of ours that no program holds."""
    for partial in folder.glob(".*.partial"):
        with suppress(OSError):
            if partial.is_symlink() or not partial.is_file():
                continue
            with partial.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if file.read(len(BEGINNING)) == BEGINNING:
                    partial.unlink()


def hold(partial: Path) -> IO[bytes]:
    """Open the file for us alone, and empty."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    file = os.fdopen(os.open(partial, flags, 0o600), "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it may just have given it its name.
        if not os.path.samestat(os.fstat(file.fileno()), partial.lstat()):
            raise FileNotFoundError
    except (BlockingIOError, FileNotFoundError) as error:
        file.close()
        raise CannotBackUp(
            f"Another backup is being written to {partial.parent}: wait for its end."
        ) from error
    os.fchmod(file.fileno(), 0o600)
    file.truncate()
    return file


def sync_folder(folder: Path) -> None:
    """Have the name survive a crash of the machine, not only the content."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Backup:
    """A backup that was read and checked, byte by byte."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest) -> None:
        self.tar = tar
        self.manifest = manifest

    def blocks(self, name: str) -> Iterator[bytes]:
        return blocks_of(self.tar, self.tar.getmember(name))


@contextmanager
def opened(path: Path, *, told: Told = silent) -> Iterator[Backup]:
    """Open and check a backup; raises UnusableBackup, and says what is wrong."""
    try:
        with tarfile.open(path, "r:") as tar:
            yield checked(tar, told=told)
    except tarfile.TarError as error:
        raise UnusableBackup(
            f"{path} is no backup of Nexus, or was cut off: {error}."
        ) from error
    except OSError as error:
        if error.filename != str(path):
            raise
        raise UnusableBackup(f"{path} cannot be read: {error.strerror}.") from error


def checked(tar: tarfile.TarFile, *, told: Told) -> Backup:
    members = {member.name: member for member in tar.getmembers()}
    last = members.pop(manifests.NAME, None)
    if last is None:
        raise UnusableBackup(
            "It has no manifest: it was cut off, or is no backup of Nexus."
        )
    if last.size > LONGEST_MANIFEST:
        raise UnusableBackup("It is no backup of Nexus: its manifest is too long.")
    manifest = manifests.from_text(b"".join(blocks_of(tar, last)))
    if set(members) != set(manifest.files) or len(tar.getmembers()) != len(members) + 1:
        raise UnusableBackup("It does not hold exactly the files of its manifest.")
    done, total = 0, sum(facts.size for facts in manifest.files.values())
    for name, facts in manifest.files.items():
        blocks = blocks_of(tar, members[name])
        if facts_of(counted(blocks, told, total=total, before=done)) != facts:
            raise UnusableBackup(f"{name} in it was changed or is damaged.")
        done += facts.size
    return Backup(tar, manifest)


def facts_of(blocks: Iterable[bytes]) -> Facts:
    sha256, size = hashlib.sha256(), 0
    for block in blocks:
        sha256.update(block)
        size += len(block)
    return Facts(size=size, sha256=sha256.hexdigest())


def blocks_of(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    file = tar.extractfile(member) if member.isreg() else None
    if file is None:
        raise UnusableBackup(f"{member.name!r:.80} in it is no plain file.")
    return blocks_from(file)


def blocks_from(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block


def counted(
    blocks: Iterable[bytes], told: Told, *, total: int = 0, before: int = 0
) -> Iterator[bytes]:
    """Pass the blocks on, and tell of each."""
    done = before
    for block in blocks:
        done += len(block)
        told(done, total)
        yield block
