"""The folders of trained models, into a backup and out of it."""

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from nexus.backup.archive import Backup, Writer, blocks_from, sync_folder
from nexus.backup.errors import NotEmpty, UnusableBackup
from nexus.recommendations.artefacts import ModelUnreadable, folder_of, read_model

INSIDE: Final = re.compile(r"models/(\d{8}-[0-9a-f]{16})/(\w[\w.-]*)")


def add_models(writer: Writer, versions: Iterable[str]) -> list[str]:
    """Add each version's folder; return those that cannot be read.

    A backup without one is better than none: models can be trained again.
    """
    return [version for version in versions if not add_model(writer, version)]


def add_model(writer: Writer, version: str) -> bool:
    with ExitStack() as stack:
        try:
            read_model(version)
            files = [
                (path.name, stack.enter_context(path.open("rb")))
                for path in sorted(folder_of(version).iterdir())
            ]
        except (ModelUnreadable, OSError):
            return False
        # All are open: should the folder be pruned meanwhile, they can still be read.
        for name, file in files:
            writer.add(f"models/{version}/{name}", blocks_from(file))
    return True


@contextmanager
def models_put_down(backup: Backup) -> Iterator[None]:
    """Put the folders where they belong; should the block fail, take them away again.

    One that is there already, with the same content, stays as it is.
    """
    made: list[Path] = []
    try:
        for version, names in names_by_version(backup).items():
            if not is_there(version):
                made.append(folder_of(version))
                put_down(backup, version, names)
        yield
    except BaseException:
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(partial_of(folder), ignore_errors=True)
        raise


def names_by_version(backup: Backup) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {version: [] for version in backup.manifest.models}
    for name in backup.manifest.files:
        if name.startswith("models/"):
            place = INSIDE.fullmatch(name)
            if place is None or place[1] not in found:
                raise UnusableBackup(f"It holds a file of no model: {name!r:.80}.")
            found[place[1]].append(name)
    return found


def is_there(version: str) -> bool:
    """Say whether it is; raises NotEmpty for a folder that is none of that model."""
    folder = folder_of(version)
    if not folder.exists():
        return False
    try:
        read_model(version)
    except ModelUnreadable as error:
        raise NotEmpty(
            f"{folder} is in the way, and is not the model it is named for: remove it."
        ) from error
    return True


def put_down(backup: Backup, version: str, names: Iterable[str]) -> None:
    """Write the folder under another name, so that half of one never counts."""
    folder = folder_of(version)
    partial = partial_of(folder)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in names:
        with (partial / Path(name).name).open("wb") as file:
            file.writelines(backup.blocks(name))
    partial.rename(folder)
    sync_folder(folder.parent)


def partial_of(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.partial")
