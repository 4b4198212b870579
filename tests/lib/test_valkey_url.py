import pytest

from nexus.lib.valkey_url import redis_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("valkey://valkey:6379/0", "redis://valkey:6379/0"),
        (
            "valkeys://:redispw@cache.example.org/1",
            "rediss://:redispw@cache.example.org/1",
        ),
        ("redis://valkey:6379", "redis://valkey:6379"),
    ],
)
def test_it_changes_the_scheme_only(url: str, expected: str) -> None:
    assert redis_url(url) == expected
