"""The folder that holds everything an installation keeps on disk (NEXUS_HOME)."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

# The kernel's limit for a socket's path is 107 bytes, the file's name takes 20.
LONGEST_SOCKET_DIR = 80


@dataclass(frozen=True, slots=True)
class Home:
    path: Path

    @property
    def postgres_dir(self) -> Path:
        return self.path / "postgres"

    @property
    def postgres_log(self) -> Path:
        return self.path / "postgres.log"

    @property
    def former_postgres_log(self) -> Path:
        return self.path / "postgres.log.1"

    @property
    def lock_file(self) -> Path:
        return self.path / "nexus.lock"

    @property
    def secret_key_file(self) -> Path:
        return self.path / "secret-key"

    @property
    def socket_dir(self) -> Path:
        """Where the embedded PostgreSQL listens; always the same for one home."""
        inside = self.path / "socket"
        if len(str(inside).encode()) <= LONGEST_SOCKET_DIR:
            return inside
        digest = hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
        # Not TMPDIR, which may differ between two terminals.
        return Path("/tmp") / f"nexus-{digest}"  # noqa: S108  its owner is checked

    def find_secret_key(self) -> str | None:
        """Return the key; None where there is none, or no home that we can read."""
        try:
            return self.read_secret_key()
        except OSError:
            return None

    def ensure_secret_key(self) -> str:
        """Return this installation's own key, made on the first call."""
        self.secret_key_file.touch(mode=0o600)
        key = self.read_secret_key()
        if key is None:
            key = secrets.token_urlsafe(48)
            self.secret_key_file.write_text(key, encoding="ascii")
        return key

    def read_secret_key(self) -> str | None:
        text = self.secret_key_file.read_text(encoding="ascii", errors="replace")
        return text.strip() or None
