import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from nexus.engine.arrays import Floats
from nexus.engine.learned.calibration import (
    MIDDLE,
    Calibration,
    Foreseen,
    calibrate,
    chance,
    line,
    stars_range,
)
from nexus.engine.learned.explanation import share_stars
from nexus.engine.learned.fold_in import fold_in
from nexus.engine.learned.held_out import (
    calibrate_on_held_out,
    hold_out,
    take_people,
)
from nexus.engine.learned.interactions import Ratings, index
from nexus.engine.learned.matching import (
    chance_range,
    confidence,
    foresee,
    match,
)
from tests.engine.films import laws
from tests.engine.learned.people import table_of_two_kinds
from tests.engine.learned.tastes import (
    SMALL,
    draw_known,
    fitted,
    known,
    model_by_hand,
)

seeds = st.integers(0, 2**32 - 1)
FILMS = np.arange(-1, 24)


def by_hand() -> Calibration:
    """offset .1 and slope 2 whatever n and sd; errors by bucket 10 few + known + sd."""
    constant = np.array([1.0, *[0.0] * 7])
    few, group, width = np.indices((2, 4, 3))
    error = (10 * few + group + width / 10) / 100
    return Calibration(
        offset=0.1 * constant,
        slope=2 * constant,
        edges=np.tile([1.0, 2.0], (4, 1)),
        low=-error,
        high=error,
    )


def foreseen(
    expected: list[float], n: int = 30, count: int = 100, sd: float = 1.0
) -> Foreseen:
    m = len(expected)
    return Foreseen(
        np.full(m, n), np.full(m, count), np.array(expected), np.full(m, sd)
    )


def draw(
    rng: np.random.Generator, m: int = 20_000, few: float = 1.0
) -> tuple[Foreseen, Floats]:
    """Errors as wide as promised, `few` times as wide for films with few ratings."""
    counts, sd = rng.integers(0, 200, m), rng.uniform(0.7, 1.2, m)
    found = Foreseen(rng.integers(0, 60, m), counts, rng.normal(3.5, 0.6, m), sd)
    errors = rng.normal(0, 1, m) * sd * np.where(counts < 20, few, 1.0)
    return found, np.clip(found.expected + errors, 0.5, 5.0)


def test_it_draws_the_line_by_hand() -> None:
    said = chance(by_hand(), foreseen([3.75, 4.25]))

    assert logit(said) == pytest.approx([0.1, 1.1])
    assert [float(one[0]) for one in line(by_hand(), foreseen([3.0]))] == [0.1, 2.0]


@pytest.mark.parametrize(
    ("n", "count", "sd", "error"),
    [
        (0, 20, 1.0, 0.00),
        (1, 20, 1.5, 0.011),
        (5, 20, 2.5, 0.012),
        (6, 20, 1.0, 0.02),
        (20, 20, 1.0, 0.02),
        (21, 20, 1.0, 0.03),
        (21, 19, 1.0, 0.13),
    ],
)
def test_it_looks_the_range_up_by_hand(
    n: int, count: int, sd: float, error: float
) -> None:
    low, high = stars_range(by_hand(), foreseen([3.0], n, count, sd))

    assert [low[0], high[0]] == pytest.approx([3 - error, 3 + error])


def test_it_keeps_ranges_within_the_stars_there_are() -> None:
    low, high = stars_range(by_hand(), foreseen([0.4, 5.1]))

    assert [*low, *high] == pytest.approx([0.5, 5.0, 0.5, 5.0], abs=0.08)
    assert low.min() >= 0.5
    assert high.max() <= 5


def test_it_takes_the_tenth_error_from_either_end_by_hand() -> None:
    errors = np.random.default_rng(0).permutation(np.arange(1, 100)) / 100
    held = foreseen([3.0] * 99)

    found = calibrate(held, 3.0 + errors)
    enough = calibrate(foreseen([3.0] * 199), 3.0 + np.arange(1, 200) / 200)

    # 99 are too few for any bucket; of 199, the 20th (.1) and the 180th (.9).
    assert found.high == pytest.approx(1.2816)
    assert enough.low == pytest.approx(0.1)
    assert enough.high == pytest.approx(0.9)


