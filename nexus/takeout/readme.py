"""The words that go along with the archive."""

from datetime import datetime
from textwrap import fill
from typing import Final

from nexus.lib.notices import TMDB_NOTICE
from nexus.takeout.cells import day_or_instant
from nexus.takeout.holdings import HOLDINGS, ROW_NUMBER

WIDTH: Final = 88
README: Final = """\
Everything that Nexus holds of {username}, as of {instant}.

THE FILES

{files}

HOW TO READ THEM

- All text is UTF-8. Instants are RFC 3339, in UTC. A film's id is TMDb's.
- In nexus.json, null means that something is unknown or not there; in the tables an
  empty cell does. The tables are CSV (RFC 4180); the first row names their columns.
- In a cell of text, an apostrophe stands before = + - or @ wherever a spreadsheet could
  take it for the start of a formula: at the beginning of the text or of a line, and
  after a semicolon or a tab. Formulas can do harm, and some texts, such as the titles
  of films, are the words of others. nexus.json has every text as it was written. To get
  that from a table, take one apostrophe away wherever some stand at such a place.

WHAT IS NOT THERE

{left_out}
- Numbers of rows, in several tables:
  {row_number}.
- Who else took part in what audit and admin_log tell: that is held of them, not of you.
- Mails that are about to be sent to you: they wait under the number of your account and
  are forgotten within three days.
- A sign-in to the pages for administration: it ends within eight hours.
- What the operator of this server writes to log files and back-ups.

{notice}
"""


def readme(*, username: str, now: datetime) -> str:
    return README.format(
        username=username,
        instant=day_or_instant(now),
        files="\n".join(files()),
        left_out="\n".join(left_out()),
        row_number=ROW_NUMBER,
        notice=TMDB_NOTICE,
    )


def files() -> list[str]:
    lists = [found.name for found in HOLDINGS if not found.is_single]
    tables = ", ".join(f"{name}.csv" for name in lists)
    return [
        "nexus.json holds everything in one document:",
        "",
        *(wrapped(f'- "{found.name}": {found.about}') for found in HOLDINGS),
        "",
        fill(f"Each list is a table too: {tables}.", WIDTH),
    ]


def left_out() -> list[str]:
    return [
        wrapped(f"- {field} ({found.name}): {reason}.")
        for found in HOLDINGS
        for source in found.sources
        for field, reason in source.left_out.items()
        if reason != ROW_NUMBER
    ]


def wrapped(item: str) -> str:
    return fill(item, WIDTH, subsequent_indent="  ")
