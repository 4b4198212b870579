"""What a log line tells, and what it keeps to itself."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from structlog.contextvars import bound_contextvars

from nexus.lib.logs import JsonLines
from tests.builders import make_user
from tests.logs import secrets_in


def record_of(
    error: BaseException | None = None, stack: str | None = None, **told: Any
) -> logging.LogRecord:
    logger = logging.getLogger("nexus.requests")
    trace = None if error is None else (type(error), error, error.__traceback__)
    return logger.makeRecord(
        logger.name,
        logging.ERROR,
        __file__,
        1,
        "%s failed",
        ("it",),
        trace,
        extra=told,
        sinfo=stack,
    )


def line_of(error: BaseException | None = None, **told: Any) -> dict[str, Any]:
    """Return the line that is written where the error ends."""
    return written(record_of(error, **told))


def written(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(JsonLines().format(record))
    return found


def test_it_works() -> None:
    line = line_of(member=7)

    assert (line["event"], line["level"]) == ("it failed", "error")
    assert (line["logger"], line["member"]) == ("nexus.requests", 7)


def test_it_keeps_one_order() -> None:
    with bound_contextvars(request_id="5b7b0f0a"):
        line = line_of(ValueError("no"), route="api/movies/", status=500)

    facts = ["event", "request_id", "level", "logger", "route", "status"]
    assert list(line) == [*facts, "timestamp", "exception"]


def test_it_tells_when() -> None:
    told = line_of()["timestamp"]

    passed = datetime.now(UTC) - datetime.fromisoformat(told)
    assert told.endswith("Z")
    assert abs(passed) < timedelta(minutes=5)


def test_it_leaves_out_what_is_no_text() -> None:
    line = line_of(request=object(), job=object(), action_result=object(), status=404)

    assert list(line) == ["event", "level", "logger", "status", "timestamp"]


def test_it_leaves_out_what_other_formatters_note() -> None:
    record = record_of()
    logging.Formatter("%(asctime)s %(message)s").format(record)

    assert list(written(record)) == ["event", "level", "logger", "timestamp"]


def test_it_tells_what_json_does_not_know() -> None:
    line = JsonLines().format(record_of(kind=ValueError("né")))

    assert json.loads(line)["kind"] == "ValueError('né')"
    assert line.isascii()


def test_it_tells_of_an_error_that_is_none() -> None:
    record = record_of()
    record.exc_info = (None, None, None)

    assert "exception" not in written(record)


def test_it_tells_a_stack() -> None:
    assert written(record_of(stack="in serve"))["stack_info"] == "in serve"


def test_it_hides_mail_addresses() -> None:
    error = ValueError("{'ada+films@example.org': b'<ada+films@example.org> unknown'}")

    line = line_of(error, who="ada@example.org")

    assert line["who"] == "<address>"
    assert "{'<address>': b'<<address>> unknown'}" in line["exception"]


STATEMENTS = {
    "a row that is there": (
        "INSERT INTO accounts_user SELECT * FROM accounts_user",
        "duplicate key value violates unique constraint",
    ),
    "a row that may not be": (
        "UPDATE accounts_user SET username = '?'",
        "violates check constraint",
    ),
    "a statement": (
        "SELECT * FROM accounts_user WHERE id = 1 AND 'perhaps'",
        "invalid input syntax for type boolean",
    ),
}


@pytest.mark.parametrize(("statement", "reason"), STATEMENTS.values(), ids=STATEMENTS)
def test_it_hides_what_the_database_quotes(
    db: None, statement: str, reason: str
) -> None:
    user = make_user("ada", bio="Two\n\nparagraphs")

    with (
        pytest.raises(DatabaseError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    told = line_of(caught.value)["exception"]
    assert "\n" in str(caught.value).strip()
    assert told.count(reason) == 2  # the driver's error and Django's
    assert told.count("The above exception was the direct cause") == 1
    assert user.password not in told
    assert "paragraphs" not in told
    assert "SELECT" not in told
    assert secrets_in(told) == []
