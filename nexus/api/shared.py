"""Answers that are the same for everybody: what views and the edge agree upon.

A view may share its answer with all who ask the same (`share`). The edge, where there
is one, keeps such answers, and puts the caller's address in for the mark.
"""

from typing import Final

from django.http import HttpRequest
from django.utils.http import parse_etags

KEEP_S: Final = "nexus.edge.keep_s"
MARK: Final = "nexus.edge.mark"
ADDRESS: Final = "nexus.address"
ROUTE: Final = "nexus.route"


def share(request: HttpRequest, *, keep_s: float) -> None:
    """Let the edge tell this answer to others, for so many seconds; 0 takes it back."""
    if keep_s > 0:
        request.META[KEEP_S] = keep_s
    else:
        request.META.pop(KEEP_S, None)


def address_of(request: HttpRequest) -> str:
    """Return scheme and host of the request; the mark where others get the answer."""
    if KEEP_S in request.META and MARK in request.META:
        return str(request.META[MARK])
    return own_address(request)


def own_address(request: HttpRequest) -> str:
    """Return scheme and host of the request, which Django finds out anew each time."""
    found: str | None = request.META.get(ADDRESS)
    if found is None:
        found = request.META[ADDRESS] = f"{request.scheme}://{request.get_host()}"
    return found


def bytes_for_all(request: HttpRequest, content: bytes) -> bytes:
    """Return the same for the answer with the caller's address and with the mark.

    In place of both comes what JSON never holds, so that nothing else becomes equal.
    """
    if KEEP_S not in request.META:
        return content
    for address in filter(None, (own_address(request), request.META.get(MARK))):
        content = content.replace(address.encode(), b"\0")
    return content


def names(told: str, etag: str) -> bool:
    """Say whether If-None-Match names the answer; weakly, as RFC 9110 has it."""
    if not told:
        return False
    if told == etag:
        return True
    known = parse_etags(told)
    return etag in {name.removeprefix("W/") for name in known} or known == ["*"]
