"""The OpenAPI document and the pages that show it."""

from functools import cache
from typing import Any, ClassVar

from django.http import HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView


class FirstRenderer(BaseContentNegotiation):
    """The path says the format; `Accept` has no word."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return None

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class Document(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]
    content_negotiation_class = FirstRenderer


class SharedDocument(SchemaGenerator):
    """The document is the same for everybody, and takes a tenth of a second to make."""

    def get_schema(self, request: Request | None = None, public: bool = False) -> Any:  # noqa: FBT001, FBT002  the library's signature
        return make_document()


@cache
def make_document() -> Any:
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # untyped
    return generator.get_schema(public=True)  # type: ignore[no-untyped-call]  # untyped


class JsonDocument(Document, SpectacularAPIView):
    generator_class = SharedDocument
    renderer_classes = [OpenApiJsonRenderer]


class YamlDocument(Document, SpectacularAPIView):
    generator_class = SharedDocument
    renderer_classes = [OpenApiYamlRenderer]


class Page(Document):
    """The library's own pages hold scripts, and ask other companies for things."""

    template_name: ClassVar[str]

    def get(self, request: Request) -> HttpResponse:
        return render(request, self.template_name)


class Swagger(Page):
    template_name = "api/swagger.html"


class Redoc(Page):
    template_name = "api/redoc.html"
