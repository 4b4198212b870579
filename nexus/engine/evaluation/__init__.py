"""How good the engine is, next to others: splits, metrics, peers, protocols, report.

Reads ratings and writes figures; knows neither Django nor a network. Models come in
through the small interfaces of `contestants`.
"""

from nexus.engine.evaluation.contestants import (
    DeclaringModel,
    Field,
    Matcher,
    MatchModel,
    Predictor,
    Ranker,
    RankingModel,
    RatingModel,
)
from nexus.engine.evaluation.protocols import PROTOCOLS, Outcome, Plan, evaluate
from nexus.engine.evaluation.report import Heading, write_report

__all__ = [
    "PROTOCOLS",
    "DeclaringModel",
    "Field",
    "Heading",
    "MatchModel",
    "Matcher",
    "Outcome",
    "Plan",
    "Predictor",
    "Ranker",
    "RankingModel",
    "RatingModel",
    "evaluate",
    "write_report",
]
