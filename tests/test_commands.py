"""What all commands of ours promise."""

from typing import Final

import pytest
from django.core.management import get_commands, load_command_class

OURS: Final = sorted(
    (name, app) for name, app in get_commands().items() if app.startswith("nexus.")
)


@pytest.mark.parametrize(("name", "app"), OURS, ids=[name for name, _ in OURS])
def test_it_does_not_import_every_view_first(name: str, app: str) -> None:
    assert load_command_class(app, name).requires_system_checks == []
