"""Learned from ratings: which film somebody picks next, and how they will like it."""

from nexus.engine.learned.artefact import (
    FORMAT_VERSION,
    Facts,
    UnusableArtefact,
    load,
    read_facts,
    save,
    size_of,
)
from nexus.engine.learned.cards import choose_cards
from nexus.engine.learned.interactions import History, Ratings
from nexus.engine.learned.model import Config, Model, TrainedOn, fit

__all__ = [
    "FORMAT_VERSION",
    "Config",
    "Facts",
    "History",
    "Model",
    "Ratings",
    "TrainedOn",
    "UnusableArtefact",
    "choose_cards",
    "fit",
    "load",
    "read_facts",
    "save",
    "size_of",
]
