from typing import Any

from rest_framework import serializers

from nexus.accounts.models import USERNAME, AuditEntry, Role
from nexus.api.paging import CursorParams
from nexus.api.shapes.accounts import USERNAME_IN_WORDS, UserRef
from nexus.api.shapes.common import Reason, cursor_page_of


class RoleInput(Reason):
    role = serializers.ChoiceField(choices=Role.choices)


class RoleOutput(serializers.Serializer[Any]):
    username = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)


class AuditParams(CursorParams):
    action = serializers.RegexField(
        r"^[a-z_]{1,40}$",
        required=False,
        error_messages={"invalid": "An action looks like role_changed."},
        help_text="Such as `role_changed`.",
    )
    member = serializers.RegexField(
        USERNAME,
        required=False,
        error_messages={"invalid": USERNAME_IN_WORDS},
        help_text="The username of whom it is about.",
    )


class AuditOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    actor = UserRef(
        allow_null=True,
        help_text="null: the command line, the program itself, or somebody who left.",
    )
    member = UserRef(allow_null=True, help_text="Whom it is about.")
    action = serializers.CharField()
    subject = serializers.SerializerMethodField(help_text="Such as `rating 12`.")
    reason = serializers.SerializerMethodField()

    def get_subject(self, entry: AuditEntry) -> str | None:
        return entry.subject or None

    def get_reason(self, entry: AuditEntry) -> str | None:
        return entry.reason or None


AuditPage = cursor_page_of(AuditOutput, "AuditPage")
