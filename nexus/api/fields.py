"""Strict fields: a number is no text, "yes" is no truth, and NUL is no letter."""

import re
from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

MAX_ID = 2**31 - 1
INTEGER = re.compile(r"-?[0-9]{1,18}")


class Text(serializers.CharField):
    """A JSON string; numbers are not turned into text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Flag(serializers.BooleanField):
    """true or false, nothing that merely looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=str(data)[:40])
        return data


class WholeNumber(serializers.IntegerField):
    """A JSON integer: 3, and 3.0 by JSON Schema's definition, not "3" or true."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, float) and data.is_integer():
            return int(data)
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class MovieId(WholeNumber):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **options)


class Many(serializers.ListField):
    """A JSON array; what came instead is not told by Python's name for it."""

    default_error_messages = {"not_a_list": "Give a list."}


class Day(serializers.DateField):
    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(value)


@extend_schema_field(
    {"type": "number", "minimum": 0.5, "maximum": 5, "multipleOf": 0.5, "example": 4.5}
)
class Stars(serializers.FloatField):
    """1 to 5 in halves; 0.5 is taken too, so that imports lose nothing."""

    default_error_messages = {"halves": "Stars come in halves: 0.5, 1, 1.5, ... 5."}

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0.5, max_value=5, **options)

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return float(data)

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if value * 2 != int(value * 2):
            self.fail("halves")


class ParamNumber(serializers.IntegerField):
    """An integer in a query string."""

    def to_internal_value(self, data: Any) -> int:
        if not INTEGER.fullmatch(str(data)):
            self.fail("invalid")
        return int(data)


class ParamDecimal(serializers.FloatField):
    """A finite decimal number in a query string."""

    def to_internal_value(self, data: Any) -> float:
        if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", str(data)):
            self.fail("invalid")
        return float(data)


class ParamFlag(serializers.BooleanField):
    """`true` or `false` in a query string."""

    def to_internal_value(self, data: Any) -> bool:
        if data not in {"true", "false"}:
            self.fail("invalid", input=str(data)[:40])
        return bool(data == "true")


@extend_schema_field({"type": "string", "pattern": "^[0-9]{1,9}(,[0-9]{1,9}){0,99}$"})
class IdList(serializers.CharField):
    """Comma-separated ids in a query string."""

    default_error_messages = {
        "ids": "Give up to 100 ids, separated by commas.",
    }

    def to_internal_value(self, data: Any) -> tuple[int, ...]:  # type: ignore[override]  # a list
        parts = str(super().to_internal_value(data)).split(",")
        if len(parts) > 100 or not all(
            re.fullmatch(r"[0-9]{1,9}", part) for part in parts
        ):
            self.fail("ids")
        return tuple(dict.fromkeys(int(part) for part in parts))
