"""What can go wrong between us and TMDb. No message ever holds the key or a query.

NexusError
├── NotFoundError
│   └── TmdbNotFound            TMDb has no such movie
│       └── TmdbPersonNotFound  TMDb has no such person
├── BadUpstreamError
│   └── TmdbNonsense            an answer that cannot be TMDb's, or not a whole one
└── UnavailableError
    ├── TmdbUnavailable         unreachable, failing, or out of patience with us
    │   ├── TmdbTimeout         silent for too long
    │   ├── TmdbThrottled       it told us for how long not to ask
    │   └── TmdbBusy            no turn or no time: nothing is known of its health
    ├── TmdbKeyRejected         the operator's key is wrong
    └── TmdbNotConfigured       the operator gave no key
"""

from nexus.lib.errors import BadUpstreamError, NotFoundError, UnavailableError


class TmdbNotFound(NotFoundError):
    code = "movie_not_found"


class TmdbPersonNotFound(TmdbNotFound):
    code = "person_not_found"


class TmdbNonsense(BadUpstreamError):
    code = "tmdb_bad_answer"


class TmdbUnavailable(UnavailableError):
    code = "tmdb_unavailable"


class TmdbTimeout(TmdbUnavailable):
    pass


class TmdbThrottled(TmdbUnavailable):
    pass


class TmdbBusy(TmdbUnavailable):
    pass


class TmdbKeyRejected(UnavailableError):
    code = "tmdb_key_rejected"

    def __init__(
        self,
        message: str = "TMDb rejected the key of this server: check TMDB_API_KEY.",
        *,
        retry_after_s: int = 300,
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)


class TmdbNotConfigured(UnavailableError):
    code = "tmdb_not_configured"

    def __init__(
        self,
        message: str = "This server has no TMDb key: set TMDB_API_KEY.",
        *,
        retry_after_s: int = 300,
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
