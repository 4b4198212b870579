"""Trainings by the command, such as nobody watches, and such as are cut off."""

import json
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from nexus.recommendations.training import Report, train


def run(*words: str) -> str:
    told = StringIO()
    call_command("train", *words, stdout=told, stderr=StringIO())
    return told.getvalue()


def summary(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*words, "--json"))
    return found


def train_quietly(*, seed: int = 0, told: Any = lambda *_: None) -> Report:
    return train(seed=seed, now=timezone.now(), told=told)


def stop_at(stage: str) -> Any:
    def told(where: str, done: int, total: int) -> None:
        if where == stage:
            raise KeyboardInterrupt

    return told
