import hashlib
import json
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nexus.engine import learned
from nexus.engine.learned.artefact import (
    BOUND,
    FORMAT_VERSION,
    MANIFEST,
    UnusableArtefact,
    read,
    read_facts,
    size_of,
    write,
)
from tests.engine.learned.fitted import FAN, SMALL, fit_small, small_model


@dataclass(frozen=True, slots=True)
class Leaf:
    values: np.ndarray
    more: Any = None


@dataclass(frozen=True, slots=True)
class Tree:
    leaf: Leaf
    many: tuple[Leaf, ...]
    named: Mapping[str, float | None]
    label: str = "oak"


CLASSES = {"Leaf": Leaf, "Tree": Tree}
TRAINING = {"fingerprint": "abc", "n_ratings": 3}
METRICS = {"NDCG@10": 0.25}


def tree(first: float = 1.0) -> Tree:
    return Tree(
        leaf=Leaf(np.array([[first, np.nan], [3, 4]])),
        many=(Leaf(np.empty((0, 3))), Leaf(np.arange(4)[::2])),
        named={"a": 0.1, "b": None},
    )


def save(directory: Path, whole: object = None) -> str:
    whole = tree() if whole is None else whole
    return write(whole, directory, training=TRAINING, metrics=METRICS)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save(tmp_path / "v1")
    return tmp_path / "v1"


def test_it_works(saved: Path) -> None:
    whole, facts = read(saved, CLASSES)

    assert whole.leaf.values.tobytes() == tree().leaf.values.tobytes()
    assert [leaf.values.tolist() for leaf in whole.many] == [[], [0, 2]]
    assert whole.many[0].values.shape == (0, 3)
    assert (dict(whole.named), whole.label) == ({"a": 0.1, "b": None}, "oak")
    assert (facts.training, facts.metrics) == (TRAINING, METRICS)
    assert read_facts(saved) == facts


