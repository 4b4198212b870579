"""The audit log: written in the transaction of what it tells."""

from datetime import datetime
from typing import Final

from nexus.accounts.models import AuditEntry, User

LONGEST_REASON: Final = 500


def record(
    action: str,
    *,
    now: datetime,
    actor: User | None = None,
    member: User | None = None,
    subject: str = "",
    reason: str = "",
) -> None:
    """Add an entry; no actor means the command line or the program itself.

    Subject and reason must not name a member: entries outlive accounts.
    """
    AuditEntry.objects.create(
        action=action,
        actor=actor,
        member=member,
        subject=subject,
        reason=reason,
        created_at=now,
    )
