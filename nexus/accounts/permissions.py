"""What roles may do; see `roles` for who has which."""

from typing import Final

from nexus.accounts.models import User
from nexus.lib.errors import ForbiddenError

MANAGE_ROLES: Final = "accounts.manage_roles"
VIEW_AUDIT: Final = "accounts.view_auditentry"


class NotAllowed(ForbiddenError):
    def __init__(self) -> None:
        super().__init__("Your role does not allow this.")


def require_permission(user: User, permission: str) -> None:
    """Raise NotAllowed unless the user's role has the permission, `app.codename`."""
    if not user.has_perm(permission):
        raise NotAllowed
