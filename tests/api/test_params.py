"""Parameters are read one by one; the outcome is that of reading them all."""

from importlib import import_module
from itertools import product
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.fields import RegexField, empty
from rest_framework.serializers import Serializer

from nexus.api.endpoint import Params, reader_of

VALUES = ("", "1", "0", "-3", "2.5", "x", "true", "28,12", "a\0b", "9" * 30)


pytestmark = pytest.mark.django_db


def all_kinds() -> list[type[Params]]:
    import_module("nexus.api.urls")  # all views are there then
    return kinds(Params)


def kinds(of: type[Any]) -> list[type[Any]]:
    return [of, *(kind for below in of.__subclasses__() for kind in kinds(below))]


def outcome(read: Any, given: dict[str, str]) -> Any:
    try:
        return dict(read(given))
    except ValidationError as error:
        return error.detail


def test_it_is_the_same_for_each_value() -> None:
    for kind in all_kinds():
        reader = reader_of(kind)
        assert isinstance(reader, Params)
        for name, value in product(reader.fields, VALUES):
            for given in ({}, {name: value}):
                whole = outcome(reader.run_validation, given)
                assert outcome(reader.read, given) == whole, (kind, given)


def test_there_is_no_rule_that_would_be_passed_over() -> None:
    for kind in all_kinds():
        reader = reader_of(kind)
        assert not reader.get_validators(), kind
        for name, field in reader.fields.items():
            assert not hasattr(reader, f"validate_{name}"), kind
            assert not field.read_only, (kind, name)
            assert field.default is empty or not callable(field.default), (kind, name)
            assert field.source == name, kind


def test_what_a_value_looks_like_is_said_in_words() -> None:
    import_module("nexus.api.urls")
    shapes = [kind for kind in kinds(Serializer) if kind.__module__.startswith("nexus")]
    patterned = [
        field
        for shape in shapes
        for field in shape._declared_fields.values()
        if isinstance(field, RegexField)
    ]

    unsaid = RegexField.default_error_messages["invalid"]
    assert len(patterned) > 5
    assert [one for one in patterned if one.error_messages["invalid"] == unsaid] == []
