"""Back an installation up into one file, and restore it into an empty one."""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from django.core.management import call_command
from django.db import Error as DatabaseTrouble
from django.db import connection

from nexus import __version__
from nexus.backup import contents
from nexus.backup.archive import (
    Backup,
    Told,
    Writer,
    counted,
    opened,
    silent,
    written,
)
from nexus.backup.errors import (
    CannotBackUp,
    NotEmpty,
    ProgramFailed,
    UnusableBackup,
    WentWrong,
)
from nexus.backup.folders import add_models, models_put_down
from nexus.backup.manifest import DUMP, Manifest
from nexus.backup.programs import (
    LOADER,
    dump,
    end_loading,
    find_program,
    load,
    server_major,
)
from nexus.database.migrations import applied_migrations, unknown_migrations
from nexus.recommendations.models import TrainedModel

LONGEST_LOCK_S: Final = 600  # that somebody else holds on a table


def back_up(*, path: Path, now: datetime, told: Told = silent) -> Manifest:
    """Write the installation, as it is at one moment, to a new file.

    `told` hears of the dump, whose size nobody knows before.
    Raises CannotBackUp, NoFittingProgram or ProgramFailed; there is no file then.
    """
    find_program("pg_dump", major=server_major())
    if not contents.relations():
        raise CannotBackUp("There is nothing to back up: the database is empty.")
    with (
        written(path) as file,
        contents.snapshot(lock_limit_s=LONGEST_LOCK_S) as moment,
    ):
        writer = Writer(file, written_s=now.timestamp())
        with closing(dump(words_for(moment))) as blocks:
            writer.add(DUMP, counted(blocks, told))
        manifest = describe(writer, now=now)
        writer.end(manifest)
    return manifest


def words_for(moment: str) -> list[str]:
    return [
        f"--snapshot={moment}",
        f"--lock-wait-timeout={LONGEST_LOCK_S * 1000:.0f}",
        "--no-owner",
        "--no-privileges",
        "--no-unlogged-table-data",
        "--extension=plpgsql",  # others are the server's, and may be absent elsewhere
        *(f"--exclude-table-data={name}" for name in contents.LEFT_OUT),
    ]


def describe(writer: Writer, *, now: datetime) -> Manifest:
    """Add the models, and say what the backup is."""
    tables = contents.count_rows()
    models: dict[str, bool] = {}
    if TrainedModel._meta.db_table in tables:  # noqa: SLF001  Django documents it
        models = dict(TrainedModel.objects.values_list("version", "is_active"))
    lost = add_models(writer, sorted(models))
    return Manifest(
        version=__version__,
        created_at=now.isoformat(),
        postgres=server_major(),
        migrations=applied_migrations(),
        tables=tables,
        left_out=contents.left_out(),
        active_model=next((name for name, active in models.items() if active), None),
        models=[name for name in sorted(models) if name not in lost],
        lost_models=lost,
        files=dict(writer.files),
    )


def check(*, path: Path, told: Told = silent) -> Manifest:
    """Read a backup to its last byte; raises UnusableBackup."""
    with opened(path, told=told) as backup:
        refuse_unless_ours(backup)
        return backup.manifest


def restore(*, path: Path, checked: Told = silent, loaded: Told = silent) -> Manifest:
    """Put a backup into an empty database; raises UnusableBackup or NotEmpty.

    Everything is checked first, and the database is filled in one transaction: whatever
    this raises, nothing is changed. What follows is for `finish`.
    """
    with opened(path, told=checked) as backup:
        refuse_unless_ours(backup)
        refuse_unless_fitting(backup.manifest)
        refuse_unless_empty()
        with models_put_down(backup):
            fill(backup, told=loaded)
    return backup.manifest


def fill(backup: Backup, *, told: Told) -> None:
    """Load the dump. Who is stopped once all rows are there has filled it."""
    size = backup.manifest.files[DUMP].size
    try:
        load(counted(backup.blocks(DUMP), told, total=size))
    except (KeyboardInterrupt, ProgramFailed) as stopped:
        connection.close()  # idle all the while, it may have been lost
        try:
            end_loading()
            is_filled = bool(contents.relations())
        except DatabaseTrouble:
            raise stopped from None  # which says more of why
        if not is_filled:
            raise


def finish(manifest: Manifest) -> list[str]:
    """Count and migrate what was restored; return the migrations it was short of.

    Raises WentWrong if rows are missing.
    """
    compare(manifest.tables)
    before = applied_migrations()
    call_command("migrate", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # a dump brings no statistics
    return newer_than(before)


def refuse_unless_ours(backup: Backup) -> None:
    if DUMP not in backup.manifest.files:
        raise UnusableBackup("There is no database in it.")


def refuse_unless_fitting(manifest: Manifest) -> None:
    """Refuse what a newer Nexus or a newer PostgreSQL wrote."""
    major = server_major()
    find_program(LOADER, major=major)
    if unknown := unknown_migrations(manifest.migrations):
        raise UnusableBackup(
            f"It was made by a newer version of Nexus ({manifest.version}, and this is "
            f"{__version__}; {unknown[0]} is unknown here): install that one."
        )
    if manifest.postgres > major:
        raise UnusableBackup(
            f"It was made from PostgreSQL {manifest.postgres}, and this database is "
            f"PostgreSQL {major}: use a server that is not older."
        )


def refuse_unless_empty() -> None:
    found = contents.relations()
    if found:
        raise NotEmpty(
            f"The database holds {len(found)} tables and other things already: restore "
            "into an empty one. Set NEXUS_HOME to a new folder, or DATABASE_URL to a "
            "database that was just created."
        )


def compare(told: Mapping[str, int]) -> None:
    found = contents.count_rows()
    if found != dict(told):
        wrong = sorted(
            name for name in {*found, *told} if found.get(name) != told.get(name)
        )
        raise WentWrong(
            f"Not all rows are there: see {', '.join(wrong)}. Drop this database, and "
            "keep the backup."
        )


def newer_than(before: Mapping[str, list[str]]) -> list[str]:
    return [
        f"{app}.{name}"
        for app, names in applied_migrations().items()
        for name in names
        if name not in before.get(app, [])
    ]
