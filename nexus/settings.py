"""Every setting. What differs between installations comes from the environment."""

import secrets
import warnings
from datetime import timedelta
from importlib.util import find_spec
from typing import Any

import dj_database_url
import django_stubs_ext

from nexus import __version__
from nexus.api.limits import LEGAL as LEGAL_LIMITS
from nexus.api.limits import parse_limits
from nexus.database.options import NOTICING
from nexus.env import (
    PROJECT_DIR,
    WrongVariable,
    env_bool,
    env_choice,
    env_database_url,
    env_host,
    env_hosts,
    env_int,
    env_key,
    env_networks,
    env_origins,
    env_parsed,
    env_path,
    env_secret,
    env_secrets,
    env_sender,
    env_url,
)
from nexus.lib.home import Home
from nexus.lib.logs import logging_at
from nexus.lib.mail_url import LEGAL as MAIL_URL_LEGAL
from nexus.lib.mail_url import parse_mail_url
from nexus.lib.notices import TMDB_NOTICE

django_stubs_ext.monkeypatch()

# --- Where and how the program runs

DEBUG = env_bool("DEBUG", default=False)
HOME = Home(env_path("NEXUS_HOME", PROJECT_DIR / "var"))
# Where trained models lie; of one installation, whose machines all see it.
MODELS_DIR = env_path("MODELS_DIR", HOME.path / "models")
HOST = env_host("HOST", "127.0.0.1")
PORT = env_int("PORT", 8000, low=1, high=65535)
WEB_WORKERS = env_int("WEB_WORKERS", 1, low=1, high=64)
# Most wait for the database or for TMDb; a few compute.
WEB_THREADS = env_int("WEB_THREADS", 24, low=4, high=256)
LOG_LEVEL = env_choice(
    "LOG_LEVEL", "info", ("debug", "info", "warning", "error")
).upper()

# --- Database: the embedded server unless the environment names one

DATABASE_URL = env_database_url("DATABASE_URL")
IS_EMBEDDED = not DATABASE_URL


