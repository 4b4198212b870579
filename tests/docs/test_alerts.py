"""Each alert says what it is about and leads to what helps."""

from typing import Any

import pytest

from nexus.env import PROJECT_DIR
from tests.queries import alerts

RUNBOOK = (PROJECT_DIR / "docs/operations.md").read_text(encoding="utf-8")
ALERTS = {rule["alert"]: rule for rule in alerts()}


@pytest.mark.parametrize("rule", ALERTS.values(), ids=ALERTS)
def test_it_leads_to_its_heading(rule: dict[str, Any]) -> None:
    name = rule["alert"]

    link = rule["annotations"]["runbook_url"]

    assert link == f"docs/operations.md#{name.lower()}"
    assert RUNBOOK.count(f"\n### {name}\n") == 1
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_the_runbook_tells_of_no_other() -> None:
    section = RUNBOOK.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    told = [line[4:] for line in section.splitlines() if line.startswith("### ")]

    assert sorted(told) == sorted(ALERTS)
