"""The archive: a ZIP file of one JSON document, a CSV file per list, and a README."""

import csv
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from io import SEEK_SET, TextIOWrapper
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson
from django.db import transaction

from nexus.accounts.models import User
from nexus.takeout.cells import cell_of
from nexus.takeout.holdings import HOLDINGS
from nexus.takeout.readme import readme
from nexus.takeout.sources import Holding

IN_MEMORY: Final = 1024 * 1024  # bytes; what is larger goes to a file without a name


def make_archive(*, user: User, now: datetime) -> IO[bytes]:
    """Return everything held of the member; whoever takes it closes it.

    The number of queries is the same whatever there is, and so is the memory.
    """
    with ExitStack() as undo:
        file = undo.enter_context(spool())
        # Within a transaction PostgreSQL hands the rows out in portions.
        with transaction.atomic(), ZipFile(file, "w") as archive:
            fill(archive, user=user, now=now)
        file.seek(SEEK_SET)
        undo.pop_all()
    return file


def spool() -> IO[bytes]:
    return SpooledTemporaryFile(max_size=IN_MEMORY)


def fill(archive: ZipFile, *, user: User, now: datetime) -> None:
    with entry(archive, "README.txt", now=now) as told:
        told.write(readme(username=user.username, now=now).encode())
    with entry(archive, "nexus.json", now=now) as document:
        document.write(b'{"exported_at": ' + json_of(now))
        for holding in HOLDINGS:
            document.write(f',\n"{holding.name}": '.encode())
            if holding.is_single:
                write_single(document, holding, user_id=user.pk)
                continue
            with entry(archive, f"{holding.name}.csv", now=now) as table:
                write_list(document, table, holding, user_id=user.pk)
        document.write(b"\n}\n")


@contextmanager
def entry(archive: ZipFile, name: str, *, now: datetime) -> Iterator[IO[bytes]]:
    """Yield a file that goes into the archive at the end.

    An archive takes one file at a time, but the lists of the document and their tables
    are written side by side: each row is read once.
    """
    with spool() as file:
        yield file
        info = ZipInfo(name, now.timetuple()[:6])
        info.compress_type = ZIP_DEFLATED
        info.file_size = file.tell()
        file.seek(SEEK_SET)
        with archive.open(info, "w") as target:
            copyfileobj(file, target)


def write_single(document: IO[bytes], holding: Holding, *, user_id: int) -> None:
    row = next(holding.rows(user_id=user_id), None)
    document.write(json_of(row and dict(zip(holding.header, row, strict=True))))


def write_list(
    document: IO[bytes], table: IO[bytes], holding: Holding, *, user_id: int
) -> None:
    """Write each row into the document and into the table."""
    text = TextIOWrapper(table, encoding="utf-8", newline="")
    cells = csv.writer(text)
    cells.writerow(holding.header)
    document.write(b"[")
    comma = b"\n"
    for row in holding.rows(user_id=user_id):
        document.write(comma + json_of(dict(zip(holding.header, row, strict=True))))
        cells.writerow(map(cell_of, row))
        comma = b",\n"
    document.write(b"\n]")
    text.detach()  # and leave the file open


def json_of(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)
