"""What every answer tells browsers, beyond what Django's own middleware says."""

from typing import Any

from csp.constants import SELF
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

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
PERMISSIONS = ", ".join(f"{feature}=()" for feature in UNUSED)


class BrowserRules(CSPMiddleware):
    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["Permissions-Policy"] = PERMISSIONS
        return super().process_response(request, response)

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002  the library's signature
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.resolver_match is not None:
            page = request.resolver_match.route.partition("/")[0]
            parts.replace = PAGES.get(page)
        return parts
