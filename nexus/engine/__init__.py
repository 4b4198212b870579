"""Recommendation arithmetic: arrays in, arrays out; no Django, clock or network.

`build_catalogue` turns film facts into frozen arrays. `score_by_rules` scores films for
one member's `Taste` by fixed formulas ("rules-1"), `explain_by_rules` takes one score
apart into points that add up, `explain_all_by_rules` those of a page, `similar` names
neighbours by content and, given a model's `Picks`, by who picks both. `top_n`,
`diversify`, `discount_popular` and `achieved` work on any scorer's output; so do the
forms `Match` and `Explanation`. Ids are int64 at the border, rows inside. Equal input
gives an equal answer, bit for bit, in whatever order it comes.

`fit` learns from `Ratings` and returns a `Model`, which answers for anybody from their
`History` alone: `Model.rank`, `.match`, `.explain` (for a page `.explain_all`) and
`.without`. `Model.person` makes a `Person` of a history once, of whom several things
are asked. `save` and `load` keep a model in a folder of arrays, mapped into memory; a
folder that holds no such model is an `UnusableArtefact`.
"""

from nexus.engine.catalogue import Catalogue, FilmFacts, build_catalogue
from nexus.engine.diversity import Achieved, achieved, discount_popular, diversify
from nexus.engine.explain import confidence_word, explain_all_by_rules, explain_by_rules
from nexus.engine.learned.artefact import UnusableArtefact, load, save
from nexus.engine.learned.fold_in import Person
from nexus.engine.learned.interactions import History, Ratings
from nexus.engine.learned.model import Config, Model, fit
from nexus.engine.learned.pick import PickConfig
from nexus.engine.learned.pick_sparse import SparseConfig
from nexus.engine.learned.taste import TasteConfig
from nexus.engine.ranking import top_n
from nexus.engine.results import Component, Explanation, Match, Reason
from nexus.engine.rules import VERSION as RULES_VERSION
from nexus.engine.rules import RulesScores, score_by_rules
from nexus.engine.similar import Picks, SimilarFilm, similar
from nexus.engine.taste import Taste

__all__ = [
    "RULES_VERSION",
    "Achieved",
    "Catalogue",
    "Component",
    "Config",
    "Explanation",
    "FilmFacts",
    "History",
    "Match",
    "Model",
    "Person",
    "PickConfig",
    "Picks",
    "Ratings",
    "Reason",
    "RulesScores",
    "SimilarFilm",
    "SparseConfig",
    "Taste",
    "TasteConfig",
    "UnusableArtefact",
    "achieved",
    "build_catalogue",
    "confidence_word",
    "discount_popular",
    "diversify",
    "explain_all_by_rules",
    "explain_by_rules",
    "fit",
    "load",
    "save",
    "score_by_rules",
    "similar",
    "top_n",
]
