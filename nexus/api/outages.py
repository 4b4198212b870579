"""What is down for a moment is told as such by Django's own pages, too."""

import logging

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from nexus.api.errors import failure_of, plain
from nexus.api.middleware import GetResponse

logger = logging.getLogger(__name__)


class Outages:
    """Answers 503 where the administration's pages would crash; see `errors.handle`."""

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
        logger.warning("answered %s", failure.code)
        return plain(request, failure)
