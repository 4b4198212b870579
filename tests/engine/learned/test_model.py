import dataclasses
import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import pytest

from nexus.engine.learned import Config, History, Part, Ratings, fit
from nexus.engine.learned.cards import choose_cards
from nexus.engine.learned.interactions import index
from nexus.engine.learned.pick import PickModel
from nexus.engine.results import Match
from tests.engine.evaluation.tables import by_rows, two_kinds
from tests.engine.learned.fitted import FAN, RATINGS, SMALL, fit_small, small_model

FILMS = np.arange(1000, 1030)
REST = np.array([film for film in FILMS if film not in FAN.items])
NOBODY = History()
T = TypeVar("T")


def table(match: Match) -> np.ndarray:
    return np.stack([getattr(match, each.name) for each in dataclasses.fields(match)])


def test_it_works() -> None:
    model = small_model()

    scores, match = model.rank(FAN, REST), model.match(FAN, REST)

    even = REST % 2 == 0
    assert scores[even].mean() > scores[~even].mean()
    assert match.like[even].min() > match.like[~even].max()
    assert match.expected[even].mean() > match.expected[~even].mean() + 1


def test_it_answers_for_a_person_as_for_their_history() -> None:
    model, films = small_model(), [*FILMS, 77]

    person = model.person(FAN)

    assert model.rank(person, films).tobytes() == model.rank(FAN, films).tobytes()
    assert (table(model.match(person, films)) == table(model.match(FAN, films))).all()
    assert model.explain_all(person, films) == model.explain_all(FAN, films)


def test_it_knows_what_to_ask_somebody_new() -> None:
    cards = small_model().cards.tolist()

    assert cards == choose_cards(index(RATINGS), 50).tolist()
    assert len(set(cards)) == len(cards) > 20


def test_it_answers_for_somebody_without_ratings() -> None:
    model = small_model()

    assert np.isfinite(model.rank(NOBODY, FILMS)).all()
    assert np.isfinite(table(model.match(NOBODY, FILMS))).all()


def test_it_prefers_declared_genres() -> None:
    model = small_model()

    gained = model.rank(NOBODY, FILMS, ["space"]) - model.rank(NOBODY, FILMS)

    assert (gained[::2] > 0).all()
    assert gained[1::2] == pytest.approx(0)


def test_it_takes_no_string_for_names() -> None:
    with pytest.raises(ValueError, match="declared must be a sequence of names"):
        small_model().rank(NOBODY, FILMS, "space")
    with pytest.raises(ValueError, match=r"item_groups\[1000\] must be a sequence"):
        fit(RATINGS, item_groups={1000: "love"}, rng=np.random.default_rng(0))


def test_it_cannot_rank_a_film_nobody_rated() -> None:
    scores = small_model().rank(FAN, [1001, 77, 1004])

    assert np.isnan(scores).tolist() == [False, True, False]


def test_it_takes_a_film_nobody_rated_for_an_average_one() -> None:
    match = small_model().match(FAN, [77, 1004])

    assert np.isfinite(table(match)).all()
    assert match.confidence[0] < match.confidence[1]


def test_it_scores_a_film_the_same_among_others_and_alone() -> None:
    model = small_model()

    ranked, match = model.rank(FAN, REST), table(model.match(FAN, REST))

    for at in (0, 7):
        assert model.rank(FAN, REST[[at]]) == pytest.approx(ranked[[at]], rel=1e-12)
        alone = table(model.match(FAN, REST[[at]]))
        assert alone == pytest.approx(match[:, [at]], rel=1e-12)


def test_it_says_what_it_would_without_the_films_own_rating() -> None:
    model = small_model()
    others = History(FAN.items[1:], FAN.stars[1:])

    match = model.match(FAN, FAN.items[:1])

    assert table(match) == pytest.approx(table(model.match(others, FAN.items[:1])))


def test_it_says_exactly_what_would_be_without_a_rating() -> None:
    model = small_model()
    others = History(FAN.items[1:], FAN.stars[1:])

    match = model.without(FAN, 1000, 1004)

    again = model.match(others, [1004])
    assert table(match) == pytest.approx(table(again), abs=1e-12)
    assert match.like < model.match(FAN, [1004]).like


def test_it_leaves_out_only_what_was_rated() -> None:
    model, more = small_model(), History([*FAN.items, 77], [*FAN.stars, 5.0])

    with pytest.raises(ValueError, match="film 1004 is not in the history"):
        model.without(FAN, 1004, 1006)
    unknown = table(model.without(more, 77, 1004))
    assert unknown.tobytes() == table(model.match(FAN, [1004])).tobytes()