def test_it_says_what_is_usual_without_anybody_held_out() -> None:
    found = calibrate(foreseen([]), np.empty(0))

    assert chance(found, foreseen([3.75, 4.75])) == pytest.approx(expit([0, 1.7]))
    low, high = stars_range(found, foreseen([3.0]))
    assert [low[0], high[0]] == pytest.approx([3 - 1.2816, 3 + 1.2816])


def test_it_refuses_cases_without_their_stars() -> None:
    with pytest.raises(ValueError, match="2 cases but 1 stars"):
        calibrate(foreseen([3.0, 4.0]), np.array([3.0]))


@pytest.mark.parametrize("stars", [1.0, 5.0])
def test_it_stays_finite_if_all_say_the_same(stars: float) -> None:
    found = calibrate(foreseen([3.5] * 300), np.full(300, stars))

    said = chance(found, foreseen([3.5]))[0]
    assert 0 < said < 1
    assert (said > 0.9) == (stars == 5.0)


def test_it_is_true_on_average_in_every_tenth() -> None:
    rng = np.random.default_rng(4)
    held, _ = draw(rng, 120_000)
    truth = expit(1.7 / held.sd * (held.expected - 3.6))
    stars = np.where(rng.random(truth.size) < truth, 5.0, 2.0)

    said = chance(calibrate(held, stars), held)

    for least in np.arange(0.05, 0.9, 0.1):
        here = (said >= least) & (said < least + 0.1)
        assert abs(said[here].mean() - truth[here].mean()) < 0.01
    assert np.abs(said - truth).max() < 0.05


def test_it_holds_four_of_five_ratings() -> None:
    rng = np.random.default_rng(5)
    found = calibrate(*draw(rng, few=1.5))

    others, stars = draw(rng, few=1.5)
    bucket = others.counts < 20
    others_low, others_high = stars_range(found, others)

    inside = (others_low <= stars) & (stars <= others_high)
    assert abs(inside[~bucket].mean() - 0.8) < 0.02
    assert abs(inside[bucket].mean() - 0.8) < 0.04
    assert found.high[1, 3, 0] > found.high[0, 3, 0]


