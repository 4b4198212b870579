import math
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine import (
    Explanation,
    FilmFacts,
    Reason,
    Taste,
    build_catalogue,
    confidence_word,
    explain_all_by_rules,
    explain_by_rules,
    neighbours,
    score_by_rules,
)
from nexus.engine.content import similarities
from tests.engine.films import (
    ADA,
    CATALOGUE,
    EVE,
    IDS,
    LAUGHS,
    LOVE,
    SPACE,
    film_lists,
    ids,
    laws,
    tastes,
)


def explain(film_id: int, limit: int | None = None, **taste: object) -> Explanation:
    return explain_by_rules(CATALOGUE, Taste(**taste), film_id, limit=limit)  # type: ignore[arg-type]


def reason(explanation: Explanation, kind: str, id_: int | None = None) -> Reason:
    (found,) = [r for r in explanation.reasons if (r.kind, r.id) == (kind, id_)]
    return found


def test_it_works() -> None:
    found = explain(2, rated={1: 5.0, 11: 2.0}, genres=[SPACE])

    assert found.model_version == "rules-1"
    assert [c.name for c in found.components] == [
        "genre_affinity",
        "rating_history",
        "popularity",
    ]
    assert found.reasons[0] == reason(found, "rated_movie", 1)
    assert found.reasons[0].stars == 5.0
    assert found.reasons[0].points > 5
    assert found.evidence_count == 2
    assert not found.cold_start


def test_it_tells_a_newcomer_what_is_known_of_the_film() -> None:
    found = explain(1)

    assert found.base_points == 50
    assert [c.points for c in found.components] == [0, 0, found.match_score - 50]
    assert [r.kind for r in found.reasons] == ["quality", "popularity"]
    assert found.cold_start
    assert found.confidence == "low"
    assert found.evidence_count == 0


def test_it_has_nothing_to_say_of_a_film_of_which_nothing_is_known() -> None:
    found = explain(22)

    assert found.match_score == found.base_points == 50
    assert found.reasons == ()


def test_it_gives_the_interval_by_hand() -> None:
    reach = 1.7 * 1.2816 * math.sqrt(0.36 + 0.1225)

    low, high = (100 / (1 + math.exp(x)) for x in (reach, -reach))
    assert explain(22).interval == (math.floor(low), math.ceil(high)) == (18, 82)


def test_it_divides_what_was_declared_among_the_genres() -> None:
    one, both = explain(12, genres=[LOVE]), explain(12, genres=[LOVE, LAUGHS])

    assert reason(both, "genre", LOVE).points == reason(both, "genre", LAUGHS).points
    assert reason(both, "genre", LOVE).points == pytest.approx(
        reason(one, "genre", LOVE).points, rel=0.1
    )


def test_it_names_bad_ratings_as_reasons_against() -> None:
    found = explain(2, rated={1: 1.5})

    against = reason(found, "rated_movie", 1)
    assert against.stars == 1.5
    assert against.points < 0


def test_it_names_declared_genres_people_and_films() -> None:
    found = explain(2, genres=[SPACE, LOVE], people=[ADA, EVE], movies=[1, 2])

    assert reason(found, "genre", SPACE).stars is None
    assert reason(found, "person", ADA).points > 0
    assert reason(found, "liked_movie", 1).points > 0
    assert found.evidence_count == 3
    assert found.cold_start


def test_it_gives_the_average_of_a_genre_without_the_film_itself() -> None:
    found = explain(12, rated={11: 4.0, 13: 5.0, 12: 0.5})

    assert reason(found, "genre", LAUGHS).stars == 4.5


def test_it_does_not_explain_a_film_by_its_own_rating() -> None:
    found = explain(1, rated={1: 5.0}, movies=[1])

    assert {r.kind for r in found.reasons} == {"quality", "popularity"}
    assert found.cold_start
    assert found.evidence_count == 0


def test_it_counts_ratings_of_the_same_genre_as_evidence() -> None:
    catalogue = build_catalogue(
        [FilmFacts(1, genres=(1, 2)), FilmFacts(2, genres=(2, 3, 4, 5)), FilmFacts(3)]
    )

    found = explain_by_rules(catalogue, Taste(rated={2: 4.0, 3: 4.0}), 1)

    assert found.evidence_count == 1


def test_it_gives_the_vote_average_in_stars() -> None:
    quality = reason(explain(1), "quality").stars

    assert quality == pytest.approx(CATALOGUE.quality[0] / 2)


def test_it_gives_the_strongest_reasons_only() -> None:
    taste = Taste(rated={1: 5.0, 11: 1.0}, genres=[SPACE])

    full = explain_by_rules(CATALOGUE, taste, 2)

    for limit in (0, 2, 99):
        short = explain_by_rules(CATALOGUE, taste, 2, limit=limit)
        assert short.reasons == full.reasons[:limit]


