"""The environment of the test run, set before anything reads the settings."""

import os
import tempfile
from pathlib import Path

from tests.servers import free_port

OURS = [
    "ALLOWED_HOSTS",
    "CORS_ORIGINS",
    "DATABASE_URL",
    "DEBUG",
    "EMAIL_URL",
    "HOST",
    "HTTPS",
    "LOG_LEVEL",
    "PORT",
    "MODELS_DIR",
    "SECRET_KEY",
    "TMDB_API_KEY",
    "TRUSTED_PROXIES",
    "WEB_WORKERS",
]

for name in OURS:
    os.environ.pop(name, None)

HOME = tempfile.TemporaryDirectory(prefix="nexus-tests-", ignore_cleanup_errors=True)
VALKEY_PORT = free_port()

os.environ |= {
    "NEXUS_HOME": str(Path(HOME.name).resolve()),
    "VALKEY_URL": f"valkey://127.0.0.1:{VALKEY_PORT}/0",
    "WORKER_IN_WEB": "off",
    "DATABASE_POOL": "off",  # tests share their process with the application
    "RATE_LIMITS": "off",  # tests of the limits turn them on
    "TMDB_API_URL": "http://127.0.0.1:9/3",  # nothing listens there
    # Threads that wait for arithmetic take the processors from the other tests.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
