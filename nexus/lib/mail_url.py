"""EMAIL_URL: how mail leaves the installation, as one address."""

from typing import Any
from urllib.parse import unquote, urlsplit

BACKENDS = {
    "console": "django.core.mail.backends.console.EmailBackend",
    "file": "django.core.mail.backends.filebased.EmailBackend",
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
    "smtp+tls": "django.core.mail.backends.smtp.EmailBackend",
    "smtps": "django.core.mail.backends.smtp.EmailBackend",
}
DEFAULT_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
LEGAL = (
    "console:, file:///folder/for/mails, smtp://user:password@host:25, "
    "smtp+tls://… (STARTTLS) or smtps://… (TLS)"
)


def parse_mail_url(url: str) -> dict[str, Any]:
    """Return Django's EMAIL_* settings; ValueError where the address makes no sense."""
    parts = urlsplit(url)
    scheme = parts.scheme
    if scheme not in BACKENDS:
        raise ValueError(url)
    found: dict[str, Any] = {"EMAIL_BACKEND": BACKENDS[scheme]}
    if scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise ValueError(url)
        found["EMAIL_FILE_PATH"] = unquote(parts.path)
    if scheme in DEFAULT_PORTS:
        if not parts.hostname:
            raise ValueError(url)
        found |= {
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": parts.port or DEFAULT_PORTS[scheme],
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_TLS": scheme == "smtp+tls",
            "EMAIL_USE_SSL": scheme == "smtps",
            "EMAIL_TIMEOUT": 10,
        }
    return found
