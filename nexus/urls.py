"""The URL map: pages, the API, its documents, and what operators look at."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView

from nexus.api.documents import JsonDocument, YamlDocument
from nexus.api.views.operation import Alive, Ready, metrics
from nexus.web.views import start

urlpatterns = [
    path("", start),
    path("api/", include("nexus.api.urls")),
    path("openapi.json", JsonDocument.as_view(), name="openapi"),
    path("openapi.yaml", YamlDocument.as_view()),
    path("swagger/", SpectacularSwaggerView.as_view(url_name="openapi")),
    path("redoc/", SpectacularRedocView.as_view(url_name="openapi")),
    path("healthz/", Alive.as_view()),
    path("readyz/", Ready.as_view()),
    path("metrics/", metrics),
    path("admin/", admin.site.urls),
]

handler400 = "nexus.api.errors.bad_request"
handler403 = "nexus.api.errors.forbidden"
handler404 = "nexus.api.errors.not_found"
handler500 = "nexus.api.errors.server_error"
