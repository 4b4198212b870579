from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from procrastinate.contrib.django import app

from nexus.accounts.models import Session, User
from nexus.accounts.sessions import open_session, purge_sessions
from tests.builders import NOW

DAY = timedelta(days=1)


def make_session(
    user: User, *, expires_at: datetime, ended_at: datetime | None = None
) -> Session:
    opened = open_session(user=user, device="", address="", now=NOW)
    opened.session.expires_at, opened.session.ended_at = expires_at, ended_at
    opened.session.save()
    return opened.session


@pytest.mark.parametrize(
    ("expires", "ended", "kept"),
    [
        (14, None, True),
        (-59, None, True),
        (-61, None, False),
        (5, -1, True),
        (5, -59, True),
        (5, -61, False),
    ],
)
def test_it_deletes_what_was_over_two_months_ago(
    owner: User, expires: int, ended: int | None, kept: bool
) -> None:
    ended_at = None if ended is None else NOW + ended * DAY
    make_session(owner, expires_at=NOW + expires * DAY, ended_at=ended_at)

    deleted = purge_sessions(now=NOW)

    assert deleted == (0 if kept else 1)
    assert Session.objects.exists() == kept


def test_it_is_a_job(owner: User) -> None:
    make_session(owner, expires_at=timezone.now() - 61 * DAY)
    make_session(owner, expires_at=timezone.now() + DAY)

    app.tasks["purge_sessions"].func(timestamp=0)

    assert Session.objects.count() == 1
