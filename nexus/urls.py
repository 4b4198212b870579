"""The URL map: pages, the API, its documents, and what operators look at."""

from django.contrib import admin
from django.urls import path

from nexus.api import urls as api
from nexus.api.documents import JsonDocument, Redoc, Swagger, YamlDocument
from nexus.api.views.operation import Alive, Metrics, Ready
from nexus.web.views import start, to_swagger

urlpatterns = [
    *api.urlpatterns,
    path("", start),
    *(path(guess, to_swagger) for guess in ("docs/", "api/", "api/docs/")),
    path("openapi.json", JsonDocument.as_view(), name="openapi"),
    path("openapi.yaml", YamlDocument.as_view()),
    path("swagger/", Swagger.as_view()),
    path("redoc/", Redoc.as_view()),
    path("healthz", Alive.as_view()),
    path("readyz", Ready.as_view()),
    path("metrics", Metrics.as_view()),
    path("admin/", admin.site.urls),
]

handler400 = "nexus.api.errors.bad_request"
handler403 = "nexus.api.errors.forbidden"
handler404 = "nexus.api.errors.not_found"
handler500 = "nexus.api.errors.server_error"
