"""A long fit that is cut off goes on with the parts it has finished."""

from pathlib import Path

import pytest

from nexus.recommendations.models import TrainedModel
from tests.recommendations.crowd import store_crowd
from tests.recommendations.training_runs import stop_at, train_quietly

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_goes_on_with_the_part_it_was_cut_off_in() -> None:
    store_crowd()
    whole = train_quietly()
    TrainedModel.objects.all().delete()
    with pytest.raises(KeyboardInterrupt):
        train_quietly(told=stop_at("calibration"))

    again = train_quietly()

    assert again.seconds.keys() == {"calibration", "measure"}
    assert again.version == whole.version


def test_a_part_that_cannot_be_read_is_learned_again(models_dir: Path) -> None:
    store_crowd()
    with pytest.raises(KeyboardInterrupt):
        train_quietly(told=stop_at("calibration"))
    (unfinished,) = (models_dir / ".unfinished").iterdir()
    (unfinished / "taste" / "manifest.json").unlink()

    again = train_quietly()

    assert again.seconds.keys() == {"taste", "calibration", "measure"}