@laws
@given(seeds)
def test_it_grows_with_the_stars_expected(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = calibrate(*draw(rng, int(rng.integers(0, 300))))
    n, sd = int(rng.integers(0, 3000)), float(rng.uniform(0.3, 2.5))

    said = chance(found, foreseen([1.0, 2.0, 3.0, 4.0, 5.0], n=n, sd=sd))

    assert (np.diff(said) > 0).all()


@laws
@given(seeds)
def test_it_matches_within_bounds(seed: int) -> None:
    model, rng = fitted(), np.random.default_rng(seed)
    found = calibrate(*draw(rng, 2000))
    person = fold_in(model, draw_known(model, rng))

    said = match(model, found, person, FILMS)

    assert ((said.like > 0) & (said.like < 1)).all()
    assert (said.low <= said.expected).all()
    assert (said.expected <= said.high).all()
    assert ((said.confidence >= 0) & (said.confidence <= 1)).all()
    foreseen = foresee(model, person, FILMS)
    low, high = chance_range(found, foreseen, line(found, foreseen))
    assert (low <= said.like).all()
    assert (said.like <= high).all()


def test_it_holds_the_expected_stars_where_errors_have_one_sign() -> None:
    """Of 95 % five stars and 5 % half a star, the 10 % quantile is above the mean."""
    stars = np.where(np.arange(400) % 20 == 0, 0.5, 5.0)
    found = calibrate(foreseen([3.5] * 400), stars)
    model = model_by_hand()
    nobody, films = fold_in(model, known([], [])), np.array([0, 1])

    said = match(model, found, nobody, films)

    assert (stars_range(found, foresee(model, nobody, films))[0] > said.expected).all()
    assert said.low.tolist() == said.expected.tolist()
    assert (said.expected <= said.high).all()


def test_it_is_not_confident_about_a_stranger_and_an_unknown_film() -> None:
    model = model_by_hand()
    nobody, somebody = fold_in(model, known([], [])), fold_in(model, known([0], [4.0]))

    # doubt of the strangest: x' P0^-1 x = 1, + .5; one rating leaves 2/3 for film 0
    assert confidence(model, nobody, np.array([-1])) == pytest.approx([0.0])
    assert confidence(model, somebody, np.array([0])) == pytest.approx([1 - 2 / 4.5])


def test_it_is_more_confident_with_every_rating() -> None:
    model, rng = fitted(), np.random.default_rng(6)
    told = draw_known(model, rng)
    nobody = fold_in(model, known([], []))

    sure = confidence(model, fold_in(model, told), FILMS)

    assert (sure >= confidence(model, nobody, FILMS)).all()


@laws
@given(seeds)
def test_it_adds_up_in_log_odds_as_in_stars(seed: int) -> None:
    model, rng = fitted(), np.random.default_rng(seed)
    found = calibrate(*draw(rng, 500))
    person, column = fold_in(model, draw_known(model, rng)), int(rng.integers(-1, 24))
    columns = np.array([column])

    offset, slope = line(found, foresee(model, person, columns))
    of = share_stars(model, person, columns)

    odds = offset[0] + slope[0] * (of.average - MIDDLE)
    odds += (slope[0] * of.components).sum()
    assert odds == pytest.approx(logit(match(model, found, person, columns).like[0]))


def test_it_takes_people_out_of_a_table() -> None:
    table = index(Ratings([1, 1, 2, 3], [10, 20, 20, 30], [1.0, 2.0, 3.0, 4.0]))

    left = take_people(table, np.array([False, True, True]))

    assert left.n_users == 2
    assert left.vocabulary.items.tolist() == [20, 30]
    assert left.users.tolist() == [0, 1]
    assert left.items.tolist() == [0, 1]
    assert left.stars.tolist() == [3.0, 4.0]


def test_it_holds_people_out_with_short_and_long_histories() -> None:
    table = table_of_two_kinds(60, 40)

    held = hold_out(table, config=SMALL, rng=np.random.default_rng(0))

    assert (held.foreseen.known == 0).any()
    assert held.foreseen.known.max() <= 0.8 * np.bincount(table.users).max() + 0.5
    first = held.foreseen.known == 0
    # Of people without ratings each hidden one, 20 %, is foreseen once.
    shares = np.bincount(table.users)
    assert first.sum() == (shares - np.round(0.8 * shares)).sum()
    assert (held.stars >= 0.5).all()


def test_it_holds_one_of_two_ratings_back() -> None:
    people = np.repeat(np.arange(8), 2)
    table = index(Ratings(people, np.tile([1, 2], 8), np.tile([4.0, 2.5], 8)))

    held = hold_out(table, config=SMALL, rng=np.random.default_rng(0))

    # Everybody is foreseen from nothing and from their other rating.
    assert np.bincount(held.foreseen.known).tolist() == [8, 8]


def test_it_calibrates_alike_for_equal_seeds() -> None:
    table = table_of_two_kinds()

    one, other = (
        calibrate_on_held_out(table, config=SMALL, rng=np.random.default_rng(2))
        for _ in range(2)
    )

    assert (one.slope == other.slope).all()
    assert (one.high == other.high).all()


def test_it_has_nobody_to_hold_out_among_one() -> None:
    alone = index(Ratings([1, 1], [1, 2], [3.0, 5.0]))

    found = calibrate_on_held_out(alone, config=SMALL, rng=np.random.default_rng(0))

    model = model_by_hand()
    said = chance(found, foresee(model, fold_in(model, known([], [])), np.array([0])))
    assert 0 < said[0] < 1
