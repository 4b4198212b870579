"""Another mail address: it counts once both mailboxes have said yes.

The old one, so that a thief of the session cannot take the account away; the new one,
so that nobody enters an address that is not theirs.
"""

from datetime import datetime

from django.db import transaction

from nexus.accounts import audit
from nexus.accounts.models import EmailChange, User
from nexus.accounts.one_time import BadToken, read_token
from nexus.accounts.operations import locked, naming_the_taken, require_password
from nexus.lib.errors import InvalidError
from nexus.queue import do_later


class SameAddress(InvalidError):
    code = "same"


@transaction.atomic
def request_email_change(
    *, user: User, new_email: str, password: str, now: datetime
) -> None:
    """Send a code to both addresses; an earlier wish is forgotten.

    Raises WrongPassword. That the address is somebody else's shows only in mailboxes.
    """
    user = locked(user)
    require_password(user, password)
    if new_email.lower() == user.email:
        raise SameAddress("This is your address already.", field="new_email")
    EmailChange.objects.update_or_create(
        user=user,
        defaults={
            "new_email": new_email.lower(),
            "requested_at": now,
            "old_confirmed_at": None,
            "new_confirmed_at": None,
        },
    )
    audit.record("email_change_requested", actor=user, member=user, now=now)
    for task in ("send_leave_address", "send_take_address"):
        do_later(task, arguments={"user_id": user.pk})


@transaction.atomic
def confirm_email_change(*, token: str, now: datetime) -> bool:
    """Note one mailbox's yes; say whether it was the second and the address changed.

    Raises BadToken, and Taken if somebody registered with the address meanwhile.
    """
    user, purpose = read_token(token, "leave-old-address", "take-new-address", now=now)
    change = EmailChange.objects.filter(user=user).first()
    if change is None:
        raise BadToken
    if purpose == "leave-old-address":
        change.old_confirmed_at = now
    else:
        change.new_confirmed_at = now
    if change.old_confirmed_at is None or change.new_confirmed_at is None:
        change.save()
        return False
    user.email, user.is_verified = change.new_email, True
    with naming_the_taken():
        user.save(update_fields=["email", "is_verified"])
    change.delete()
    audit.record("email_changed", actor=user, member=user, now=now)
    return True
