"""A URL map with a defect in it."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret detail")


urlpatterns = [path("broken/", broken)]
handler500 = "nexus.api.errors.server_error"
