"""Values as the cells of a CSV file (RFC 4180), where spreadsheets will open it."""

import re
from datetime import UTC, date, datetime

# What spreadsheets take for the start of a formula, also as wide letters, where it
# begins a cell, or would begin one in a spreadsheet that parts cells by semicolons or
# tabs: that one is blind to our quotes. Apostrophes count in, so that the one we put
# in front can be taken away again without a doubt.
FORMULA = re.compile(r"(^\s*|[;\t\r\n][ \"]*)('*[=+\-@\uff1d\uff0b\uff0d\uff20])")


def cell_of(value: object) -> object:
    """Return what stands in the cell; unknown is empty."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return value
        case date():
            return day_or_instant(value)
        case _:
            return FORMULA.sub(r"\1'\2", str(value))


def day_or_instant(value: date) -> str:
    """Return RFC 3339, as the API has it."""
    if not isinstance(value, datetime):
        return value.isoformat()
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
