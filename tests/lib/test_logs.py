"""What a log line keeps to itself."""

import json
import logging
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from nexus.lib.logs import json_formatter
from tests.builders import make_user
from tests.logs import secrets_in


def line_of(error: BaseException | None = None, **told: Any) -> dict[str, Any]:
    """Return the line that is written where the error ends."""
    logger = logging.getLogger("nexus.requests")
    trace = None if error is None else (type(error), error, error.__traceback__)
    record = logger.makeRecord(
        logger.name, logging.ERROR, __file__, 1, "it failed", (), trace, extra=told
    )
    found: dict[str, Any] = json.loads(json_formatter().format(record))
    return found


def test_it_works() -> None:
    line = line_of(member=7)

    assert (line["event"], line["level"]) == ("it failed", "error")
    assert (line["logger"], line["member"]) == ("nexus.requests", 7)


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
