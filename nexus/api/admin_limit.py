"""Guessing passwords is as slow at the administration's door as at the API's."""

from django.db import Error as DatabaseTrouble
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import Throttled

from nexus.accounts.hashing import TooManyPasswords
from nexus.api.buckets import Charged, charge, headers_of
from nexus.api.errors import failure_of, framework_failure, note, plain
from nexus.api.limits import LOGIN_ADDRESS, network_of
from nexus.api.login_guard import Attempt, guard_login, guard_password
from nexus.api.middleware import GetResponse
from nexus.api.outages import FAILED_BY

LOGIN_PATH = "/admin/login/"
CHANGE_PATH = "/admin/password_change/"


class AdminLoginLimit:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        guarded = {LOGIN_PATH: self.sign_in, CHANGE_PATH: self.change_password}
        guard = guarded.get(request.path_info)
        if request.method != "POST" or guard is None:
            return self.get_response(request)
        told: list[Charged] = []
        try:
            response = guard(request, told)
        except Throttled as error:
            response = plain(request, framework_failure(error))
        except DatabaseTrouble as error:
            failure = failure_of(error)
            if failure is None:
                raise
            note(failure, error)
            response = plain(request, failure)
        for name, value in headers_of(told).items():
            response[name] = value
        return response

    def sign_in(self, request: HttpRequest, told: list[Charged]) -> HttpResponseBase:
        address = str(request.META["REMOTE_ADDR"])
        charge(LOGIN_ADDRESS, network_of(address), told=told)
        # The form will refuse a NUL; the database cannot be asked about one.
        login = request.POST.get("username", "").replace("\0", "")[:254]
        attempt = guard_login(
            login=login, address=address, told=told, now=timezone.now()
        )
        return self.go_on(request, attempt)

    def change_password(
        self, request: HttpRequest, told: list[Charged]
    ) -> HttpResponseBase:
        user_id = request.user.pk
        if user_id is None:  # sent to the sign-in
            return self.get_response(request)
        return self.go_on(request, guard_password(user_id=user_id, told=told))

    def go_on(self, request: HttpRequest, attempt: Attempt) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 302:  # the form was right
            attempt.forgive()
        elif request.META.get(FAILED_BY) == TooManyPasswords.code:
            attempt.undo()
        return response
