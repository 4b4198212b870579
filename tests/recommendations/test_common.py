import pytest

from nexus.engine import FilmFacts, build_catalogue
from nexus.recommendations.common import Common, in_common
from nexus.recommendations.films import Films, Picture
from nexus.recommendations.shortlist import Shortlist

ADA, BO, CY, DEE, EVE, FAY = 1, 2, 3, 4, 5, 6
FACTS = {
    film.id: film
    for film in (
        FilmFacts(11, directors=(ADA,), cast=(BO, CY)),
        FilmFacts(12, directors=(ADA,), cast=(BO,)),
        FilmFacts(13, directors=(DEE,), cast=(CY, BO)),
        FilmFacts(14, directors=(BO,), cast=(DEE, CY)),
        FilmFacts(15),
        FilmFacts(16, cast=(BO,)),
    )
}
PICTURE = Picture(Shortlist(), FACTS, build_catalogue([*FACTS.values()]), None, None)
FILMS = Films(PICTURE, {17: FilmFacts(17, directors=(FAY, EVE), cast=(CY,))})


@pytest.mark.parametrize(
    ("pair", "person"),
    [
        ((11, 12), Common(ADA, directed=True)),
        ((11, 13), Common(BO, directed=False)),  # in more films than Cy
        ((11, 14), Common(CY, directed=False)),
        ((17, 11), Common(CY, directed=False)),
        ((17, 17), Common(EVE, directed=True)),  # neither is in a film of the picture
    ],
)
def test_it_works(pair: tuple[int, int], person: Common) -> None:
    assert in_common(FILMS, [pair]) == {pair: person}


@pytest.mark.parametrize("pair", [(11, 15), (12, 14), (11, 404), (404, 11)])
def test_there_may_be_nobody(pair: tuple[int, int]) -> None:
    assert in_common(FILMS, [pair]) == {}


def test_it_tells_all_pairs_at_once() -> None:
    pairs = [(11, 12), (11, 15), (12, 16)]

    assert list(in_common(FILMS, pairs)) == [(11, 12), (12, 16)]
    assert in_common(FILMS, []) == {}
