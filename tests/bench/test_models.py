"""What answers is chosen before anything is measured."""

import pytest

from bench.models import RULES, activate_last, answering, let_rules_answer


@pytest.mark.django_db
def test_rules_answer_where_no_model_was_learned() -> None:
    let_rules_answer()
    activate_last()

    assert answering() == RULES


def test_it_lets_rules_answer_and_the_model_again(version: str) -> None:
    before = answering()
    let_rules_answer()
    meanwhile = answering()
    activate_last()

    assert (before, meanwhile, answering()) == (version, RULES, version)
