"""Cookies are the administration's alone: other requests pass by what reads them."""

from collections.abc import Awaitable

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

PAGES = "/admin/"


class OnlyAdmin(MiddlewareMixin):
    def __call__(
        self, request: HttpRequest
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if request.path_info.startswith(PAGES):
            return super().__call__(request)
        return self.get_response(request)


class Sessions(OnlyAdmin, SessionMiddleware):
    pass


class Users(OnlyAdmin, AuthenticationMiddleware):
    pass


class Messages(OnlyAdmin, MessageMiddleware):
    pass
