"""What decides what is learned, what must not, and what is kept of people."""

import json
from datetime import date, timedelta
from typing import Any, Final

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.forms import model_to_dict
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog.models import Credit, Genre, Keyword, Movie, MovieText, Person
from nexus.engine import learned
from nexus.recommendations.artefacts import folder_of
from nexus.recommendations.models import TrainedModel
from tests.builders import NOW, make_movie, make_user
from tests.recommendations.crowd import crowd, rate_all, store_crowd
from tests.recommendations.shelf import fill_shelf
from tests.recommendations.training_runs import summary
from tests.tmdb.films import FILMS

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("models_dir"),
]

# What TMDb has no say in, of a film's columns.
OURS: Final = {"id", "created_at", "updated_at"}


def store_members(count: int) -> list[User]:
    """Store members who rate sixty films, of which the shelf has the first."""
    fill_shelf()
    shelf = [film.tmdb_id for film in FILMS]
    films = shelf + [make_movie().id for _ in range(60 - len(shelf))]
    members = [make_user() for _ in range(count)]
    rate_all(crowd(count, 60), members, films)
    return members


# Members who left


def test_who_left_is_not_in_the_next_one() -> None:
    leaver, *_ = store_members(47)
    before = summary()
    User.objects.filter(pk=leaver.pk).update(closed_at=timezone.now())

    after = summary()

    assert (before["members"], after["members"]) == (47, 46)
    assert after["ratings"] == before["ratings"] - leaver.ratings.count()
    assert after["version"] != before["version"]
    leaver.delete()
    assert summary()["outcome"] == "unchanged"  # nothing of theirs was left in it


def test_nothing_of_a_single_person_is_in_a_model() -> None:
    store_members(47)
    store_crowd(53, 60, seed=1)
    found = summary()

    folder = folder_of(found["version"])

    learned_from = learned.read_facts(folder).training["ratings"]
    assert found["people"] == 100
    of_people = {47, 53, 100, found["ratings"], learned_from, *each_learned_from(100)}
    sizes = {size for shape in shapes_in(folder) for size in shape}
    assert max(sizes) >= 60
    assert not sizes & of_people


def each_learned_from(people: int) -> range:
    """Return how many they may be without those held out."""
    return range(people - 20, people)


def shapes_in(folder: Any) -> list[list[int]]:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    return [array["shape"] for array in manifest["arrays"].values()]


# Nothing of TMDb's


def test_nothing_of_tmdb_is_learned_from() -> None:
    """Whatever TMDb says of films, people and words: the same bits come out."""
    store_members(40)
    store_crowd(40, 60)
    before = summary()
    TrainedModel.objects.all().delete()

    change_all_of_tmdb()

    after = summary()
    assert "taste" in after["seconds"]
    assert after["version"] == before["version"]


def change_all_of_tmdb() -> None:
    before = facts_of_films()
    for movie in Movie.objects.all():
        for column in Movie._meta.concrete_fields:
            if column.name not in OURS:
                setattr(movie, column.name, other_value(column, movie))
        movie.save()
    for id_, after in facts_of_films().items():
        assert [name for name in after if after[name] == before[id_][name]] == []
    assert Credit.objects.exists()
    assert Movie.keywords.through._default_manager.exists()
    for model in (Credit, Keyword, MovieText, Person, Genre):
        model._default_manager.all().delete()
    Genre.objects.create(id=1, name="Quite another")


def facts_of_films() -> dict[int, dict[str, Any]]:
    columns = [column.attname for column in Movie._meta.concrete_fields]
    told = [name for name in columns if name not in OURS]
    return {movie.id: model_to_dict(movie, told) for movie in Movie.objects.all()}


def other_value(column: Any, movie: Movie) -> Any:
    """Return a legal value that the film does not have."""
    value = getattr(movie, column.attname)
    number = movie.id % 19
    others: dict[type, Any] = {
        models.FloatField: 9.9 if value != 9.9 else 1.1,
        models.IntegerField: (value if isinstance(value, int) else 0) + 1 + number,
        models.DateTimeField: NOW - timedelta(days=1 + number),
        models.DateField: date(1931, 1, 1 + number),
        models.JSONField: [number, 1] if isinstance(value, list) else {"other": 1},
        ArrayField: ["xyz"],
        models.Field: f"{value or ''}x"[-10:],
    }
    return next(others[kind] for kind in others if isinstance(column, kind))