def test_of_many_films_rated_alike_it_gives_the_lowest_ids() -> None:
    twins = [
        FilmFacts(id_, year=1999, genres=(SPACE,), keywords=(7,))
        for id_ in range(1, 41)
    ]
    catalogue = build_catalogue(twins)
    taste = Taste(rated={id_: 5.0 if id_ % 2 else 1.0 for id_ in range(2, 41)})

    full = explain_by_rules(catalogue, taste, 1)

    assert sum(one.kind == "rated_movie" for one in full.reasons) == 39
    for limit in range(1, 42):
        short = explain_by_rules(catalogue, taste, 1, limit=limit)
        assert short.reasons == full.reasons[:limit]


def test_it_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match="not in the catalogue: 404"):
        explain(404)
    with pytest.raises(ValueError, match="limit is negative"):
        explain(1, limit=-1)


def test_it_explains_many_in_the_order_given() -> None:
    found = explain_all_by_rules(CATALOGUE, Taste(rated={1: 5.0}), [12, 2, 1], limit=1)

    assert [one.film_id for one in found] == [12, 2, 1]
    assert [len(one.reasons) for one in found] == [1, 1, 1]
    assert explain_all_by_rules(CATALOGUE, Taste(), []) == ()


def test_it_refuses_bad_input_for_many() -> None:
    with pytest.raises(ValueError, match="not in the catalogue: 404"):
        explain_all_by_rules(CATALOGUE, Taste(), [1, 404])
    with pytest.raises(ValueError, match="more than once: 2"):
        explain_all_by_rules(CATALOGUE, Taste(), [2, 1, 2])
    with pytest.raises(ValueError, match="limit is negative"):
        explain_all_by_rules(CATALOGUE, Taste(), [], limit=-1)


def test_it_compares_no_more_often_for_many_than_for_one() -> None:
    taste = Taste(rated={1: 5.0, 11: 2.0}, movies=[12])

    assert comparisons(taste, IDS) == comparisons(taste, [2]) == 2  # rated, declared


def comparisons(taste: Taste, film_ids: list[int]) -> int:
    with patch.object(neighbours, "similarities", wraps=similarities) as counted:
        explain_all_by_rules(CATALOGUE, taste, film_ids)
    return counted.call_count


def test_it_narrows_the_interval_with_evidence() -> None:
    low, high = explain(2).interval
    surer_low, surer_high = explain(2, rated={1: 3.5, 3: 3.5}).interval

    assert low < surer_low < surer_high < high


@pytest.mark.parametrize(
    ("confidence", "word"),
    [(0, "low"), (0.39, "low"), (0.4, "medium"), (0.7, "high"), (1, "high")],
)
def test_it_has_a_word_for_each_confidence(confidence: float, word: str) -> None:
    assert confidence_word(confidence) == word


@laws
@given(tastes(), ids)
def test_it_adds_up_exactly(taste: Taste, film_id: int) -> None:
    found = explain_by_rules(CATALOGUE, taste, film_id)

    points = sum(component.points for component in found.components)
    assert found.base_points + points == found.match_score
    low, high = found.interval
    assert 0 <= low <= found.match_score <= high <= 100


@laws
@given(tastes(), ids)
def test_it_explains_the_score_of_the_scorer(taste: Taste, film_id: int) -> None:
    found = explain_by_rules(CATALOGUE, taste, film_id)

    scores = score_by_rules(CATALOGUE, taste, [film_id])
    assert abs(found.match_score - 100 * scores.match.like[0]) <= 0.5 + 1e-9
    assert found.expected_stars == scores.match.expected[0]
    base = 1 / (1 + math.exp(-scores.base[0]))
    reasons = math.fsum(r.points for r in found.reasons)
    assert found.base == pytest.approx(100 * base, abs=1e-9)
    assert found.base + reasons == pytest.approx(100 * scores.match.like[0], abs=1e-9)


@laws
@given(film_lists(), tastes())
def test_it_orders_reasons_by_strength(films: list[FilmFacts], taste: Taste) -> None:
    found = explain_by_rules(build_catalogue(films), taste, films[0].id)

    sizes = [abs(r.points) for r in found.reasons]
    assert sizes == sorted(sizes, reverse=True)
    assert all(sizes)
    named = [(r.kind, r.id) for r in found.reasons]
    assert len(set(named)) == len(named)


@laws
@given(film_lists(), tastes(st.integers(1, 40)), st.data())
def test_it_explains_many_as_it_explains_one(
    films: list[FilmFacts], taste: Taste, data: st.DataObject
) -> None:
    catalogue = build_catalogue(films)
    known = st.sampled_from(catalogue.ids.tolist())
    asked = data.draw(st.lists(known, unique=True))
    limit = data.draw(st.none() | st.integers(0, 4))

    together = explain_all_by_rules(catalogue, taste, asked, limit=limit)

    # Floats are written in full, so that equal text is equal bit for bit.
    alone = [explain_by_rules(catalogue, taste, i, limit=limit) for i in asked]
    assert repr(together) == repr(tuple(alone))
