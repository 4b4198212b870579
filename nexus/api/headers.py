"""What every answer tells browsers, beyond what Django's own middleware says."""

from collections.abc import Awaitable
from functools import lru_cache
from typing import Any

from corsheaders.middleware import CorsMiddleware
from csp.constants import HEADER, SELF
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from nexus.api.middleware import GetResponse

# The policy of the settings lets an answer load nothing. This is what pages need
# besides, by the first part of their route.
PAGES: dict[str, dict[str, Any]] = {
    "": {"style-src": [SELF], "img-src": ["data:"]},
    "swagger": {
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
    },
    "redoc": {
        "script-src": [SELF],
        "style-src": [
            SELF,
            # ReDoc makes two style elements: one that is empty until it adds rules
            # by script, and one for its scroll bar, which changes with its version.
            "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
            "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
        ],
        "img-src": ["data:"],
        "connect-src": [SELF],
        "worker-src": ["blob:"],  # its search
    },
    "admin": {
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
    },
}
UNUSED = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "hid",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "serial",
    "usb",
)
EXPLAINED = (404, 500)  # by pages of Django's own, with scripts
PERMISSIONS = ", ".join(f"{feature}=()" for feature in UNUSED)


class BrowserRules:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response, match = self.get_response(request), request.resolver_match
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["Permissions-Policy"] = PERMISSIONS
        if not (settings.DEBUG and response.status_code in EXPLAINED):
            page = match.route.partition("/")[0] if match else "none"
            response[HEADER] = policy_of(page)
        return response


class OtherOrigins(CorsMiddleware):
    """Says what pages of other origins may read; most callers come from no page."""

    def __call__(
        self, request: HttpRequest
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if "HTTP_ORIGIN" in request.META or request.method == "OPTIONS":
            return super().__call__(request)
        response = self.get_response(request)
        assert isinstance(response, HttpResponseBase)  # the chain is synchronous
        patch_vary_headers(response, ("origin",))
        return response


@lru_cache(maxsize=256)
def policy_of(page: str) -> str:
    """Return the policy of pages whose route begins so."""
    return str(build_policy(replace=PAGES.get(page)))