def test_it_counts_a_new_rating_at_once() -> None:
    model = small_model()
    more = History([*FAN.items, 1006], [*FAN.stars, 5.0])

    gained = model.match(more, [1008]).like - model.match(FAN, [1008]).like

    assert gained > 0


@pytest.mark.parametrize("film", [1004, 1007, 1000, 77])
@pytest.mark.parametrize("history", [FAN, NOBODY], ids=["fan", "nobody"])
def test_it_explains_all_there_is(history: History, film: int) -> None:
    model = small_model()

    found = model.explain(history, film)

    like = float(model.match(history, [film]).like[0])
    parts = sum(component.points for component in found.components)
    assert (
        found.base_points + parts == found.match_score == math.floor(100 * like + 0.5)
    )
    exact = found.base + math.fsum(reason.points for reason in found.reasons)
    assert exact == pytest.approx(100 * like, abs=1e-9)
    assert abs(found.base_points - found.base) < 1
    assert found.interval[0] <= found.match_score <= found.interval[1]
    assert found.expected_stars == model.match(history, [film]).expected[0]


def test_it_names_what_was_rated_as_reasons() -> None:
    found = small_model().explain(FAN, 1004)

    rated = {r.id: r for r in found.reasons if r.kind == "rated_movie"}
    assert set(rated) == {1000, 1002, 1003, 1005}
    assert rated[1000].stars == 5.0
    assert rated[1000].points > 0
    assert (found.evidence_count, found.cold_start) == (4, False)
    strength = [abs(reason.points) for reason in found.reasons]
    assert strength == sorted(strength, reverse=True)


def test_it_gives_no_film_itself_as_a_reason() -> None:
    found = small_model().explain(FAN, 1000)

    assert 1000 not in {reason.id for reason in found.reasons}
    assert found.evidence_count == 3


def test_it_says_so_at_a_cold_start() -> None:
    found = small_model().explain(NOBODY, 1000)

    assert found.cold_start
    named = {component.name: component.points for component in found.components}
    assert (named["genre_affinity"], named["rating_history"]) == (0, 0)
    assert {reason.kind for reason in found.reasons} == {"quality", "popularity"}


def test_it_learns_the_same_from_another_order() -> None:
    rows = np.random.default_rng(5).permutation(len(RATINGS)).tolist()

    one, two = small_model(), fit_small(by_rows(RATINGS, rows))

    assert one.rank(FAN, FILMS).tobytes() == two.rank(FAN, FILMS).tobytes()
    assert one.trained_on == two.trained_on


def test_it_says_what_it_was_trained_on() -> None:
    facts = small_model().trained_on

    assert (facts.n_ratings, facts.n_people, facts.n_films) == (len(RATINGS), 120, 30)
    assert facts.fingerprint != fit_small(two_kinds(people=20)).trained_on.fingerprint


def test_it_learns_much_the_same_in_the_scalable_form() -> None:
    many = fit_small(config=dataclasses.replace(SMALL, scalable=True))

    even = REST % 2 == 0
    scores = many.rank(FAN, REST)
    assert scores[even].mean() > scores[~even].mean()
    assert scores.tobytes() != small_model().rank(FAN, REST).tobytes()
    assert many.match(FAN, REST).like[even].min() > 0.5


@pytest.mark.parametrize(
    ("users", "items"), [([1], [7]), ([1, 1], [7, 8]), ([1, 2], [7, 7])]
)
def test_it_learns_from_next_to_nothing(users: list[int], items: list[int]) -> None:
    ratings = Ratings(users, items, [4.0] * len(users))

    model = fit(ratings, config=SMALL, rng=np.random.default_rng(0))

    assert np.isfinite(model.rank(NOBODY, [7])).all()
    assert 0 < model.match(History([7], [5.0]), [7]).like[0] < 1
    assert model.explain(NOBODY, 7).match_score >= 0


EXTREMES = {
    "one person": (1, 12, None),
    "one film": (12, 1, None),
    "all stars equal": (9, 7, 3.5),
    "everybody rated everything": (15, 8, None),
    "identical people": (20, 6, 0.5),
}


