"""`python -m nexus train`, in this process."""

import shutil
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError
from django.utils import timezone

from nexus.catalog.models import LastRun
from nexus.engine import learned
from nexus.recommendations import held_out, training
from nexus.recommendations.artefacts import folder_of
from nexus.recommendations.models import OutsideRating, TrainedModel
from nexus.recommendations.operations import (
    TRAINING,
    activate_model,
    active_model,
    model_before,
    roll_back,
)
from nexus.recommendations.outside import forget_movielens
from nexus.recommendations.training import train
from tests.builders import make_movie, make_rating, make_user
from tests.recommendations.crowd import store_crowd
from tests.recommendations.training_runs import run, stop_at, summary, train_quietly
from tests.servers import database_url
from tests.tables import ask
from tests.together import together

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("models_dir"),
]


def forget_everything(models_dir: Path) -> None:
    TrainedModel.objects.all().delete()
    shutil.rmtree(models_dir)


def change_a_rating() -> None:
    row = OutsideRating.objects.earliest("id")
    row.half_stars = 11 - row.half_stars
    row.save()


def test_it_works(models_dir: Path) -> None:
    store_crowd()

    told = run()

    model = TrainedModel.objects.get()
    assert model.is_active
    assert model.activated_at == model.created_at
    assert (model.ratings_count, model.members_count, model.seed) == (
        OutsideRating.objects.count(),
        0,
        0,
    )
    assert told.startswith(f"Model {model.version}: {model.ratings_count} ratings of")
    assert told.endswith("It is active now.\n")
    assert [folder.name for folder in models_dir.iterdir()] == [model.version]


def test_what_it_made_can_be_read() -> None:
    store_crowd()
    found = summary()

    model = learned.load(folder_of(found["version"]))

    history = learned.History([1001, 1003], [5, 1])
    assert model.rank(history, [1005, 1007]).shape == (2,)


def test_its_figures_are_of_people_it_has_not_seen() -> None:
    store_crowd()

    found = summary()

    figures = TrainedModel.objects.get().metrics
    assert figures["people"] == found["figures"]["people"] >= held_out.FEWEST
    assert 0 < figures["ndcg_10"] <= 1
    assert 0 < figures["rmse"] < 2
    facts = learned.read_facts(folder_of(found["version"]))
    assert facts.training["ratings"] < found["ratings"]
    assert facts.metrics["rmse"] == figures["rmse"]


def test_members_are_learned_from_but_not_those_who_left() -> None:
    store_crowd()
    film = make_movie(1001)
    make_rating(make_user(), film)
    make_rating(make_user(closed_at=timezone.now()), film)

    assert summary()["members"] == 1


def test_equal_ratings_and_seed_give_an_equal_model(models_dir: Path) -> None:
    store_crowd()
    first = summary("--seed", "7")
    forget_everything(models_dir)

    again = summary("--seed", "7")

    assert again["version"] == first["version"]
    assert again["figures"] == first["figures"]


def test_another_seed_gives_another_model() -> None:
    store_crowd()

    assert summary("--seed", "7")["version"] != summary("--seed", "8")["version"]


def test_its_version_names_the_day_of_the_newest_rating() -> None:
    store_crowd()

    assert summary()["version"].startswith("20010909-")


@pytest.mark.parametrize(("people", "films"), [(0, 1), (10, 60), (90, 49), (30, 60)])
def test_with_too_little_there_is_nothing_to_train(
    models_dir: Path, people: int, films: int
) -> None:
    store_crowd(people, max(films, 45)) if people else None
    OutsideRating.objects.filter(tmdb_id__gt=1000 + films).delete()
    if people == 30:
        OutsideRating.objects.filter(tmdb_id__lte=1020).delete()

    told = run()

    assert told.startswith("Nothing to train: there are ")
    assert told.endswith("it takes 1000 of 50 films by 20 people.\n")
    assert not TrainedModel.objects.exists()
    assert not models_dir.exists()


