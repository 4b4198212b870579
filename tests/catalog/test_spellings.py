import pytest

from nexus.catalog.spellings import (
    MOST_SPELLINGS,
    other_spellings,
    without_first_number,
)


@pytest.mark.parametrize(
    ("title", "others"),
    [
        ("Rocky IV", {"rocky 4", "rocky four"}),
        ("Rocky V", {"rocky 5", "rocky five", "rocky vs", "rocky versus"}),
        ("The 6th Sense", {"the sixth sense"}),
        ("Dr. No", {"doctor no"}),
        ("Seven", set()),
        ("The One", set()),
        ("V for Vendetta", set()),
        ("I, Robot", set()),
        ("The X-Files", set()),
        ("One Love", {"1 love"}),
        ("The Five Easy Pieces", {"the 5 easy pieces"}),
        ("Heat", set()),
        ("!", set()),
        ("", set()),
    ],
)
def test_a_title_is_spelled_otherwise(title: str, others: set[str]) -> None:
    assert set(other_spellings(title)) == others


def test_there_are_not_too_many_spellings() -> None:
    assert len(list(other_spellings("one two three four five"))) < MOST_SPELLINGS


@pytest.mark.parametrize(
    ("title", "others"),
    [
        ("Rocky 1", ["rocky"]),
        ("Dune: Part One", ["dune"]),
        ("The Godfather Part I", ["the godfather"]),
        ("Rocky 2", []),
        ("Dune: Part Two", []),
        ("The One", []),
        ("Part One", []),
        ("1", []),
        ("!", []),
    ],
)
def test_the_first_film_has_no_number(title: str, others: list[str]) -> None:
    assert without_first_number(title) == others
