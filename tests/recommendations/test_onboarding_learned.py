"""Cards of a trained model."""

from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from nexus.accounts.models import User
from nexus.recommendations.onboarding import cards_for
from nexus.recommendations.serving import MODELS
from nexus.recommendations.training import train
from tests.builders import make_movie, make_rating, make_viewing
from tests.recommendations.crowd import store_crowd

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def learned(settings: Settings, tmp_path: Path) -> list[int]:
    """The cards of a model."""
    settings.MODELS_DIR = tmp_path / "models"
    store_crowd()
    train(seed=0, now=timezone.now(), told=lambda *_: None)
    MODELS.clear()
    model = MODELS.current(now=timezone.now())
    assert model is not None
    cards: list[int] = model.cards.tolist()
    return cards


def dealt(user: User) -> list[int]:
    cards = cards_for(user=user, now=timezone.now()).cards
    return [card.movie.pk for card in cards]


def test_it_works(owner: User, learned: list[int]) -> None:
    for id_ in learned:
        make_movie(id_)

    assert dealt(owner) == learned[:20]


def test_fixed_rules_complete_them(owner: User, learned: list[int]) -> None:
    unknown = [make_movie(vote_count=9000 - n).pk for n in range(20)]
    third, first, second = (make_movie(learned[at]) for at in (9, 2, 5))
    make_rating(owner, first)
    make_viewing(owner, second)

    assert dealt(owner) == [third.pk, *unknown[:18]]
