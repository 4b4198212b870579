"""The pages for administration, where they touch the account of who uses them."""

from typing import Any, cast

from django.contrib.admin import AdminSite
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from nexus.accounts.models import User
from nexus.accounts.operations import change_password


class OwnPasswordForm(PasswordChangeForm):
    """Changes the password as the API does: sessions end, the member is told."""

    user: User

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002  Django's name
        change_password(
            user=self.user,
            current_password=self.cleaned_data["old_password"],
            new_password=self.cleaned_data["new_password1"],
            session_id=None,
            now=timezone.now(),
        )
        self.user.refresh_from_db()
        return self.user


class NexusAdminSite(AdminSite):
    site_header = site_title = "Nexus"

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        view = PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("admin:password_change_done"),
            template_name="registration/password_change_form.html",
            extra_context=self.each_context(request) | (extra_context or {}),
        )
        return cast("TemplateResponse", view(request))
