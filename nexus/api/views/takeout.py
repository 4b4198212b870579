"""Everything that is held of a member, for the member."""

from typing import Any, Final

from django.http import FileResponse
from django.utils import timezone
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from nexus.accounts.queries import get_member
from nexus.api.endpoint import Binary, Endpoint, operation
from nexus.api.limits import EXPORT
from nexus.api.negotiation import JsonOnly
from nexus.api.reply import NEVER_STORE
from nexus.takeout.archive import make_archive

ZIP: Final = "application/zip"


class ZipOrJson(JsonOnly):
    """Also takes who asks for an archive by name; failures are JSON nevertheless."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        if ZIP in request.headers.get("Accept", "").lower():
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


class Export(Endpoint):
    limit = EXPORT
    cache_control = NEVER_STORE
    content_negotiation_class = ZipOrJson

    @operation(
        "Take out everything that is held of me, as a ZIP file",
        answers={200: Binary(ZIP)},
        failures=[404],
    )
    def get(self, request: Request) -> FileResponse:
        now = timezone.now()
        user = get_member(user_id=self.user.pk)
        return FileResponse(
            make_archive(user=user, now=now),
            as_attachment=True,
            filename=f"nexus-{user.username}-{now:%Y-%m-%d}.zip",
            content_type=ZIP,
        )