def database() -> dict[str, Any]:
    if IS_EMBEDDED:
        found: dict[str, Any] = {
            "NAME": "nexus",
            "USER": "nexus",
            "HOST": str(HOME.socket_dir),
            "PORT": "5432",  # part of the socket's name
        }
    else:
        found = dict(dj_database_url.parse(DATABASE_URL))
    # Kept as long as the process; a health check replaces a dead one.
    found |= {
        "ENGINE": "nexus.database",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
    found["OPTIONS"] = NOTICING | found.get("OPTIONS", {})
    return found


DATABASES = {"default": database()}

# The threads of a web process come and go, and would leave their connections open:
# there they share this pool, which has one for each of them and for each job.
JOB_CONNECTIONS = 10
POOL = {
    "min_size": 2,
    "max_size": WEB_THREADS + JOB_CONNECTIONS,
    "timeout": 0.5,  # then somebody looks whether the server is there
    # It would wait twice as long with each failure. Having given up, it tries again as
    # soon as somebody asks.
    "reconnect_timeout": 1.0,
}
DATABASE_POOL = env_bool("DATABASE_POOL", default=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Secrets


def secret_key() -> str:
    """Return the configured key, or the one an embedded installation made."""
    if key := env_secret("SECRET_KEY", minimum=32):
        return key
    if IS_EMBEDDED:
        return HOME.find_secret_key() or secrets.token_urlsafe(48)
    raise WrongVariable(
        "SECRET_KEY",
        "set, with DATABASE_URL, to a random text of at least 32 characters",
    )


SECRET_KEY = secret_key()
# Keys from before: what they signed still counts, nothing new is signed with them.
SECRET_KEY_FALLBACKS = env_secrets("SECRET_KEY_FALLBACKS", minimum=32)

# --- Cache

VALKEY_URL = env_url(
    "VALKEY_URL", "", ("redis", "rediss", "valkey", "valkeys"), "valkey://host:6379/0"
)


# A worker elsewhere would refresh a cache that the web process does not see.
WORKER_IN_WEB = env_bool("WORKER_IN_WEB", default=True)
if not (WORKER_IN_WEB or VALKEY_URL):
    raise WrongVariable("WORKER_IN_WEB", "on as long as there is no VALKEY_URL")

# Of each web process, for public answers ready to be told; 0: none are kept.
EDGE_CACHE_MB = env_int("EDGE_CACHE_MB", 64, low=0, high=65_536)

# --- Watching

# Whoever reads /metrics must send it; without one, everybody may.
METRICS_TOKEN = env_secret("METRICS_TOKEN", minimum=16)
# Where a worker of its own tells its metrics; 0: nowhere.
METRICS_PORT = env_int("METRICS_PORT", 0, low=0, high=65535)
SENTRY_DSN = env_url(
    "SENTRY_DSN", "", ("http", "https"), "https://key@sentry.example.org/1"
)
OTEL_EXPORTER_OTLP_ENDPOINT = env_url(
    "OTEL_EXPORTER_OTLP_ENDPOINT", "", ("http", "https"), "http://localhost:4318"
)
for name, module in (
    ("SENTRY_DSN", "sentry_sdk"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "opentelemetry"),
):
    if globals()[name] and find_spec(module) is None:
        raise WrongVariable(
            name, f"unset without {module}: pip install -r requirements/watching.txt"
        )

# --- TMDb

TMDB_API_KEY = env_key("TMDB_API_KEY")
TMDB_API_URL = env_url(
    "TMDB_API_URL",
    "https://api.themoviedb.org/3",
    ("http", "https"),
    "https://api.themoviedb.org/3",
)

# So many threads of a web process may wait for TMDb; the others serve what is stored.
TMDB_PLACES = WEB_THREADS * 2 // 3

# --- HTTP

LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env_hosts("ALLOWED_HOSTS") or [
    *LOOPBACK_HOSTS,
    f"[{HOST}]" if ":" in HOST else HOST,
]
CORS_ALLOWED_ORIGINS = env_origins("CORS_ORIGINS")
CORS_EXPOSE_HEADERS = [
    "Content-Disposition",
    "ETag",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
]
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "if-match",
    "x-request-id",
]
# HTTPS ends at a proxy: the one on this machine, unless the environment names others.
HTTPS = env_bool("HTTPS", default=False)
TRUSTED_PROXIES = env_networks("TRUSTED_PROXIES") or (
    ["127.0.0.0/8", "::1"] if HTTPS else []
)
RATE_LIMITS, CHANGED_LIMITS = env_parsed(
    "RATE_LIMITS", parse_limits, parse_limits("on"), LEGAL_LIMITS
)

ROOT_URLCONF = "nexus.urls"
WSGI_APPLICATION = "nexus.wsgi.application"
APPEND_SLASH = False  # every path answers in both forms; see CanonicalPath
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
CSRF_FAILURE_VIEW = "nexus.api.errors.csrf_failed"

# --- What browsers are told, besides the defaults of Django's middleware

SECURE_SSL_REDIRECT = HTTPS
# Asked from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|metrics|readyz)/?$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SILENCED_SYSTEM_CHECKS = [
    # HSTS speaks for our host only: whether its subdomains, or a whole domain on the
    # browsers' preload list, have HTTPS is not ours to promise.
    "security.W005",
    "security.W021",
]
# What a page needs besides is in nexus/api/headers.py.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        name: ["'none'"]
        for name in ("default-src", "base-uri", "form-action", "frame-ancestors")
    }
}
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Cookies are the administration's alone. Nobody follows a link there from another
# site, so Strict costs nothing, and no request that another site starts carries them.
COOKIE_PREFIX = "__Host-" if HTTPS else ""  # no other host can set or widen these
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_AGE = None  # until the browser ends
# For a proxy that passes its own host name on. Patterns are left out: they would trust
# every neighbour, and "*" everybody.
CSRF_TRUSTED_ORIGINS = [
    f"https://{host}" for host in ALLOWED_HOSTS if HTTPS and host[0] not in ".*"
]

