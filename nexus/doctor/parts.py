"""What stands beside the database: Valkey, TMDb, the trained model, the settings."""

from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.core.checks import ERROR, WARNING, CheckMessage, run_checks
from redis.exceptions import RedisError

from nexus import valkey as server
from nexus.catalog import images
from nexus.doctor.findings import Finding, ok, unknown, wrong
from nexus.lib.errors import NexusError
from nexus.recommendations.artefacts import ModelUnreadable, read_model
from nexus.recommendations.operations import active_model

KEY: Final = "nexus:doctor"
HTTPS_IS_OFF: Final = (
    "HTTPS is off: passwords, tokens and cookies could travel in the clear.",
    "Have a proxy end TLS, and set HTTPS=on: see docs/deploy.md.",
)
# Django names settings of its own. Here: what it comes from, and the variable to set.
IN_OUR_WORDS: Final = {
    "security.W004": HTTPS_IS_OFF,
    "security.W008": HTTPS_IS_OFF,
    "security.W010": HTTPS_IS_OFF,
    "security.W012": HTTPS_IS_OFF,
    "security.W016": HTTPS_IS_OFF,
    "security.W009": (
        "SECRET_KEY is short, or hardly varied.",
        "Replace it by 50 random characters or more: see SECURITY.md.",
    ),
    "security.W018": (
        "DEBUG is on: whoever meets a fault sees code and settings.",
        "Set DEBUG=off, or leave it out.",
    ),
    "security.W025": (
        "A key of SECRET_KEY_FALLBACKS is short, or hardly varied.",
        "Take it out once nothing that counts is signed with it: see SECURITY.md.",
    ),
}


def valkey() -> Finding:
    """Write and read, since a full server and a copy answer too."""
    if not settings.VALKEY_URL:
        return ok("valkey", "None is used: each process caches by itself.")
    client = server.connect(settings.VALKEY_URL).client
    try:
        client.set(KEY, "1", ex=1)
        facts: dict[str, Any] = client.info("server")
    except RedisError as error:
        return wrong(
            "valkey",
            f"It cannot be used: {said(error)}",
            remedy="Start it, give it room, or correct VALKEY_URL.",
        )
    name = "Valkey" if "valkey_version" in facts else "Redis"
    version = facts.get("valkey_version", facts["redis_version"])
    return ok("valkey", f"{name} {version} answers.")


def said(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"{lines[0].rstrip('.')}."


def tmdb(*, online: bool, can_ask: bool) -> Finding:
    """Ask TMDb only if told to: it is somebody else's server."""
    if not settings.TMDB_API_KEY:
        return ok("tmdb", "No TMDB_API_KEY: the stored films are all there are.")
    if not online:
        return ok("tmdb", "TMDB_API_KEY is set; --online asks TMDb whether it works.")
    if not can_ask:
        return unknown("tmdb", "Asking takes the database.")
    try:
        images.ask()
    except NexusError as error:
        return wrong(
            "tmdb",
            str(error),
            remedy="If TMDb is well, correct TMDB_API_KEY or TMDB_API_URL, or let this "
            "machine reach it.",
        )
    return ok("tmdb", "TMDb answers, and takes the key.")


def model(*, can_ask: bool) -> Finding:
    if not can_ask:
        return unknown("model", "Looking takes the database.")
    active = active_model()
    if active is None:
        return ok("model", "None is active yet: fixed rules answer.")
    try:
        read_model(active.version)
    except ModelUnreadable as error:
        return wrong(
            "model",
            f"{error} Fixed rules answer instead.",
            remedy="`python -m nexus train`, or `models rollback`; on several "
            "machines, let all share MODELS_DIR.",
        )
    return ok("model", f"{active.version} is active and can be read.")


def configuration(*, deploy: bool) -> Iterator[Finding]:
    """Let Django look at the settings, as strictly as for an open network if told."""
    found = run_checks(include_deployment_checks=deploy)
    serious = [
        one
        for one in found
        if one.is_serious(WARNING if deploy else ERROR) and not one.is_silenced()
    ]
    told: dict[tuple[str, str], list[str]] = {}
    for one in serious:
        told.setdefault(words_of(one), []).append(str(one.id))
    for (message, remedy), ids in told.items():
        yield wrong("settings", f"{message} ({', '.join(sorted(ids))})", remedy=remedy)
    if not serious:
        yield ok("settings", "They can be read, and nothing speaks against them.")


def words_of(one: CheckMessage) -> tuple[str, str]:
    """Return what is wrong and what to do, in our words where Django's are not ours."""
    theirs = " ".join(str(one.msg).split()), str(one.hint or "See .env.example.")
    return IN_OUR_WORDS.get(str(one.id), theirs)
