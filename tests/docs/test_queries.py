"""The check of queries, itself checked."""

import pytest

from tests.queries import labels_told, unknown_in

FIGURES = """
# TYPE nexus_calls_total counter
nexus_calls_total{kind="movie"} 1.0
# TYPE nexus_waits_total counter
"""
UNKNOWN = {
    "sum by (kind) (rate(nexus_calls_total[$__rate_interval]))": [],
    'nexus_waits_total{instance=~"$instance",job="nexus"} > 1': [],
    "1 + rate(nexus_call_total[5m]) / 2": ["nexus_call_total"],
    'nexus_calls_total{kind="a",outcome="b"}': ["nexus_calls_total: outcome"],
    "sum by (kin) (nexus_calls_total)": ["['nexus_calls_total']: kin"],
    "histogram_quantile(0.9, sum by (le) (nexus_s_bucket))": [
        "['nexus_s_bucket']: le",
        "nexus_s_bucket",
    ],
}


@pytest.mark.parametrize(("query", "unknown"), UNKNOWN.items())
def test_it_names_what_nobody_tells(query: str, unknown: list[str]) -> None:
    assert unknown_in(query, labels_told(FIGURES)) == unknown
