"""The mails we send, as plain text.

They carry nothing that a member chose: whoever registers a stranger's address must not
write to them through us, be it by a name or by what their browser calls itself.
"""

from typing import Final

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone

from nexus.accounts.closing import UNDO, still_open
from nexus.accounts.models import EmailChange, User
from nexus.accounts.one_time import Purpose, make_token

RESET = """Hello,

somebody asked for a new password of your account on Nexus. With this code you can set
one within the next hour:

{token}

If it was not you, nothing has to be done.
"""

VERIFY = """Hello,

this code confirms that this is your mail address on Nexus:

{token}
"""

LEAVE_ADDRESS = """Hello,

somebody who knows your password wants your account on Nexus to use another mail address
from now on. If it was you, confirm it within a day with this code, and with the one
that went to the new address:

{token}

If it was not you, change your password at once: without this code nothing changes.
"""

TAKE_ADDRESS = """Hello,

this code confirms that this is to be the mail address of your account on Nexus. The one
that went to your present address is needed as well:

{token}

If you do not know of this, nothing has to be done.
"""

ADDRESS_IN_USE = """Hello,

somebody wants to use this mail address for another account on Nexus. It belongs to
yours, so it stays with yours. If it was you, sign in with this account, or change its
address first. If it was not, nothing has to be done.
"""

THEFT = """Hello,

somebody used a key to your account on Nexus a second time. It may have been copied, so
we ended that session, for you and for whoever else held the key. Sign in again. If you
see sessions that you do not know, end them and change your password.
"""

CLOSING = """Hello,

your account on Nexus is closed, and nobody can see what you published. Whoever signs in
with your password within {days} days takes that back; after that, everything is erased.
"""

CHANGED = """Hello,

the password of your account on Nexus was changed. If it was not you, ask for a new one
at once.
"""


def send(user: User, subject: str, text: str, **words: object) -> None:
    body = text.format(**words)
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
    user = find_user(user_id)
    change = EmailChange.objects.filter(user=user).select_related("user").first()
    if user is None or change is None:
        return
    owner = User.objects.filter(email=change.new_email).first()
    if owner is not None:
        send(owner, "Your mail address is in use", ADDRESS_IN_USE)
        return
    token = make_token(change.user, "take-new-address")
    text = TAKE_ADDRESS.format(token=token)
    sender = settings.DEFAULT_FROM_EMAIL
    send_mail("Confirm your new mail address", text, sender, [change.new_email])


def send_theft_notice(*, user_id: int) -> None:
    user = find_user(user_id)
    if user is not None:
        send(user, "A session of yours was ended", THEFT)


def send_closing_notice(*, user_id: int) -> None:
    user = find_user(user_id)
    if user is not None and user.closed_at is not None:
        send(user, "Your account is closed", CLOSING, days=UNDO.days)


def send_password_notice(*, user_id: int) -> None:
    user = find_user(user_id)
    if user is not None:
        send(user, "Your password was changed", CHANGED)
