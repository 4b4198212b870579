"""The mails we send, as plain text.

They greet by username: whoever registers a stranger's address also chooses the name,
and must not write to them through us.
"""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone

from nexus.accounts.closing import UNDO, still_open
from nexus.accounts.models import EmailChange, Session, User
from nexus.accounts.one_time import Purpose, make_token

RESET = """Hello {username},

somebody asked for a new password of your account on Nexus. With this code you can set
one within the next hour:

{token}

If it was not you, nothing has to be done.
"""

VERIFY = """Hello {username},

this code confirms that this is your mail address on Nexus:

{token}
"""

LEAVE_ADDRESS = """Hello {username},

somebody who knows your password wants your account on Nexus to use another mail address
from now on. If it was you, confirm it within a day with this code, and with the one
that went to the new address:

{token}

If it was not you, change your password at once: without this code nothing changes.
"""

TAKE_ADDRESS = """Hello {username},

this code confirms that this is to be the mail address of your account on Nexus. The one
that went to your present address is needed as well:

{token}

If you do not know of this, nothing has to be done.
"""

ADDRESS_IN_USE = """Hello {username},

somebody wants to use this mail address for another account on Nexus. It belongs to
yours, so it stays with yours. If it was you, sign in with this account, or change its
address first. If it was not, nothing has to be done.
"""

THEFT = """Hello {username},

somebody used a key to your account on Nexus a second time, from a device that calls
itself {device}. It may have been copied, so we ended that session, for you and for
whoever else held the key. Sign in again. If you see sessions that you do not know, end
them and change your password.
"""

CLOSING = """Hello {username},

your account on Nexus is closed, and nobody can see what you published. Whoever signs in
with your password within {days} days takes that back; after that, everything is erased.
"""

CHANGED = """Hello {username},

the password of your account on Nexus was changed. If it was not you, ask for a new one
at once.
"""


def send(user: User, subject: str, text: str, **words: object) -> None:
    body = text.format(username=user.username, **words)
    send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [user.email])


def find_user(user_id: int) -> User | None:
    """Return the member, also one who is leaving: they may still come back."""
    return User.objects.filter(still_open(timezone.now()), pk=user_id).first()


def send_code(user: User, subject: str, text: str, purpose: Purpose) -> None:
    send(user, subject, text, token=make_token(user, purpose))


def send_password_reset(*, user_id: int) -> None:
    """Send the code if there is such a member, else nothing."""
    user = find_user(user_id)
    if user is not None:
        send_code(user, "Your new password", RESET, "reset-password")


def send_verification(*, user_id: int) -> None:
    user = find_user(user_id)
    if user is not None and not user.is_verified:
        send_code(user, "Confirm your mail address", VERIFY, "verify-email")


LEAVE_SUBJECT: Final = "Another mail address for your account?"


def send_leave_address(*, user_id: int) -> None:
    """Ask the present address whether the account may leave it."""
    user = find_user(user_id)
    if user is not None and EmailChange.objects.filter(user=user).exists():
        send_code(user, LEAVE_SUBJECT, LEAVE_ADDRESS, "leave-old-address")


def send_take_address(*, user_id: int) -> None:
    """Ask the new address whether it wants the account, or tell whose it is already."""
    change = EmailChange.objects.filter(user=user_id).select_related("user").first()
    if change is None:
        return
    owner = User.objects.filter(email=change.new_email).first()
    if owner is not None:
        send(owner, "Your mail address is in use", ADDRESS_IN_USE)
        return
    token = make_token(change.user, "take-new-address")
    text = TAKE_ADDRESS.format(username=change.user.username, token=token)
    sender = settings.DEFAULT_FROM_EMAIL
    send_mail("Confirm your new mail address", text, sender, [change.new_email])


def send_theft_notice(*, user_id: int, session_id: UUID) -> None:
    user = find_user(user_id)
    session = Session.objects.filter(pk=session_id).first()
    if user is not None and session is not None:
        device = session.device or "nothing"
        send(user, "A session of yours was ended", THEFT, device=device)


def send_closing_notice(*, user_id: int) -> None:
    user = find_user(user_id)
    if user is not None and user.closed_at is not None:
        send(user, "Your account is closed", CLOSING, days=UNDO.days)


def send_password_notice(*, user_id: int) -> None:
    user = find_user(user_id)
    if user is not None:
        send(user, "Your password was changed", CHANGED)
