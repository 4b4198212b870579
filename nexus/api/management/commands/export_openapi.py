"""`export-openapi`: writes the API's document, without a server and a database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.encoding import force_str
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer

from nexus.api.documents import make_document
from nexus.console import OwnCommand

RENDERERS = {"json": OpenApiJsonRenderer, "yaml": OpenApiYamlRenderer}


class Command(OwnCommand):
    help = (
        "Write the API's OpenAPI document. Exit codes: 0 done, 1 the file cannot be "
        "written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "path",
            type=Path,
            nargs="?",
            metavar="FILE",
            help="Replaced if it is there; without one, it is written to the terminal.",
        )
        parser.add_argument("--format", choices=list(RENDERERS), default="json")

    def handle(self, *args: Any, **options: Any) -> None:
        renderer = RENDERERS[options["format"]]()
        text = force_str(renderer.render(make_document(), renderer_context={}))
        if options["path"] is None:
            self.stdout.write(text)
            return
        try:
            options["path"].write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{options['path']}: {error.strerror}.") from error
