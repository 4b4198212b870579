import pytest

from nexus.lib.counted import counted


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 films"), (1, "1 film"), (2, "2 films")]
)
def test_it_counts(number: int, told: str) -> None:
    assert counted(number, "film") == told
