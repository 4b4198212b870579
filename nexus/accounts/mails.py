"""The mails we send, as plain text."""

from django.conf import settings
from django.core.mail import send_mail

from nexus.accounts.models import User
from nexus.accounts.one_time import make_token

RESET = """Hello {name},

somebody asked for a new password of your account on Nexus. With this code you can set
one within the next hour:

{token}

If it was not you, nothing has to be done.
"""

VERIFY = """Hello {name},

this code confirms that this is your mail address on Nexus:

{token}
"""


def send_password_reset(*, email: str) -> None:
    """Send the code if the address belongs to a member, else nothing."""
    user = User.objects.filter(email=email, is_active=True).first()
    if user is None:
        return
    text = RESET.format(name=user.name, token=make_token(user, "reset-password"))
    send_mail("Your new password", text, settings.DEFAULT_FROM_EMAIL, [user.email])


def send_verification(*, user_id: int) -> None:
    user = User.objects.filter(pk=user_id, is_active=True, is_verified=False).first()
    if user is None:
        return
    text = VERIFY.format(name=user.name, token=make_token(user, "verify-email"))
    send_mail(
        "Confirm your mail address", text, settings.DEFAULT_FROM_EMAIL, [user.email]
    )