def test_without_a_change_it_does_nothing() -> None:
    store_crowd()
    first = summary()

    told = run()

    assert told == f"Nothing has changed since model {first['version']} was trained.\n"
    assert TrainedModel.objects.count() == 1


def test_a_model_that_was_lost_is_made_again() -> None:
    store_crowd()
    first = summary()
    shutil.rmtree(folder_of(first["version"]))

    again = summary()

    assert (again["version"], again["outcome"]) == (first["version"], "activated")
    assert TrainedModel.objects.get().is_active
    learned.load(folder_of(first["version"]))


# Whether it is served


def test_a_later_one_takes_the_place() -> None:
    store_crowd()
    first = summary()
    change_a_rating()

    second = summary()

    assert second["active"] == first["version"]
    assert second["compared"]["people"] == second["figures"]["people"]
    assert TrainedModel.objects.get(is_active=True).version == second["version"]


def test_a_worse_one_is_kept_but_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    store_crowd()
    first = summary()
    change_a_rating()
    monkeypatch.setitem(held_out.MARGINS, "rmse", -1.0)  # it would have to be better

    told = run()

    assert TrainedModel.objects.get(is_active=True).version == first["version"]
    worse = TrainedModel.objects.get(is_active=False)
    assert worse.activated_at is None
    assert "It is not activated: rmse is " in told
    assert f"`models activate {worse.version}`" in told


def test_a_model_that_cannot_be_read_holds_up_no_other() -> None:
    store_crowd()
    first = summary()
    TrainedModel.objects.update(metrics=first["figures"] | {"rmse": 0.01})
    shutil.rmtree(folder_of(first["version"]))
    change_a_rating()

    second = summary()

    assert (second["outcome"], second["active"]) == ("activated", first["version"])
    assert (second["compared_by"], second["compared"]) == (None, {})


def test_one_that_nobody_could_be_asked_about_is_not_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_crowd()
    monkeypatch.setattr(held_out, "LEAST_RATINGS", 1_000)

    told = summary()

    assert told["outcome"] == "worse"
    assert told["reasons"][0].startswith("only 0 people could be asked about")
    assert active_model() is None


def test_to_ask_a_few_is_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    store_crowd()
    loudest = Counter(OutsideRating.objects.values_list("source_user", flat=True))
    ((_, most), *_) = loudest.most_common(1)
    monkeypatch.setattr(held_out, "LEAST_RATINGS", most)

    told = summary()

    assert told["figures"]["people"] < held_out.FEWEST
    assert told["outcome"] == "worse"
    assert active_model() is None


def test_why_it_is_not_served_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store_crowd()
    run()
    change_a_rating()
    monkeypatch.setitem(held_out.MARGINS, "rmse", -1.0)
    refused = summary()

    told, again = run(), summary()

    start = f"Nothing has changed since model {refused['version']} was trained.\n"
    assert told.startswith(f"{start}It is not activated: rmse is ")
    assert (again["outcome"], again["reasons"]) == ("unchanged", refused["reasons"])


def test_who_activates_it_all_the_same_hears_no_reasons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_crowd()
    run()
    change_a_rating()
    monkeypatch.setitem(held_out.MARGINS, "rmse", -1.0)
    refused = summary()

    activate_model(version=refused["version"], now=timezone.now())

    assert summary()["reasons"] == []


# When those who were learned from leave


def test_of_people_who_left_nothing_is_served() -> None:
    store_crowd()
    first = summary()
    forget_movielens()

    told = run()

    assert f"\nModel {first['version']} is active no more, since hardly " in told
    assert active_model() is None
    again = summary()
    assert (again["outcome"], again["is_deactivated"]) == ("nothing", False)


def test_when_they_come_back_it_is_served_again() -> None:
    store_crowd()
    first = summary()
    forget_movielens()
    gone = summary()
    store_crowd()

    again = summary()

    assert (gone["active"], gone["is_deactivated"]) == (first["version"], True)
    assert (again["outcome"], again["version"]) == ("activated", first["version"])