MIDDLEWARE = [
    *(["nexus.watching.tracing.RequestSpans"] if OTEL_EXPORTER_OTLP_ENDPOINT else []),
    "nexus.api.middleware.RequestContext",
    # These come first, so that files, refusals and failures carry their headers too.
    "nexus.api.headers.BrowserRules",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "nexus.api.headers.OtherOrigins",
    "nexus.api.middleware.CanonicalPath",
    "nexus.api.only_admin.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "nexus.api.only_admin.Users",
    "nexus.api.admin_limit.AdminLoginLimit",
    "nexus.api.only_admin.Messages",
    "nexus.api.outages.Outages",
]

INSTALLED_APPS = [
    "nexus.watching.apps.WatchingConfig",  # before anything can fail
    "nexus.accounts.apps.AccountsConfig",
    "nexus.catalog",
    "nexus.ratings",
    "nexus.playlists",
    "nexus.recommendations",
    "nexus.jobs",
    "nexus.backup",
    "nexus.doctor",
    "nexus.api",
    "nexus.web",
    "nexus.accounts.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "corsheaders",
    "csp",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
    "rest_framework",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

STATIC_URL = "/static/"
STATIC_ROOT = PROJECT_DIR / "staticfiles"
# The finders have them where nobody collected the files there.
warnings.filterwarnings("ignore", message="No directory at")
WHITENOISE_USE_FINDERS = True  # the embedded installation has no collectstatic step

TIME_ZONE = "UTC"
USE_I18N = False

# --- Members

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["nexus.accounts.hashing.Argon2InTurn"]
# Those whose passwords are hashed, or wait to be: the other threads do what is quick.
PASSWORD_PLACES = max(2, WEB_THREADS // 3)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        (
            "UserAttributeSimilarityValidator",
            {"user_attributes": ("username", "name", "email")},
        ),
        ("MinimumLengthValidator", {"min_length": 8}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]

MAIL = env_parsed(
    "EMAIL_URL", parse_mail_url, parse_mail_url("console:"), f"one of {MAIL_URL_LEGAL}"
)
globals().update(MAIL)
DEFAULT_FROM_EMAIL = env_sender("EMAIL_FROM", "Nexus <nexus@localhost>")

# --- Interface

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["nexus.api.authentication.BearerAuthentication"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "nexus.api.negotiation.JsonOnly",
    "DEFAULT_PARSER_CLASSES": ["nexus.api.negotiation.BoundedJSONParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["nexus.api.negotiation.JsonFormat"],
    "DEFAULT_SCHEMA_CLASS": "nexus.api.schema.ContractSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "nexus.api.errors.handle",
    "URL_FORMAT_OVERRIDE": None,
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=10),
    "ISSUER": "nexus",
    "AUDIENCE": "nexus-api",
}

# --- Jobs

PROCRASTINATE_ON_APP_READY = "nexus.jobs.metrics.watch_jobs"

# --- Logs

LOGGING = logging_at(LOG_LEVEL)
SPECTACULAR_SETTINGS = {
    "TITLE": "Nexus",
    "VERSION": __version__,
    "DESCRIPTION": (
        "Films, ratings, playlists, and recommendations that say why.\n\n"
        "Every path also answers without its trailing slash; `/auth`, `/movies`, "
        "`/playlists`, `/profiles`, `/ratings` and `/tmdb` also without `/api`.\n\n"
        f"{TMDB_NOTICE}"
    ),
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "SERVE_INCLUDE_SCHEMA": False,
    "SORT_OPERATIONS": False,
    "SCHEMA_PATH_PREFIX": "/api",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "AliveEnum": ["ok"],
        "CachePartEnum": ["ok", "degraded"],
        "PlaylistVisibilityEnum": "nexus.playlists.models.PlaylistVisibility",
        "ProfileVisibilityEnum": "nexus.accounts.models.Visibility",
    },
    "PREPROCESSING_HOOKS": ["nexus.api.schema_hooks.only_operations"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "nexus.api.schema_hooks.complete",
    ],
    "PATH_CONVERTER_OVERRIDES": {
        "movie_id": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
        "row_id": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
        "username": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{3,30}$"},
    },
}
