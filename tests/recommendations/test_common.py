import pytest

from nexus.engine import FilmFacts, build_catalogue
from nexus.recommendations.common import Common, in_common

ADA, BO, CY, DEE = 1, 2, 3, 4
CATALOGUE = build_catalogue(
    [
        FilmFacts(11, directors=(ADA,), cast=(BO, CY)),
        FilmFacts(12, directors=(ADA,), cast=(BO,)),
        FilmFacts(13, directors=(DEE,), cast=(CY, BO)),
        FilmFacts(14, directors=(BO,), cast=(DEE, CY)),
        FilmFacts(15),
        FilmFacts(16, cast=(BO,)),
    ]
)


@pytest.mark.parametrize(
    ("pair", "person"),
    [
        ((11, 12), Common(ADA, directed=True)),
        ((11, 13), Common(BO, directed=False)),  # in more films than Cy
        ((11, 14), Common(CY, directed=False)),
    ],
)
def test_it_works(pair: tuple[int, int], person: Common) -> None:
    assert in_common(CATALOGUE, [pair]) == {pair: person}


@pytest.mark.parametrize("pair", [(11, 15), (12, 14), (11, 404), (404, 11)])
def test_there_may_be_nobody(pair: tuple[int, int]) -> None:
    assert in_common(CATALOGUE, [pair]) == {}


def test_it_tells_all_pairs_at_once() -> None:
    pairs = [(11, 12), (11, 15), (12, 16)]

    assert list(in_common(CATALOGUE, pairs)) == [(11, 12), (12, 16)]
    assert in_common(CATALOGUE, []) == {}