# Who may read it


def test_nobody_else_on_the_machine_may_look_into_it(models_dir: Path) -> None:
    store_crowd()
    with pytest.raises(KeyboardInterrupt):
        train_quietly(told=stop_at("measure"))

    folders = (models_dir, models_dir / ".unfinished")

    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 2


def test_it_does_not_overrule_who_chose_another_meanwhile() -> None:
    store_crowd()
    first = summary("--seed", "1")
    summary("--seed", "2")
    change_a_rating()

    def choose_meanwhile(stage: str, done: int, total: int) -> None:
        if stage == "compare" and done == total:
            activate_model(version=first["version"], now=timezone.now())

    report = train_quietly(told=choose_meanwhile)

    assert report.outcome == "worse"
    assert TrainedModel.objects.get(is_active=True).version == first["version"]


# Taken up again


def test_it_goes_on_with_the_stage_it_was_interrupted_in(models_dir: Path) -> None:
    store_crowd()
    with pytest.raises(KeyboardInterrupt):
        train_quietly(told=stop_at("measure"))
    (unfinished,) = (models_dir / ".unfinished").iterdir()
    assert (unfinished / "fitted").is_dir()
    assert not TrainedModel.objects.exists()

    report = train_quietly()

    assert report.seconds.keys() == {"measure"}
    assert report.outcome == "activated"
    assert [folder.name for folder in models_dir.iterdir()] == [report.version]


def test_what_is_measured_is_not_measured_again() -> None:
    store_crowd()
    train_quietly()
    change_a_rating()
    with pytest.raises(KeyboardInterrupt):
        train_quietly(told=stop_at("compare"))

    assert train_quietly().seconds.keys() == {"compare"}


def test_an_interrupted_one_comes_to_the_same(models_dir: Path) -> None:
    store_crowd()
    whole = train_quietly()
    forget_everything(models_dir)
    with pytest.raises(KeyboardInterrupt):
        train_quietly(told=stop_at("measure"))

    again = train_quietly()

    assert (again.version, again.figures) == (whole.version, whole.figures)


def test_leftovers_of_other_ratings_are_removed(models_dir: Path) -> None:
    store_crowd()
    with pytest.raises(KeyboardInterrupt):
        train_quietly(told=stop_at("measure"))
    change_a_rating()

    report = train_quietly()

    assert "taste" in report.seconds
    assert [folder.name for folder in models_dir.iterdir()] == [report.version]


def test_a_stage_that_cannot_be_read_is_done_again(models_dir: Path) -> None:
    store_crowd()
    with pytest.raises(KeyboardInterrupt):
        train_quietly(told=stop_at("measure"))
    (unfinished,) = (models_dir / ".unfinished").iterdir()
    for file in (unfinished / "fitted").glob("*.npy"):
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[:-1])

    report = train_quietly()

    assert report.seconds.keys() == {"measure"}
    assert report.outcome == "activated"


def test_a_folder_without_a_row_is_taken_or_removed(models_dir: Path) -> None:
    store_crowd()
    first = train_quietly()
    TrainedModel.objects.all().delete()
    for name in ("20200101-0123456789abcdef", ".x.0123.partial"):
        (models_dir / name).mkdir()

    again = train_quietly()

    assert again.version == first.version
    assert [folder.name for folder in models_dir.iterdir()] == [first.version]


# One at a time


def test_a_second_one_says_so() -> None:
    store_crowd()

    def train_or_say() -> Any:
        try:
            run()
        except CommandError as error:
            return error.returncode, str(error)
        return 0, ""

    first, second = sorted(together(train_or_say, train_or_say))

    assert TrainedModel.objects.count() == 1
    # The second may also come when the first is done, and find nothing to do.
    assert first == (0, "")
    assert second in ((0, ""), (1, "Another training is under way: wait for its end."))


