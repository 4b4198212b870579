"""VALKEY_URL in the words of the client library."""


def redis_url(url: str) -> str:
    """Return the address with the scheme that redis-py knows, the rest as it is."""
    return "redis" + url.removeprefix("valkey").removeprefix("redis")
