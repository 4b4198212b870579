"""Pages for people."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from nexus import __version__
from nexus.lib.notices import TMDB_NOTICE


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Say what this is and where the API's pages are."""
    context = {
        "version": __version__,
        "has_tmdb": bool(settings.TMDB_API_KEY),
        "tmdb_notice": TMDB_NOTICE,
    }
    return render(request, "web/start.html", context)


@require_safe
def to_swagger(request: HttpRequest) -> HttpResponse:
    """Lead from where people look for the API's pages to where these are."""
    return redirect("/swagger/")
