"""What is down for a moment is told as such by the administration's views, too."""

from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from nexus.api.errors import failure_of, note, plain
from nexus.api.middleware import GetResponse

FAILED_BY: Final = "nexus.failed_by"  # in the environ: the code of what was down


class Outages:
    """Answers 503 where a view of Django's would crash; see `errors.handle`."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        failure = failure_of(exception)
        if failure is None or failure.status != 503:
            return None
        note(failure, exception)
        request.META[FAILED_BY] = failure.code
        return plain(request, failure)
