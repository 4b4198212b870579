"""What may befall a trained model: no table to look it up in, and a slow disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from nexus.recommendations.artefacts import folder_of

TABLE = "recommendations_trainedmodel"


@contextmanager
def no_table_of_models() -> Iterator[None]:
    """Hide the table of models, as while it is being changed."""
    rename(TABLE, "elsewhere")
    try:
        yield
    finally:
        rename("elsewhere", TABLE)


def rename(old: str, new: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{old}" RENAME TO "{new}"')


class SlowDisk:
    """Has the reader of a version wait: its manifest is a pipe."""

    def __init__(self, version: str) -> None:
        self.manifest = folder_of(version) / "manifest.json"
        self.aside = self.manifest.rename(self.manifest.with_suffix(".aside"))
        os.mkfifo(self.manifest)

    def wait_for_reader(self) -> None:
        self.pipe = self.manifest.open("wb")

    def let_go_on(self) -> None:
        told = self.aside.read_bytes()
        self.aside.replace(self.manifest)
        with self.pipe:
            self.pipe.write(told)
