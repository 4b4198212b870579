"""What the web server calls: `serve`. The application alone starts nothing."""

import gc
import multiprocessing
import os
import signal

from django.core.wsgi import get_wsgi_application
from django.utils import timezone
from granian.utils.proxies import wrap_wsgi_with_proxy_headers

from nexus.env import load_env_file
from nexus.lib.parents import end_with

load_env_file()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    # The arithmetic of one request is too little to share: threads that wait for more
    # of it would take three times what it takes, from the other requests.
    os.environ.setdefault(name, "1")

from django.conf import settings  # noqa: E402  the environment comes first

from nexus.database.options import limited  # noqa: E402  as above

if settings.DATABASE_POOL:
    settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
    settings.DATABASES["default"]["CONN_HEALTH_CHECKS"] = False  # see nexus.database
    OPTIONS = settings.DATABASES["default"]["OPTIONS"]
    # Not without the pool: a PgBouncer in its place would refuse the option.
    OPTIONS |= {"pool": settings.POOL, "options": limited(OPTIONS.get("options", ""))}
django = get_wsgi_application()

from nexus.api.chunked import with_length  # noqa: E402  as above
from nexus.api.edge import Application, gate_around, start_changes  # noqa: E402
from nexus.api.pulse import start_pulse  # noqa: E402
from nexus.catalog.copies import COPIES  # noqa: E402
from nexus.jobs.worker import start_worker_thread  # noqa: E402  the apps must be ready first
from nexus.recommendations.films import STORE  # noqa: E402
from nexus.recommendations.serving import MODELS  # noqa: E402

application = with_length(django, limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def serve() -> Application:
    """Return what answers requests, and start what it needs beside it."""
    if (granian := multiprocessing.parent_process()) is not None and granian.pid:
        # Else it would keep the port for itself, and nobody could stop it.
        end_with(granian.pid, signal.SIGKILL)
    served = with_edge(application)
    if settings.TRUSTED_PROXIES:
        served = wrap_wsgi_with_proxy_headers(served, settings.TRUSTED_PROXIES)
    MODELS.prepare(now=timezone.now())
    STORE.prepare(now=timezone.now())
    start_pulse()
    if settings.WORKER_IN_WEB:
        start_worker_thread()
    spare_the_collector()
    return served


def with_edge(made_by: Application) -> Application:
    """Hear of changes of the catalogue, and keep public answers where there is room."""
    changes = start_changes()
    STORE.listen_to(changes)
    COPIES.listen_to(changes)
    return gate_around(made_by, changes) if settings.EDGE_CACHE_MB else made_by


def spare_the_collector() -> None:
    """Have it look seldom, and never again at what stays as long as the process.

    Else it stops all requests for up to a tenth of a second, and finds next to nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
