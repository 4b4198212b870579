from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from nexus.engine.evaluation import (
    PROTOCOLS,
    Field,
    Outcome,
    Plan,
    RankingModel,
    evaluate,
)
from nexus.engine.evaluation.autoencoders import Ease
from nexus.engine.evaluation.biases import Biases, FilmShare
from nexus.engine.evaluation.bootstrap import Interval
from nexus.engine.evaluation.costs import STORED, TRAINING, Watch
from nexus.engine.evaluation.entrants import Learned, gather
from nexus.engine.evaluation.ledger import Line, Section
from nexus.engine.evaluation.peers import Popularity
from nexus.engine.learned.interactions import Ratings
from tests.engine.evaluation.tables import groups_of, two_kinds

RATINGS = two_kinds()
ENTRANTS = Field(
    rankers=(Popularity(), Ease(penalty=5.0)),
    predictors=(Biases(),),
    matchers=(FilmShare(), Biases()),
)


def watch(told: list[str] | None = None) -> Watch:
    ticks: Iterator[int] = iter(range(10**9))
    return Watch(lambda: float(next(ticks)), (told if told is not None else []).append)


def run(*only: str, entrants: Field = ENTRANTS, ratings: Ratings = RATINGS) -> Outcome:
    plan = Plan(ratings, groups_of(ratings), folds=3, seed=1, only=only or PROTOCOLS)
    return evaluate(plan, entrants, watch())


def value(line: Line, column: str) -> float:
    cell = line.cells[column]
    assert isinstance(cell, Interval)
    return cell.value


def line_of(section: Section, contestant: str, group: str) -> Line:
    (found,) = [
        line
        for line in section.lines
        if (line.contestant, line.group) == (contestant, group)
    ]
    return found


def test_it_works() -> None:
    outcome = run()

    assert [section.key for section in outcome.sections] == list(PROTOCOLS)
    strong = outcome.sections[0]
    ease = line_of(strong, "EASE", "all rated films hidden")
    popular = line_of(strong, "popularity", "all rated films hidden")
    assert value(ease, "NDCG@10") > value(popular, "NDCG@10") + 0.1
    assert value(ease, "NDCG@100, less popularity") > 0.1


@pytest.mark.parametrize("only", PROTOCOLS)
def test_it_runs_one_alone_with_the_same_figures(only: str) -> None:
    (alone,) = run(only).sections

    (among,) = [section for section in run().sections if section.key == only]
    if only != "cost":
        assert alone == among


def test_it_answers_the_same_each_time() -> None:
    assert (
        run("strong", "match", "cold").sections
        == run("strong", "match", "cold").sections
    )


def test_it_measures_everybody_once() -> None:
    outcome = run("match")

    people, counts = np.unique(
        outcome.claims.claims("0", "biases").people, return_counts=True
    )
    assert people.tolist() == sorted(set(RATINGS.users.tolist()))
    assert counts.sum() < len(RATINGS) / 3


def test_it_asks_more_of_the_cold_than_of_those_known() -> None:
    (cold,) = run("cold").sections

    ease = [value(line_of(cold, "EASE", f"{n} ratings"), "NDCG@10") for n in (0, 10)]
    assert ease[0] < ease[1]
    assert value(line_of(cold, "EASE", "3 ratings"), "ratings told") == 3


@dataclass
class Counting:
    """Counts how often it is fitted."""

    fits: list[Ratings] = field(default_factory=list)
    name: str = "counting"

    def fit(self, ratings: Ratings) -> RankingModel:
        self.fits.append(ratings)
        return Ease().fit(ratings)


def test_it_fits_once_per_fold() -> None:
    counting = Counting()

    run("strong", "cold", "cost", entrants=Field(rankers=(counting,)))

    assert len(counting.fits) == 3


def test_it_leaves_time_out_where_there_is_none() -> None:
    timeless = Ratings(RATINGS.users, RATINGS.items, RATINGS.stars)

    assert run("temporal", ratings=timeless).sections == ()


def test_it_reads_the_clock_it_is_given() -> None:
    (cost,) = run("cost").sections

    assert {line.cells[TRAINING] for line in cost.lines} == {1.0}


class Saved:
    """A model of 1.5 MB in two files."""

    def save(self, directory: Path) -> None:
        directory.mkdir()
        (directory / "a").write_bytes(b"a" * 1_000_000)
        (directory / "b").write_bytes(b"b" * 500_000)


def test_it_weighs_what_can_be_saved() -> None:
    told = watch()

    told.weigh("ours", Saved())
    told.weigh("a peer", Popularity())

    (line,) = told.lines()
    assert (line.contestant, line.cells[STORED]) == ("ours", 1.5)


def test_it_weighs_ours() -> None:
    field = Field(rankers=(Learned(), Popularity()))

    (cost,) = run("cost", entrants=field).sections

    ours, popular = cost.lines
    assert isinstance(ours.cells[STORED], float)
    assert STORED not in popular.cells


def test_it_tells_how_far_it_is() -> None:
    told: list[str] = []

    evaluate(Plan(RATINGS, folds=2, only=("rating",)), ENTRANTS, watch(told))

    assert told == ["stars, fold 1 of 2: biases ...", "stars, fold 2 of 2: biases ..."]


def test_it_knows_its_protocols() -> None:
    with pytest.raises(ValueError, match="no such protocol: guess"):
        Plan(RATINGS, only=("guess",))


def test_it_gathers_peers_and_names_those_not_there() -> None:
    field = gather(0)

    names = {it.name for it in field.everybody}
    assert field.rankers[0].name == "Nexus"
    assert {"popularity", "EASE", "RDLAE", "SLIM", "biases"} <= names
    everybody = names | set(field.absent)
    assert {"iALS (implicit)", "SVD++ (Surprise)"} <= everybody
    assert names.isdisjoint(field.absent)
