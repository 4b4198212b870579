"""What PromQL asks for: names of metrics, and of their labels."""

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import yaml
from prometheus_client.parser import text_string_to_metric_families
from promql_parser import AggregateExpr, Expr, VectorSelector

from nexus.env import PROJECT_DIR

# What Prometheus itself adds, and what Grafana puts in.
OF_PROMETHEUS = {"instance", "job"}
VARIABLES = {"$__rate_interval": "5m", "$instance": ".*"}

Labels = dict[str, set[str]]


def dashboard() -> list[tuple[str, str]]:
    """Return each query of the dashboard with the title of its panel."""
    text = (PROJECT_DIR / "deploy/grafana/nexus.json").read_text(encoding="utf-8")
    found = json.loads(text)
    asked = re.findall(r"label_values\((\w+), \w+\)", text)
    return [("variables", name) for name in asked] + [
        (panel["title"], target["expr"])
        for panel in found["panels"]
        for target in panel.get("targets", [])
    ]


def alerts() -> list[dict[str, Any]]:
    text = (PROJECT_DIR / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def labels_told(*figures: str) -> Labels:
    """Return the labels of each metric by its name; none where it has no sample yet."""
    told: Labels = {}
    for text in figures:
        for family in text_string_to_metric_families(text):
            total = "_total" if family.type == "counter" else ""
            told.setdefault(f"{family.name}{total}", set())
            for sample in family.samples:
                told.setdefault(sample.name, set()).update(sample.labels)
    return told


def unknown_in(query: str, told: Labels) -> list[str]:
    """Return what the query names and nobody tells."""
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return sorted(unknown_names(promql_parser.parse(query), told))


def unknown_names(expression: Expr, told: Labels) -> Iterator[str]:
    for part in parts_of(expression):
        if isinstance(part, VectorSelector):
            name = part.name or ""
            known = told.get(name)
            if known is None:
                yield name
                continue
            asked = {matcher.name for matcher in part.matchers.matchers}
            yield from (f"{name}: {one}" for one in asked - known - OF_PROMETHEUS)
        elif isinstance(part, AggregateExpr) and part.modifier is not None:
            names = {
                inner.name or ""
                for inner in parts_of(part.expr)
                if isinstance(inner, VectorSelector)
            }
            known = set().union(*(told.get(name, set()) for name in names))
            asked = set(part.modifier.labels) - known - OF_PROMETHEUS
            yield from (f"{sorted(names)}: {one}" for one in asked)


def parts_of(expression: Expr) -> list[Expr]:
    found: list[Expr] = []
    promql_parser.walk(expression, found.append)
    return found
