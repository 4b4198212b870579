"""What can go wrong in the domain, by kind. Interfaces translate kinds, never classes.

NexusError
├── InvalidError          the request contradicts what is stored: names the field
├── UnauthenticatedError  nobody we know, or no longer
├── NotFoundError         absent, or none of the caller's business
├── ForbiddenError        visible, but not the caller's to change
├── ConflictError         true at another moment, not now
├── StaleError            the caller changed an older version than the stored one
├── BadUpstreamError      another system answered nonsense
└── UnavailableError      a needed part is down; the same call may work later
"""


class NexusError(Exception):
    """Every anticipated failure; `code` is stable, the message is for a person."""

    code = "error"


class InvalidError(NexusError):
    """Input of the right shape that cannot be accepted; `field` names the culprit."""

    code = "invalid"

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class UnauthenticatedError(NexusError):
    code = "not_authenticated"


class NotFoundError(NexusError):
    code = "not_found"


class ForbiddenError(NexusError):
    code = "permission_denied"


class ConflictError(NexusError):
    code = "conflict"


class StaleError(NexusError):
    code = "precondition_failed"


class BadUpstreamError(NexusError):
    code = "bad_upstream"


class UnavailableError(NexusError):
    """`retry_after_s` is the time after which trying again makes sense."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 5) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
