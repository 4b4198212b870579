"""`titles`: derives what an older version has films found and sorted by otherwise."""

from typing import Any

from nexus.catalog.title_index import derive_anew, derive_missing
from nexus.console import OwnCommand, refuse_unprepared
from nexus.lib.counted import counted


class Command(OwnCommand):
    help = (
        "Put right what an older version had films found and sorted by. A job does so "
        "within an hour of an upgrade; it is safe to interrupt and to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_unprepared()
        total = derive_missing() + derive_anew()
        self.stdout.write(f"{counted(total, 'film')} put right")