def test_while_one_is_under_way_another_ends_with_1() -> None:
    store_crowd()
    caught: list[CommandError] = []

    def try_another() -> None:
        with pytest.raises(CommandError) as failure:
            run()
        caught.append(failure.value)

    def told(stage: str, done: int, total: int) -> None:
        if stage == "measure" and not caught:
            together(try_another)

    report = train_quietly(told=told)

    assert (report.outcome, caught[0].returncode) == ("activated", 1)
    assert "under way" in str(caught[0])


def test_it_lets_go_whatever_happens() -> None:
    store_crowd()
    with pytest.raises(KeyboardInterrupt):
        train_quietly(told=stop_at("read"))

    assert ask("SELECT FROM pg_locks WHERE classid = %s", [TRAINING]) == []


# How it is called


def test_once_a_day_is_enough() -> None:
    store_crowd()
    run("--daily")
    change_a_rating()

    assert run("--daily") == ""
    LastRun.objects.update(began_at=timezone.now() - timedelta(hours=24))
    assert run("--daily") != ""
    assert TrainedModel.objects.count() == 2


@pytest.mark.parametrize("hours", [-24 * 365, -1, 24])
def test_it_is_due_after_a_day_or_if_the_clock_was_set_back(hours: int) -> None:
    train_quietly()

    LastRun.objects.update(began_at=timezone.now() - timedelta(hours=hours))

    assert training.is_due(now=timezone.now())


def test_while_the_clock_is_set_back_it_activates_all_the_same() -> None:
    store_crowd()
    first = train_quietly()
    change_a_rating()
    long_ago = timezone.now() - timedelta(days=400)

    second = train(seed=0, now=long_ago, told=lambda *_: None)

    assert second.outcome == "activated"
    assert roll_back(now=long_ago).version == first.version


def test_it_can_forget_old_ones_afterwards() -> None:
    store_crowd()
    for _ in range(3):
        change_a_rating()
        run("--seed", str(TrainedModel.objects.count()))

    run("--seed", "9", "--keep", "1")

    kept = set(TrainedModel.objects.all())
    newest = TrainedModel.objects.latest("created_at")
    assert kept == {newest, active_model(), model_before()} - {None}
    assert len(kept) < 4


def test_who_waits_for_the_training_gets_it_when_old_ones_are_forgotten() -> None:
    store_crowd()
    for seed in range(3):
        change_a_rating()
        activate_model(
            version=train_quietly(seed=seed).version or "", now=timezone.now()
        )
    waiting: list[Future[Any]] = []

    def told(stage: str, done: int, total: int) -> None:
        if not waiting:
            lock = "SELECT pg_advisory_lock(%s, 0)"
            waiting.append(pool.submit(other.execute, lock, [TRAINING]))

    with (
        psycopg.connect(database_url(), autocommit=True) as other,
        ThreadPoolExecutor() as pool,
    ):
        train(seed=9, now=timezone.now(), told=told, keep=0)
        waiting[0].result(10)

    assert set(TrainedModel.objects.all()) == {active_model(), model_before()}


def test_it_tells_each_stage() -> None:
    store_crowd()
    train_quietly()
    change_a_rating()
    told: list[str] = []

    train_quietly(told=lambda stage, done, total: told.append(stage))

    assert list(dict.fromkeys(told)) == [
        "read",
        "pick",
        "taste",
        "calibration",
        "measure",
        "compare",
    ]


def test_it_foresees_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "TICK_S", 0.001)
    told: list[tuple[int, int]] = []

    with training.ticking(lambda _, *moment: told.append(moment), "taste", 42.0):
        while not told:
            pass

    assert told[0] == (0, 42)


@pytest.mark.parametrize(
    "words", [["--seed", "-1"], ["--seed", "x"], ["--keep", "1.5"]]
)
def test_it_refuses(words: list[str]) -> None:
    with pytest.raises(CommandError):
        run(*words)
