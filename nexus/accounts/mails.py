"""The mails we send, as plain text.

They greet by username: whoever registers a stranger's address also chooses the name,
and must not write to them through us.
"""

from django.conf import settings
from django.core.mail import send_mail

from nexus.accounts.models import User
from nexus.accounts.one_time import make_token

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


def send_password_reset(*, user_id: int) -> None:
    """Send the code if there is such a member, else nothing."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return
    token = make_token(user, "reset-password")
    text = RESET.format(username=user.username, token=token)
    send_mail("Your new password", text, settings.DEFAULT_FROM_EMAIL, [user.email])


def send_verification(*, user_id: int) -> None:
    user = User.objects.filter(pk=user_id, is_active=True, is_verified=False).first()
    if user is None:
        return
    token = make_token(user, "verify-email")
    text = VERIFY.format(username=user.username, token=token)
    send_mail(
        "Confirm your mail address", text, settings.DEFAULT_FROM_EMAIL, [user.email]
    )
