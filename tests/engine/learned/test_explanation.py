import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine.learned import History
from nexus.engine.learned.calibration import line
from nexus.engine.learned.explanation import COMPONENTS, explain, odds_of, share_stars
from nexus.engine.learned.fold_in import fold_in
from nexus.engine.learned.interactions import place
from nexus.engine.learned.matching import foresee
from nexus.engine.learned.rounded import round_rows
from nexus.engine.results import Explanation, Reason
from tests.engine.films import laws
from tests.engine.learned.fitted import FAN, small_model
from tests.engine.learned.tastes import draw_known, fitted, known, model_by_hand

MODEL = small_model()
CALIBRATION = MODEL.calibration
FILMS = [*range(1000, 1030), 77]
histories = st.builds(
    lambda rated: History(list(rated), list(rated.values())),
    st.dictionaries(
        st.sampled_from(FILMS), st.integers(1, 10).map(lambda n: n / 2), max_size=20
    ),
)
candidates = st.lists(st.sampled_from(FILMS), max_size=20)


def by_kind(found: Explanation, kind: str) -> list[Reason]:
    return [reason for reason in found.reasons if reason.kind == kind]


def numbers(found: Explanation) -> list[float]:
    return [
        found.base,
        found.expected_stars,
        *(reason.points for reason in found.reasons),
    ]


def without_numbers(found: Explanation) -> Explanation:
    reasons = tuple(dataclasses.replace(one, points=0.0) for one in found.reasons)
    return dataclasses.replace(found, base=0.0, expected_stars=0.0, reasons=reasons)


@laws
@given(history=histories, films=candidates)
def test_it_explains_many_as_each_alone(history: History, films: list[int]) -> None:
    together = MODEL.explain_all(history, films)

    assert [one.film_id for one in together] == films
    for one in together:
        alone = MODEL.explain(history, one.film_id)
        assert numbers(one) == pytest.approx(numbers(alone), abs=1e-12)
        assert without_numbers(one) == without_numbers(alone)


@laws
@given(history=histories, films=candidates, limit=st.integers(0, 6))
def test_it_names_the_strongest_reasons_first(
    history: History, films: list[int], limit: int
) -> None:
    every = MODEL.explain_all(history, films)

    few = MODEL.explain_all(history, films, limit)

    for all_of, some in zip(every, few, strict=True):
        assert some == dataclasses.replace(all_of, reasons=all_of.reasons[:limit])
        strength = [abs(reason.points) for reason in all_of.reasons]
        assert strength == sorted(strength, reverse=True)


def test_it_refuses_a_negative_limit() -> None:
    with pytest.raises(ValueError, match="limit is negative"):
        MODEL.explain_all(FAN, [1001], -1)


def test_it_explains_a_rated_film_without_its_rating_wherever_it_comes() -> None:
    others = History(FAN.items[1:], FAN.stars[1:])

    found = MODEL.explain_all(FAN, np.array([1001, 1000, 1004, 1000]))

    assert found[1] == found[3]
    expected = MODEL.explain(others, 1000)
    assert without_numbers(found[1]) == without_numbers(expected)
    assert numbers(found[1]) == pytest.approx(numbers(expected), abs=1e-12)
    assert {found[0].evidence_count, found[2].evidence_count} == {4}


def test_it_names_the_groups_of_the_film() -> None:
    found = MODEL.explain(FAN, 1004)

    space = by_kind(found, "genre")
    assert [(one.name, one.id) for one in space] == [("space", None)]
    # The other even films that the fan rated: 1000 with 5 stars and 1002 with 4.5.
    assert space[0].stars == 4.75
    assert space[0].points > 0
    assert by_kind(MODEL.explain(FAN, 1007), "genre")[0].stars == 1.75


def test_it_has_no_average_of_a_group_that_was_never_rated() -> None:
    only_space = History([1000, 1002], [5.0, 4.5])

    found = MODEL.explain(only_space, 1007)

    love = by_kind(found, "genre")
    assert [(one.name, one.stars) for one in love] == [("love", None)]
    assert love[0].points < 0


def test_it_names_no_group_where_there_is_none() -> None:
    assert by_kind(MODEL.explain(FAN, 77), "genre") == []
    assert by_kind(MODEL.explain(History(), 1004), "genre") == []


@laws
@given(seed=st.integers(0, 2**32 - 1))
def test_it_gives_each_component_the_points_of_its_reasons(seed: int) -> None:
    model, rng = fitted(), np.random.default_rng(seed)
    person = fold_in(model, draw_known(model, rng))
    ids = [-1, *model.vocabulary.items.tolist()]

    found = explain(model, CALIBRATION, person, ids)

    kinds = {
        "genre_affinity": ("genre",),
        "rating_history": ("rated_movie",),
        "popularity": ("quality", "popularity"),
    }
    for one in found:
        for component in one.components:
            exact = math.fsum(
                reason.points
                for kind in kinds[component.name]
                for reason in by_kind(one, kind)
            )
            assert abs(component.points - exact) < 1


def test_it_shares_stars_by_hand() -> None:
    rows = np.array([[1.0, 1.0, 0.0], [-1.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
    zeros = np.zeros((2, 1))
    model = model_by_hand(
        groups=("odd",),
        vectors=rows.astype(np.float32),
        precision=np.eye(3),
        usual=np.zeros(3),
        unpulled=np.zeros(3),
        seen=round_rows(zeros),
        pull=np.zeros((1, 3)),
    )

    # A = 1 + x x' with x = (-1, 1, 1), and e = 1.5: w = x 1.5 / 4
    found = share_stars(model, fold_in(model, known([1], [4.0])), np.array([0, 1]))

    assert (found.average, found.quality.tolist()) == (3.0, [0.5, -0.5])
    assert found.history == pytest.approx(np.array([[0.0], [0.75]]))
    assert found.groups == pytest.approx(np.array([[0.0], [0.375]]))
    assert found.rest == pytest.approx([0.0, 0.0])


def test_it_is_certain_of_points_where_opposite_causes_cancel_out() -> None:
    """A component of 0 still shows what is in it."""
    model = model_by_hand()
    person = fold_in(model, known([0, 1], [4.5, 3.5]))
    columns = np.array([-1])

    odds = odds_of(
        line(CALIBRATION, foresee(model, person, columns)),
        share_stars(model, person, columns),
    )

    assert len(odds[0].rates) == len(COMPONENTS)
    assert min(odds[0].rates) > 0


def test_it_says_what_the_film_is_worth_to_all() -> None:
    found = MODEL.explain(FAN, 1004)

    column = MODEL.vocabulary.columns([1004])
    worth = float(MODEL.taste.mean + MODEL.taste.quality[column][0])
    assert by_kind(found, "quality")[0].stars == worth
    assert by_kind(found, "popularity")[0].stars is None


def test_it_is_the_same_for_any_order_of_a_history() -> None:
    turned = History(FAN.items[::-1], FAN.stars[::-1])

    assert MODEL.explain_all(turned, FILMS) == MODEL.explain_all(FAN, FILMS)
    assert len(place(MODEL.vocabulary, turned)) == 4
