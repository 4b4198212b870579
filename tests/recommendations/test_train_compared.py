"""By whom two models are compared, while people come and go."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from django.db.models import F

from nexus.accounts.models import User
from nexus.catalog.models import Movie
from nexus.recommendations import held_out
from nexus.recommendations.held_out import FEWEST, MARGINS, Places, places_of
from nexus.recommendations.interactions import read_interactions
from nexus.recommendations.models import OutsideRating, TrainedModel
from nexus.recommendations.outside import forget_movielens
from tests.builders import make_movie, make_user
from tests.recommendations.crowd import crowd, rate_all, store_crowd
from tests.recommendations.training_runs import run, summary

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("models_dir"),
]


def places() -> Places:
    return places_of(read_interactions(told=lambda *_: None))


def unseen_by_both(before: Places) -> int:
    """Count those held out now whom the model before cannot have learned from."""
    now, bounds = places(), before.bounds()
    of_others = bounds.get(now.outside, 0.0)
    of_each = np.where(now.people > 0, bounds["members"], of_others)
    kept = np.isin(now.people, now.held_out()) & (now.places < of_each)
    learned_from = set(before.people.tolist()) - set(before.held_out().tolist())
    assert not learned_from & set(now.people[kept].tolist())
    return int(np.count_nonzero(kept))


def store_members(count: int = 60) -> None:
    films = [make_movie().id for _ in range(60)]
    members = [make_user() for _ in range(count)]
    rate_all(crowd(count, 60), members, films)


def delete_members(count: int) -> None:
    User.objects.filter(pk__in=User.objects.order_by("-pk")[:count]).delete()


def import_others() -> None:
    """Another of MovieLens's sets: its numbers are other people's."""
    OutsideRating.objects.update(source_user=F("source_user") + 1_000)


def change_a_rating() -> None:
    row = OutsideRating.objects.earliest("id")
    row.half_stars = 11 - row.half_stars
    row.save()


def test_it_works() -> None:
    store_crowd()
    first = summary()
    change_a_rating()

    second = summary()

    assert (second["active"], second["compared_by"]) == (first["version"], "asking")
    assert second["beside"] == second["figures"]
    assert second["compared"].keys() == second["beside"].keys()


def test_the_first_is_compared_with_none() -> None:
    store_crowd()

    found = summary()

    assert (found["active"], found["compared_by"]) == (None, None)
    assert found["beside"] == found["compared"] == {}


# The population changes


def test_of_a_crowd_that_grows_those_the_first_knew_are_not_asked() -> None:
    store_members(40)
    before = places()
    first = summary()
    store_members(160)

    second = summary()

    assert second["compared_by"] == "asking"
    assert second["compared"]["people"] == unseen_by_both(before) > FEWEST
    assert first["figures"]["people"] < second["figures"]["people"]


def test_of_a_crowd_that_shrinks_those_the_first_knew_are_not_asked() -> None:
    store_members(160)
    before = places()
    summary()
    delete_members(60)

    second = summary()

    assert second["compared_by"] == "asking"
    assert second["compared"]["people"] == unseen_by_both(before) >= FEWEST


def test_so_it_is_beyond_the_most_that_are_held_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(held_out, "MOST", 8)
    store_members(120)
    before = places()
    summary()
    store_members(80)

    second = summary()

    assert second["figures"]["people"] == 8
    assert second["compared"]["people"] == unseen_by_both(before) == 8


def test_where_hardly_anybody_remains_notes_are_compared() -> None:
    store_members(100)
    before = places()
    first = summary()
    User.objects.filter(pk__in=before.held_out().tolist()).delete()

    second = summary()

    assert unseen_by_both(before) < FEWEST
    assert second["compared_by"] == "notes"
    assert second["beside"] == second["figures"]
    assert second["compared"] == {
        name: first["figures"][name] for name in ("people", *MARGINS)
    }


def test_by_notes_too_a_worse_one_is_not_served() -> None:
    store_crowd()
    first = summary()
    TrainedModel.objects.update(metrics={"people": 9, "ndcg_10": 1.0, "rmse": 0.1})
    import_others()

    told = run()

    assert TrainedModel.objects.get(is_active=True).version == first["version"]
    assert f"The active {first['version']}, at its own training: ndcg_10 1.0000" in told
    assert "It is not activated: ndcg_10 is " in told


def test_members_are_asked_when_the_rest_is_forgotten() -> None:
    store_crowd(100)
    store_members()
    before = places()
    summary()
    forget_movielens()

    second = summary()

    assert second["compared_by"] == "asking"
    assert second["compared"]["people"] == unseen_by_both(before) >= FEWEST
    assert second["people"] == second["members"] == 60


def test_members_who_come_after_others_are_asked() -> None:
    store_crowd(100)
    before = places()
    summary()
    store_members()

    second = summary()

    assert second["compared_by"] == "asking"
    assert second["compared"]["people"] == unseen_by_both(before) >= FEWEST


def test_accounts_that_are_deleted_move_nobody() -> None:
    store_members(100)
    before = places()
    summary()
    delete_members(60)

    second = summary()

    assert second["members"] == 40
    expected = unseen_by_both(before)
    assert second["compared_by"] == ("asking" if expected >= FEWEST else "notes")
    if expected >= FEWEST:
        assert second["compared"]["people"] == expected


def test_after_another_import_none_of_its_people_is_asked() -> None:
    store_crowd(100)
    summary()
    import_others()

    second = summary()

    assert second["compared_by"] == "notes"
    assert Movie.objects.count() == 0


def test_after_another_import_members_are_asked() -> None:
    store_crowd(100)
    store_members()
    before = places()
    summary()
    import_others()

    second = summary()

    assert second["compared_by"] == "asking"
    assert second["compared"]["people"] == unseen_by_both(before) >= FEWEST
    assert second["compared"]["people"] < second["figures"]["people"]


# What is told


def test_it_says_of_whom_each_figure_is() -> None:
    store_members(40)
    summary()
    store_members(160)

    lines = run().splitlines()

    count = TrainedModel.objects.latest("created_at").metrics["people"]
    assert lines[1].startswith(f"It, of {count} people it has never seen: ndcg_10 0.")
    assert " people neither has seen: ndcg_10 " in lines[2]
    assert lines[3].startswith("It, of the same: ndcg_10 ")


def test_it_says_that_a_model_is_lost(models_dir: Path) -> None:
    store_crowd()
    first = summary()
    shutil.rmtree(models_dir)
    change_a_rating()

    told = run()

    lost = f"The active {first['version']} cannot be read, and is served to nobody."
    assert lost in told
    assert "It is active now." in told


def test_one_that_tells_nothing_does_not_break_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_crowd()
    monkeypatch.setattr(held_out, "LEAST_RATINGS", 1_000)

    told = run()

    assert "It, of 0 people it has never seen: nothing can be told." in told
    assert "It is not activated: only 0 people could be asked about" in told
