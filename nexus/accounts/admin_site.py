"""The pages for administration, where they touch the account of who uses them."""

from typing import Any, cast

from django.contrib.admin import AdminSite
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from nexus.accounts.models import User
from nexus.accounts.operations import change_password
from nexus.lib.errors import NexusError


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


class OwnPasswordView(PasswordChangeView):
    form_class = OwnPasswordForm
    template_name = "registration/password_change_form.html"

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Show a refusal in the form: the member may be leaving meanwhile."""
        try:
            return super().form_valid(form)
        except NexusError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)


class NexusAdminSite(AdminSite):
    site_header = site_title = "Nexus"

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        view = OwnPasswordView.as_view(
            success_url=reverse("admin:password_change_done"),
            extra_context=self.each_context(request) | (extra_context or {}),
        )
        return cast("TemplateResponse", view(request))
