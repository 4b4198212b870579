"""Learned from ratings: which film somebody picks next, and how they will like it."""

from nexus.engine.learned.artefact import (
    CLASSES,
    FORMAT_VERSION,
    Facts,
    UnusableArtefact,
    load,
    read,
    read_facts,
    save,
    size_of,
    write,
)
from nexus.engine.learned.cards import choose_cards
from nexus.engine.learned.interactions import History, Ratings
from nexus.engine.learned.model import Config, Model, Part, TrainedOn, fit

__all__ = [
    "CLASSES",
    "FORMAT_VERSION",
    "Config",
    "Facts",
    "History",
    "Model",
    "Part",
    "Ratings",
    "TrainedOn",
    "UnusableArtefact",
    "choose_cards",
    "fit",
    "load",
    "read",
    "read_facts",
    "save",
    "size_of",
    "write",
]