def test_it_maps_without_a_right_to_write(saved: Path) -> None:
    whole, _ = read(saved, CLASSES)

    assert isinstance(whole.leaf.values.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        whole.leaf.values[0, 0] = 7


def test_it_hashes_what_the_model_is(tmp_path: Path) -> None:
    one, two, other = (
        save(tmp_path / name, tree(first))
        for name, first in (("a", 1.0), ("b", 1.0), ("c", 2.0))
    )

    assert one == two
    assert one != other


def test_it_leaves_measurements_out_of_the_hash(tmp_path: Path) -> None:
    one = write(tree(), tmp_path / "a", training=TRAINING, metrics={"x": 1.0})
    two = write(tree(), tmp_path / "b", training=TRAINING, metrics={"x": 2.0})

    assert one == two


def test_it_never_replaces_a_version(saved: Path) -> None:
    before = (saved / MANIFEST).read_bytes()

    with pytest.raises(FileExistsError):
        save(saved, tree(2.0))

    assert (saved / MANIFEST).read_bytes() == before


def test_it_leaves_nothing_half_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        save(tmp_path / "v1", Leaf(np.array([{}, None], dtype=object)))

    assert list(tmp_path.iterdir()) == []


def test_it_refuses_what_it_could_not_bring_back(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"model\.more cannot be saved: set"):
        save(tmp_path / "v1", Leaf(np.zeros(1), {1, 2}))


def test_it_counts_its_bytes(saved: Path) -> None:
    assert size_of(saved) == sum(len(f.read_bytes()) for f in saved.iterdir())


def test_it_takes_away_the_right_to_write(saved: Path) -> None:
    rights = [file.stat().st_mode & 0o777 for file in saved.iterdir()]

    assert all(right & 0o222 == 0 for right in rights)
    assert all(right & 0o400 for right in rights)


def test_it_checks_without_a_copy(tmp_path: Path) -> None:
    megabytes = 8
    large = Leaf(np.zeros((megabytes, 1 << 17)))
    tracemalloc.start()
    try:
        save(tmp_path / "v1", large)
        read(tmp_path / "v1", CLASSES)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert large.values.nbytes == megabytes << 20
    # The array itself was there before.
    assert most < 1 << 20


def replace(file: Path, content: bytes) -> None:
    """A file may not be written to; its directory may."""
    file.unlink()
    file.write_bytes(content)


def change(directory: Path, **facts: object) -> None:
    manifest = json.loads((directory / MANIFEST).read_bytes())
    replace(directory / MANIFEST, json.dumps({**manifest, **facts}).encode())


def bind(directory: Path, **facts: object) -> None:
    """Change facts and the hash with them."""
    change(directory, **facts)
    manifest = json.loads((directory / MANIFEST).read_bytes())
    bound = {name: manifest[name] for name in BOUND}
    text = json.dumps(bound, sort_keys=True, separators=(",", ":"))
    change(directory, content_hash=hashlib.sha256(text.encode()).hexdigest())


def cut(file: str) -> Callable[[Path], object]:
    def damage(directory: Path) -> None:
        content = (directory / file).read_bytes()
        replace(directory / file, content[: len(content) - 5])

    return damage


def flip(directory: Path) -> None:
    file = directory / "model.leaf.values.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    replace(file, bytes(content))


def pickled(directory: Path) -> None:
    file = directory / "model.leaf.values.npy"
    file.unlink()
    np.save(file, np.array([{}], dtype=object), allow_pickle=True)


def turned(directory: Path) -> None:
    """The same numbers, columns first: could only be hashed as a copy."""
    file = directory / "model.leaf.values.npy"
    values = np.load(file)
    file.unlink()
    np.save(file, np.asfortranarray(values))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "an array is cut": cut("model.leaf.values.npy"),
    "the manifest is cut": cut(MANIFEST),
    "a bit is flipped": flip,
    "an array is gone": lambda it: (it / "model.leaf.values.npy").unlink(),
    "the manifest is gone": lambda it: (it / MANIFEST).unlink(),
    "an array is empty": lambda it: replace(it / "model.leaf.values.npy", b""),
    "an array is a pickle": pickled,
    "an array is turned": turned,
    "the format is foreign": lambda it: change(it, format="else"),
    "the training is another": lambda it: change(it, training={}),
    "the hash is another": lambda it: change(it, content_hash="0"),
    "the form is nonsense": lambda it: change(it, form=[]),
    "the training is none": lambda it: bind(it, training=None),
    "the metrics are a list": lambda it: change(it, metrics=[]),
    "the metrics are not there": lambda it: change(it, metrics=None),
    "it is too deep": lambda it: replace(it / MANIFEST, b"[" * 200_000),
    "it is no object": lambda it: replace(it / MANIFEST, b"[]"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_it_refuses_what_is_not_as_written(
    saved: Path, damage: Callable[[Path], object]
) -> None:
    damage(saved)

    with pytest.raises(UnusableArtefact):
        read(saved, CLASSES)


def test_it_takes_what_is_bound_to_its_hash(saved: Path) -> None:
    bind(saved, training={"seed": 2})

    assert read(saved, CLASSES)[1].training == {"seed": 2}


@pytest.mark.parametrize("version", [1, FORMAT_VERSION + 1, None])
def test_it_refuses_another_format(saved: Path, version: int | None) -> None:
    change(saved, format_version=version)

    said = f"has format {version}, this program reads {FORMAT_VERSION}"
    for act in (lambda: read(saved, CLASSES), lambda: read_facts(saved)):
        with pytest.raises(UnusableArtefact, match=said):
            act()


def test_it_refuses_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnusableArtefact, match="no manifest"):
        read(tmp_path / "v9", CLASSES)


def test_it_makes_no_class_it_was_not_told_of(saved: Path) -> None:
    with pytest.raises(UnusableArtefact, match="Leaf"):
        read(saved, {"Tree": Tree})


def test_it_brings_a_model_back_to_the_bit(tmp_path: Path) -> None:
    model = small_model()
    learned.save(model, str(tmp_path / "v1"))

    again = learned.load(str(tmp_path / "v1"))

    films = [*range(1000, 1030), 77]
    assert again.rank(FAN, films).tobytes() == model.rank(FAN, films).tobytes()
    assert again.explain(FAN, 1004) == model.explain(FAN, 1004)
    assert again.trained_on == model.trained_on
    assert not again.taste.vectors.flags.writeable
    assert read_facts(tmp_path / "v1").training == asdict(model.trained_on)


def test_it_gives_equal_trainings_equal_hashes(tmp_path: Path) -> None:
    one, two, other = (
        learned.save(fit_small(seed=seed), tmp_path / name)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )

    assert one == two
    assert one != other


def test_it_binds_the_facts_it_is_given(tmp_path: Path) -> None:
    learned.save(small_model(), tmp_path / "a", training={"seed": 1}, metrics=METRICS)
    learned.save(small_model(), tmp_path / "b", training={"seed": 2})

    one, two = (read_facts(tmp_path / name) for name in ("a", "b"))

    assert one.content_hash != two.content_hash
    assert (one.training, one.metrics, two.metrics) == ({"seed": 1}, METRICS, {})


@pytest.mark.parametrize(
    ("part", "name", "value", "complaint"),
    [
        ("taste", "k", {"value": 2}, "taste.vectors must be of shape"),
        (
            "pick",
            "prior",
            {"array": "model.taste.noise"},
            "pick.prior must be of shape",
        ),
    ],
)
def test_it_loads_no_parts_that_do_not_fit(
    tmp_path: Path, part: str, name: str, value: object, complaint: str
) -> None:
    learned.save(small_model(), tmp_path / "v1")
    manifest = json.loads((tmp_path / "v1" / MANIFEST).read_bytes())
    form = manifest["form"]
    form["fields"][part]["fields"][name] = value
    bind(tmp_path / "v1", form=form)

    with pytest.raises(UnusableArtefact, match=complaint):
        learned.load(tmp_path / "v1")


def test_it_loads_models_only(tmp_path: Path) -> None:
    write(SMALL.pick, tmp_path / "v1", training={}, metrics={})

    with pytest.raises(UnusableArtefact, match="something else"):
        learned.load(tmp_path / "v1")
