"""A fitted model as a directory: `.npy` arrays and a `manifest.json` that binds them.

The manifest holds the format and its version, the content hash (SHA-256 over the form
of the model and each array's type, shape and bytes, so equal models have equal hashes
wherever and whenever they were made), what it was trained on, and figures measured on
held-out people, which are no part of the hash. Loading maps the arrays read-only,
hashes each where it is mapped, without a copy, and never unpickles. A directory appears
whole or not at all.

A directory is never changed: its files are written without a right to write, and are
replaced only with their directory, under another name. Deleting it is safe while it is
mapped. Who overwrites or cuts a file in place nonetheless (as its owner, with force, or
as root) ends every process that maps it: the system answers with SIGBUS. Copies in
memory would not mind, but every process would hold one, and whoever may change these
files may change what is recommended anyway.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nexus.engine.learned.calibration import Calibration
from nexus.engine.learned.interactions import Vocabulary
from nexus.engine.learned.model import Model, TrainedOn
from nexus.engine.learned.parts import Arrays, Classes, Json, put_together, take_apart
from nexus.engine.learned.pick import PickConfig, PickModel
from nexus.engine.learned.prior import Genres
from nexus.engine.learned.rounded import Neighbours, Rounded
from nexus.engine.learned.taste import TasteModel
from nexus.engine.learned.weights import DenseWeights, FactoredWeights

FORMAT = "nexus-learned-model"
FORMAT_VERSION = 2
MANIFEST = "manifest.json"
READ_ONLY = 0o400  # as private as the ratings
ROOT = "model"
AnyPath: TypeAlias = str | os.PathLike[str]
# What the content hash covers; in a manifest it stands as it was hashed.
BOUND = ("form", "arrays", "training")
# What a damaged or foreign file comes to, on its way to a model.
NOT_AS_WRITTEN = (
    ArithmeticError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


class UnusableArtefact(ValueError):
    """No model that can be read here: absent, broken, foreign or of another format."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a manifest says besides the model.

    training: what it was fitted on (fingerprint, sizes); metrics: figures by name
    """

    content_hash: str
    training: Mapping[str, Json]
    metrics: Mapping[str, float]


CLASSES: Classes = {
    each.__name__: each
    for each in (
        Calibration,
        DenseWeights,
        FactoredWeights,
        Genres,
        Model,
        Neighbours,
        PickConfig,
        PickModel,
        Rounded,
        TasteModel,
        TrainedOn,
        Vocabulary,
    )
}


def save(
    model: Model,
    directory: AnyPath,
    *,
    training: Mapping[str, Json] | None = None,
    metrics: Mapping[str, float] | None = None,
) -> str:
    """Write a model to a new directory, whole or not at all; return its content hash.

    training: facts to bind to it, by default its fingerprint and sizes.
    FileExistsError if the directory is there.
    """
    facts = asdict(model.trained_on) if training is None else training
    return write(model, Path(directory), training=facts, metrics=metrics or {})


def load(directory: AnyPath) -> Model:
    """Map a saved model read-only, each byte checked; or raise UnusableArtefact."""
    whole, _ = read(Path(directory), CLASSES)
    if not isinstance(whole, Model):
        raise UnusableArtefact(f"{directory} holds something else than a model")
    return whole


def write(
    whole: object,
    directory: Path,
    *,
    training: Mapping[str, Json],
    metrics: Mapping[str, float],
) -> str:
    """Save a tree of dataclasses; return its content hash.

    FileExistsError if the directory is there: versions are immutable. If it fails or
    the machine does, no directory of that name is left behind.
    """
    arrays: Arrays = {}
    form = take_apart(whole, ROOT, arrays)
    arrays = {name: np.ascontiguousarray(one) for name, one in arrays.items()}
    listed = {name: _describe(one) for name, one in sorted(arrays.items())}
    bound = {"form": form, "arrays": listed, "training": dict(training)}
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "content_hash": _hash(bound),
        **bound,
        "metrics": dict(metrics),
    }
    _write_whole(directory, arrays, manifest)
    return str(manifest["content_hash"])


def read(directory: Path, classes: Classes) -> tuple[Any, Facts]:
    """Map a saved tree; UnusableArtefact if anything in it is not as it was written."""
    manifest = _read_manifest(directory)
    try:
        arrays = {
            name: _map(directory / f"{name}.npy", facts)
            for name, facts in manifest["arrays"].items()
        }
        whole = put_together(manifest["form"], arrays, classes)
        facts = Facts(
            manifest["content_hash"], manifest["training"], manifest["metrics"]
        )
    except NOT_AS_WRITTEN as error:
        raise UnusableArtefact(f"{directory} is broken: {error}") from error
    return whole, facts


def read_facts(directory: Path) -> Facts:
    """The manifest alone, without its arrays."""
    manifest = _read_manifest(directory)
    return Facts(manifest["content_hash"], manifest["training"], manifest["metrics"])


def size_of(directory: Path) -> int:
    """Bytes of all files."""
    return sum(file.stat().st_size for file in directory.iterdir())


def _describe(array: NDArray[Any]) -> dict[str, Json]:
    """Read it in place; BufferError if it is not laid out as it is written."""
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "sha256": hashlib.sha256(array.data).hexdigest(),
    }


def _hash(bound: Mapping[str, Json]) -> str:
    text = json.dumps(bound, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _write_whole(directory: Path, arrays: Arrays, manifest: Mapping[str, Json]) -> None:
    if directory.exists():
        raise FileExistsError(f"{directory} is there already")
    directory.parent.mkdir(parents=True, exist_ok=True)
    partial = directory.with_name(f".{directory.name}.{secrets.token_hex(8)}.partial")
    partial.mkdir()
    try:
        for name, array in arrays.items():
            with _create(partial / f"{name}.npy") as file:
                np.save(file, array, allow_pickle=False)
                _to_disk(file)
        with _create(partial / MANIFEST) as file:
            file.write(json.dumps(manifest, indent=1).encode())
            _to_disk(file)
        _names_to_disk(partial)
        partial.rename(directory)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _names_to_disk(directory.parent)


def _create(path: Path) -> BinaryIO:
    """Open a new file that nobody may write to again."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    return os.fdopen(os.open(path, flags, READ_ONLY), "wb")


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _names_to_disk(directory: Path) -> None:
    """A new name is only safe once its directory is, too."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_manifest(directory: Path) -> dict[str, Json]:
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
        _check_manifest(manifest)
    except (OSError, ValueError, RecursionError) as error:
        raise UnusableArtefact(
            f"{directory} has no manifest to go by: {error}"
        ) from error
    found: dict[str, Json] = manifest
    return found


def _check_manifest(manifest: Json) -> None:
    """ValueError if it is none, or RecursionError if it cannot even be hashed."""
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError("it is of no learned model of ours")
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        raise ValueError(
            f"it has format {version}, this program reads {FORMAT_VERSION}"
        )
    missing = {*BOUND, "content_hash"} - manifest.keys()
    if missing:
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    for name in ("training", "metrics"):
        if not isinstance(manifest.get(name), dict):
            raise ValueError(f"its {name} is no object")
    if manifest["content_hash"] != _hash({key: manifest[key] for key in BOUND}):
        raise ValueError("it was changed")


def _map(file: Path, described: Json) -> NDArray[Any]:
    """Map an array read-only; ValueError unless it is the one described."""
    array: NDArray[Any] = np.lib.format.open_memmap(file, mode="r")
    if _describe(array) != described:
        raise ValueError(f"{file.name} is not what was written")
    # The plain view of the same pages: NumPy is slower on its own subclass.
    return array.view(np.ndarray)
