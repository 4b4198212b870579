"""What every mail of ours has in common."""

from collections.abc import Callable

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from nexus.accounts import mails
from nexus.accounts.models import EmailChange, User
from tests.builders import make_user

SENDERS = [
    mails.send_password_reset,
    mails.send_verification,
    mails.send_leave_address,
    mails.send_take_address,
    mails.send_theft_notice,
    mails.send_closing_notice,
    mails.send_password_notice,
]


@pytest.fixture
def chatty(db: None) -> User:
    """A member who put an advertisement wherever there was room for it."""
    user = make_user("evil.example.com", name="Call +1 555", bio="http://evil.example")
    now = timezone.now()
    user.closed_at = now
    user.save()
    EmailChange.objects.create(user=user, new_email="a@example.net", requested_at=now)
    user.sessions.create(
        device="http://evil.example",
        created_at=now,
        last_used_at=now,
        expires_at=now,
    )
    return user


@pytest.mark.parametrize("send", SENDERS, ids=lambda send: send.__name__)
def test_it_carries_nothing_that_a_member_chose(
    chatty: User, mailoutbox: list[EmailMessage], send: Callable[..., None]
) -> None:
    send(user_id=chatty.pk)

    (mail,) = mailoutbox
    text = f"{mail.subject}\n{mail.body}"
    assert not any(word in text for word in ("evil", "555", "Call"))


@pytest.mark.parametrize("send", SENDERS, ids=lambda send: send.__name__)
def test_it_writes_to_nobody_who_is_not_there(
    db: None, mailoutbox: list[EmailMessage], send: Callable[..., None]
) -> None:
    send(user_id=7)

    assert mailoutbox == []
