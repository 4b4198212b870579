"""What admins decide about other members, and the log of such decisions."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request

from nexus.accounts import roles
from nexus.accounts.models import Role
from nexus.accounts.queries import audit_entries
from nexus.api.endpoint import Endpoint, operation
from nexus.api.paging import Keyset, cursor_body
from nexus.api.reply import Reply
from nexus.api.shapes import members as shapes
from nexus.api.shapes.common import Reason

AUDIT = Keyset("audit", "created_at")


class RoleOfMember(Endpoint):
    """For admins."""

    @operation(
        "Give a member another role",
        body=shapes.RoleInput,
        answers={200: shapes.RoleOutput},
        failures=[403, 409],
    )
    def put(self, request: Request, username: str) -> Reply:
        user = roles.change_role(
            actor=self.user,
            user_id=roles.get_manageable(viewer=self.user, username=username).pk,
            role=Role(self.body["role"]),
            reason=self.body["reason"],
            now=timezone.now(),
        )
        return Reply(shapes.RoleOutput(user).data)


class ShutOut(Endpoint):
    """For admins."""

    @operation(
        "Shut a member out, ending all their sessions",
        body=Reason,
        answers={204: None},
        failures=[403, 409],
    )
    def put(self, request: Request, username: str) -> Reply:
        roles.shut_out(
            actor=self.user,
            user_id=roles.get_manageable(viewer=self.user, username=username).pk,
            reason=self.body["reason"],
            now=timezone.now(),
        )
        return Reply(status=204)

    @operation("Let a member in again", answers={204: None}, failures=[403])
    def delete(self, request: Request, username: str) -> Reply:
        user = roles.get_manageable(viewer=self.user, username=username)
        roles.let_in(actor=self.user, user_id=user.pk, now=timezone.now())
        return Reply(status=204)


class AuditLog(Endpoint):
    """For admins."""

    def shape(self, entries: list[Any]) -> Any:
        return shapes.AuditOutput(entries, many=True, context={}).data

    @operation(
        "List what was done to members' access and to what they publish, newest first",
        params=shapes.AuditParams,
        answers={200: shapes.AuditPage},
        failures=[403],
    )
    def get(self, request: Request) -> Reply:
        named = {name: self.params.get(name) for name in ("action", "member")}
        rows = audit_entries(viewer=self.user, **named)
        body = cursor_body(request, self.params, rows, AUDIT, render=self.shape)
        return Reply(body)