@pytest.mark.parametrize("scalable", [False, True])
@pytest.mark.parametrize("extreme", EXTREMES.values(), ids=EXTREMES)
def test_it_stays_sane_at_the_extremes(
    extreme: tuple[int, int, float | None], *, scalable: bool
) -> None:
    """Any warning of NumPy's would be an error here."""
    people, n_films, same = extreme
    users, items = np.divmod(np.arange(people * n_films), n_films)
    stars = (users * 3 + items) % 10 / 2 + 0.5 if same is None else users * 0 + same
    ratings = Ratings(users, items, stars)

    model = fit_small(ratings, config=dataclasses.replace(SMALL, scalable=scalable))

    films = [*range(n_films), 99]
    for history in (
        NOBODY,
        History([0], [5.0]),
        History(items[:n_films], [0.5] * n_films),
    ):
        match = table(model.match(history, films))
        assert np.isfinite(match).all()
        assert np.isfinite(model.rank(history, films[:-1])).all()
        found = model.explain_all(history, films)
        assert all(0 <= one.match_score <= 100 for one in found)


@pytest.mark.parametrize("scalable", [False, True])
def test_it_learns_of_films_at_both_ends_of_the_ids(*, scalable: bool) -> None:
    ends = [-(2**63), 2**63 - 1]
    ratings = Ratings([*ends, *ends], [*ends, *ends[::-1]], [1.0, 2.0, 4.0, 5.0])
    config = dataclasses.replace(SMALL, scalable=scalable)

    model = fit(ratings, config=config, rng=np.random.default_rng(0))

    assert model.vocabulary.items.tolist() == ends
    assert np.isfinite(model.rank(History(ends[1:], [5.0]), ends)).all()


def other_films() -> PickModel:
    return fit_small(two_kinds(people=40, films=29)).pick


def keep_other_films(name: Part, make: Callable[[], T]) -> T:
    return cast("T", other_films()) if name == "pick" else make()


def test_it_is_made_of_parts_of_the_same_films() -> None:
    rng = np.random.default_rng(1)

    with pytest.raises(ValueError, match="of different films"):
        dataclasses.replace(small_model(), pick=other_films())
    with pytest.raises(ValueError, match="of different films"):
        fit(RATINGS, config=SMALL, rng=rng, keep=keep_other_films)


TASTE = ("vectors", "quality", "noise", "doubt", "counts", "precision", "usual")


@pytest.mark.parametrize("name", [*TASTE, "unpulled", "pull"])
def test_it_is_made_of_a_taste_of_one_size(name: str) -> None:
    taste = small_model().taste
    wrong = dataclasses.replace(taste, **{name: getattr(taste, name)[:-1]})

    with pytest.raises(ValueError, match=r"taste\.\w+ must be of shape"):
        dataclasses.replace(small_model(), taste=wrong)


@pytest.mark.parametrize("changed", [{"k": 2}, {"groups": ()}])
def test_it_is_made_of_as_many_dimensions_as_there_are(changed: dict[str, Any]) -> None:
    wrong = dataclasses.replace(small_model().taste, **changed)

    with pytest.raises(ValueError, match=r"taste\.vectors must be of shape"):
        dataclasses.replace(small_model(), taste=wrong)


def test_it_is_made_of_a_pick_of_one_size() -> None:
    model, other = small_model(), other_films()
    parts = {"weights": other.weights, "prior": other.prior, "genres": other.genres}

    for name, part in parts.items():
        wrong: Any = {name: part}
        with pytest.raises(ValueError, match=rf"pick\.{name} must be of shape"):
            dataclasses.replace(model, pick=dataclasses.replace(model.pick, **wrong))
    with pytest.raises(ValueError, match="strangers must be of shape"):
        dataclasses.replace(model, strangers=model.strangers[:-5])


def test_it_cannot_learn_from_nothing() -> None:
    with pytest.raises(ValueError, match="no ratings"):
        fit(Ratings([], [], []), config=Config(), rng=np.random.default_rng(0))


def test_it_foresees_true_chances() -> None:
    """Of the films called likely for strangers, about as many are liked."""
    model = small_model()
    strangers = two_kinds(people=200, films=30, seed=7)
    claims, liked = [], []
    for person in np.unique(strangers.users):
        rows = np.flatnonzero(strangers.users == person)
        known, hidden = rows[::2], rows[1::2]
        history = History(strangers.items[known], strangers.stars[known])
        claims.append(model.match(history, strangers.items[hidden]).like)
        liked.append(strangers.stars[hidden] >= 4)

    claim, truth = np.concatenate(claims), np.concatenate(liked)
    sure = claim > 0.8
    assert sure.sum() > 500
    assert truth[sure].mean() == pytest.approx(claim[sure].mean(), abs=0.05)
