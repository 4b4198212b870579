"""Guessing passwords is as slow at the administration's door as at the API's."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import Throttled

from nexus.api.errors import framework_failure, plain
from nexus.api.limits import LOGIN_ACCOUNT, LOGIN_ADDRESS, Charged, charge
from nexus.api.middleware import GetResponse

LOGIN_PATH = "/admin/login/"


class AdminLoginLimit:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "POST" and request.path_info == LOGIN_PATH:
            told: list[Charged] = []
            account = request.POST.get("username", "")[:254].lower()
            try:
                charge(LOGIN_ADDRESS, str(request.META["REMOTE_ADDR"]), told=told)
                charge(LOGIN_ACCOUNT, f"login:{account}", told=told)
            except Throttled as error:
                return plain(request, framework_failure(error))
        return self.get_response(request)
