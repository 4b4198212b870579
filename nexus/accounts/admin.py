"""What operators look at. Members change themselves; here they are judged."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from nexus.accounts.models import ModerationEntry, Session, User


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    list_display = ["username", "email", "role", "is_active", "created_at"]
    list_filter = ["role", "is_active", "is_verified"]
    search_fields = ["username", "email", "name"]
    ordering = ["-created_at", "-id"]
    fields = [
        "username",
        "email",
        "name",
        "bio",
        "role",
        "is_active",
        "is_verified",
        "visibility",
        "created_at",
        "last_login",
    ]
    readonly_fields = ["visibility", "created_at", "last_login"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # members register: only they may know their password


class ReadOnly(admin.ModelAdmin[Model]):
    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Session)
class SessionAdmin(ReadOnly):
    list_display = ["user", "device", "address_prefix", "last_used_at", "ended_at"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__email"]
    ordering = ["-last_used_at", "-id"]
    exclude = ["refresh_hash"]


@admin.register(ModerationEntry)
class ModerationEntryAdmin(ReadOnly):
    list_display = ["created_at", "actor", "action", "subject", "reason"]
    list_select_related = ["actor"]
    list_filter = ["action"]
    search_fields = ["actor__username", "subject", "reason"]
    ordering = ["-created_at", "-id"]
