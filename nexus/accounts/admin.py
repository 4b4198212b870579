"""What operators look at. Members change themselves; here they are judged."""

from collections.abc import Callable
from typing import Any, TypeVar

# Registers the groups, which are registered anew below.
import django.contrib.auth.admin  # noqa: F401
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from nexus.accounts.audit import LONGEST_REASON
from nexus.accounts.models import AuditEntry, Role, Session, User
from nexus.accounts.roles import change_access, remove_member
from nexus.administration import ReadOnly
from nexus.lib.errors import NexusError

T = TypeVar("T")


class AccessForm(forms.ModelForm[User]):
    """The two things that an admin decides about a member."""

    actor: User  # the signed-in admin
    reason = forms.CharField(
        required=False, max_length=LONGEST_REASON, help_text="Kept in the audit log."
    )

    class Meta:
        model = User
        fields = ["role", "is_active"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.show_hidden_initial = True  # what the admin saw, see `changed`

    def changed(self, name: str, kind: Callable[[Any], T]) -> T | None:
        """Return what the admin changed; the rest may be another's by now."""
        return kind(self.cleaned_data[name]) if name in self.changed_data else None

    def clean(self) -> dict[str, Any] | None:
        """Carry the change out: only here a refusal can still be shown in the form.

        The page has one transaction for this and for what follows.
        """
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            change_access(
                actor=self.actor,
                user_id=self.instance.pk,
                role=self.changed("role", Role),
                is_active=self.changed("is_active", bool),
                reason=cleaned["reason"],
                now=timezone.now(),
            )
        except NexusError as error:
            raise forms.ValidationError(str(error)) from error
        return cleaned


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    form = AccessForm
    list_display = ["username", "email", "role", "is_active", "created_at"]
    list_filter = ["role", "is_active", "is_verified"]
    search_fields = ["username", "email", "name"]
    ordering = ["-created_at", "-id"]
    readonly_fields = [
        "username",
        "email",
        "name",
        "bio",
        "is_verified",
        "visibility",
        "created_at",
        "last_login",
        "closed_at",
    ]
    fields = ["role", "is_active", "reason", *readonly_fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # members register: only they may know their password

    def get_form(
        self, request: HttpRequest, *args: Any, **options: Any
    ) -> type[AccessForm]:
        form = super().get_form(request, *args, **options)
        return type("AccessFormOfActor", (form,), {"actor": request.user})

    def save_model(self, *args: Any, **options: Any) -> None:
        """Nothing is left to do after the form."""

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Name the members alone: what is theirs goes with them, however much it is."""
        return [str(user) for user in objs], {"members": len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        remove_member(actor=acting(request), user_id=obj.pk, now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        # Whoever removes themselves can do nothing after that.
        for user in sorted(queryset, key=lambda user: user == request.user):
            self.delete_model(request, user)

    def delete_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except NexusError as error:
            return self.refuse(request, error)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            with transaction.atomic():  # of several members all are removed, or none
                return super().changelist_view(request, extra_context)
        except NexusError as error:
            return self.refuse(request, error)

    def refuse(self, request: HttpRequest, error: NexusError) -> HttpResponse:
        self.message_user(request, str(error), messages.ERROR)
        return redirect("admin:accounts_user_changelist")


def acting(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@admin.register(Session)
class SessionAdmin(ReadOnly, admin.ModelAdmin[Session]):
    list_display = ["user", "device", "address_prefix", "last_used_at", "ended_at"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__email"]
    ordering = ["-last_used_at", "-id"]
    exclude = ["refresh_hash", "spent_hash"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, admin.ModelAdmin[AuditEntry]):
    list_display = ["created_at", "actor", "action", "member", "subject", "reason"]
    list_select_related = ["actor", "member"]
    list_filter = ["action"]
    search_fields = ["actor__username", "member__username", "subject", "reason"]
    ordering = ["-created_at", "-id"]


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(ReadOnly, admin.ModelAdmin[Group]):
    """Every role's; the program makes them, see `roles`."""

    search_fields = ["name"]
    ordering = ["name"]
