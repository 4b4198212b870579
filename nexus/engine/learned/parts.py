"""Frozen dataclasses taken apart into named arrays and plain values, and put together.

A model is a tree: dataclasses with arrays, tuples, mappings with text keys and plain
values as leaves; what a class computes for itself is left out. The tree comes out as
JSON with the arrays' names in their places. Classes are named, never imported by name:
who puts together says which may be made, so a stranger's file can make no others.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Json: TypeAlias = Any
Arrays: TypeAlias = dict[str, NDArray[Any]]
Classes: TypeAlias = Mapping[str, type]


def take_apart(whole: object, name: str, arrays: Arrays) -> Json:
    """The JSON form of `whole`; its arrays are added to `arrays` under dotted names.

    TypeError for anything that is none of the kinds above: it would be lost.
    """
    if isinstance(whole, np.ndarray):
        arrays[name] = whole
        return {"array": name}
    if is_dataclass(whole) and not isinstance(whole, type):
        inner = {
            field.name: take_apart(
                getattr(whole, field.name), f"{name}.{field.name}", arrays
            )
            for field in fields(whole)
            if field.init
        }
        return {"class": type(whole).__name__, "fields": inner}
    return _take_plain_apart(whole, name, arrays)


def _take_plain_apart(whole: object, name: str, arrays: Arrays) -> Json:
    if isinstance(whole, tuple):
        items = [
            take_apart(one, f"{name}.{at}", arrays) for at, one in enumerate(whole)
        ]
        return {"tuple": items}
    if isinstance(whole, Mapping) and all(isinstance(key, str) for key in whole):
        named = {
            key: take_apart(one, f"{name}.{at}", arrays)
            for at, (key, one) in enumerate(whole.items())
        }
        return {"mapping": named}
    if isinstance(whole, np.generic):
        whole = whole.item()
    if whole is None or isinstance(whole, bool | int | float | str):
        return {"value": whole}
    raise TypeError(f"{name} cannot be saved: {type(whole).__name__}")


def put_together(
    form: Json, arrays: Mapping[str, NDArray[Any]], classes: Classes
) -> Any:
    """The opposite; KeyError, TypeError or ValueError if form and arrays do not fit."""
    (kind, *_) = form
    if kind == "array":
        return arrays[form["array"]]
    if kind == "class":
        inner = form["fields"].items()
        found = {key: put_together(one, arrays, classes) for key, one in inner}
        return classes[form["class"]](**found)
    if kind == "tuple":
        return tuple(put_together(one, arrays, classes) for one in form["tuple"])
    if kind == "mapping":
        inner = form["mapping"].items()
        return {key: put_together(one, arrays, classes) for key, one in inner}
    return form["value"]
