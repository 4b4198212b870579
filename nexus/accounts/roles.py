"""Roles: each is a group of Django's, whose permissions say what its members may do."""

from datetime import datetime
from functools import partial
from typing import Final

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q, QuerySet

from nexus.accounts import audit
from nexus.accounts.access import outdate_tokens
from nexus.accounts.closing import erase_account, forget_admin_sessions
from nexus.accounts.models import Role, User
from nexus.accounts.permissions import MANAGE_ROLES, NotAllowed, require_permission
from nexus.accounts.queries import ProfileNotFound
from nexus.accounts.sessions import end_sessions
from nexus.lib.errors import ConflictError

MODERATION: Final = ("hide_review", "hide_playlist")


class LastAdmin(ConflictError):
    code = "last_admin"

    def __init__(self) -> None:
        super().__init__("Somebody has to remain an admin: promote another one first.")


@transaction.atomic
def ensure_groups() -> None:
    """Give every role its group, with all that it should be allowed in this version."""
    for role in Role:
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set(permissions_of(role))


def make_missing_groups() -> None:
    """Make the groups in a database that was migrated, but never started with."""
    if Group.objects.filter(name__in=Role.values).count() < len(Role):
        ensure_groups()


def permissions_of(role: Role) -> QuerySet[Permission]:
    match role:
        case Role.ADMIN:
            return Permission.objects.all()
        case Role.MODERATOR:
            return Permission.objects.filter(codename__in=MODERATION)
        case Role.MEMBER:
            return Permission.objects.none()


def get_manageable(*, viewer: User, username: str) -> User:
    """Return the member, also one who is shut out or leaving.

    Raises NotAllowed, whether or not there is one, or ProfileNotFound.
    """
    require_permission(viewer, MANAGE_ROLES)
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise ProfileNotFound("There is no such member.")
    return user


def change_role(
    *, actor: User | None, user_id: int, role: Role, now: datetime, reason: str = ""
) -> User:
    """Give the member another role; raises as `change_access`."""
    return change_access(
        actor=actor, user_id=user_id, role=role, reason=reason, now=now
    )


def shut_out(*, actor: User, user_id: int, reason: str, now: datetime) -> None:
    """Keep the member from signing in and end where they are."""
    change_access(actor=actor, user_id=user_id, is_active=False, reason=reason, now=now)


def let_in(*, actor: User, user_id: int, now: datetime, reason: str = "") -> None:
    """Undo `shut_out`."""
    change_access(actor=actor, user_id=user_id, is_active=True, reason=reason, now=now)


@transaction.atomic
def change_access(
    *,
    actor: User | None,
    user_id: int,
    now: datetime,
    role: Role | None = None,
    is_active: bool | None = None,
    reason: str = "",
) -> User:
    """Change what is given; what is so already is no change. Return the member.

    No actor means the command line. Raises NotAllowed, ProfileNotFound, and LastAdmin
    where no admin would be left.
    """
    make_missing_groups()
    user, others = lock_for(actor=actor, user_id=user_id)
    was_admin = is_admin(user)
    record = partial(audit.record, actor=actor, member=user, reason=reason, now=now)
    if role is not None and role != user.role:
        record("role_changed", subject=f"{user.role} to {role}")
        user.role = role
        outdate_tokens(user)
    if is_active is not None and is_active != user.is_active:
        record("let_in" if is_active else "shut_out")
        user.is_active = is_active
        end_sessions(user=user, keep=None, now=now)
    if was_admin and not is_admin(user):
        refuse_last(others)
        forget_admin_sessions(user)  # else a role given again would open them
    user.save(update_fields=["role", "is_active"])
    return user


@transaction.atomic
def remove_member(*, actor: User, user_id: int, now: datetime) -> None:
    """Erase the account at once; raises as `change_access`."""
    user, others = lock_for(actor=actor, user_id=user_id)
    if is_admin(user):
        refuse_last(others)
    # Else their tokens would be believed for half a minute more.
    outdate_tokens(user)
    erase_account(user_id=user_id, actor=actor, now=now)


def lock_for(*, actor: User | None, user_id: int) -> tuple[User, list[User]]:
    """Return the member and who else is an admin, all locked; raises NotAllowed.

    They are locked in one order: two admins may be after each other. What the actor may
    is read after that, for the other one may have been faster.
    """
    named = {user_id} if actor is None else {user_id, actor.pk}
    concerned = User.objects.filter(Q(role=Role.ADMIN) | Q(pk__in=named))
    found = {user.pk: user for user in concerned.order_by("pk").select_for_update()}
    if actor is not None:
        if actor.pk not in found:
            raise NotAllowed
        require_permission(found[actor.pk], MANAGE_ROLES)
    user = found.pop(user_id, None)
    if user is None:
        raise ProfileNotFound("There is no such member.")
    return user, [other for other in found.values() if is_admin(other)]


def is_admin(user: User) -> bool:
    """Say whether the user can act as an admin now: neither shut out nor leaving."""
    return user.is_staff and user.is_active


def refuse_last(others: list[User]) -> None:
    if not others:
        raise LastAdmin
