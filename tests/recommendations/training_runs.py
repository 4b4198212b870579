"""Trainings that nobody watches, and such as are cut off."""

from typing import Any

from django.utils import timezone

from nexus.recommendations.training import Report, train


def train_quietly(*, seed: int = 0, told: Any = lambda *_: None) -> Report:
    return train(seed=seed, now=timezone.now(), told=told)


def stop_at(stage: str) -> Any:
    def told(where: str, done: int, total: int) -> None:
        if where == stage:
            raise KeyboardInterrupt

    return told
