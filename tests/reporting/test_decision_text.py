"""What is said of the evidence: where the figures must not be taken at face value."""

import pytest

from gallop.evaluation.metrics import Estimate
from gallop.reporting import decision_text
from gallop.results.evidence import Band
from tests.support import results as made


def band(name: str, rate: float, half: float, test: float | None = None) -> Band:
    measured = Estimate(value=test, low=test - 0.1, high=test + 0.1) if test is not None else None
    rates = Estimate(value=rate, low=rate - half, high=rate + half)
    return Band(name=name, lowest=0.5, share=0.1, rate=rates, test_rows=28 if measured else 0, test_rate=measured)


def cautions(*bands: Band) -> str:
    plan = made.plan().model_copy(update={"bands": bands})
    return " ".join(decision_text.cautions(made.evidence(decision=plan)))


def test_hot_leads_that_convert_less_than_warm_ones_are_remarked_on() -> None:
    said = cautions(band("hot", 0.832, 0.04, 0.8), band("warm", 0.882, 0.03, 0.85), band("cold", 0.3, 0.02, 0.3))
    assert "Hot leads converted less often than warm ones out of fold (83.2 %, 79.2 % to 87.2 %, against 88.2 %" in said
    assert "which may be chance; on the test leads they did too (80.0 % against 85.0 %)" in said


def test_what_test_leads_do_not_confirm_and_what_is_no_chance_are_said() -> None:
    said = cautions(band("hot", 0.6, 0.02, 0.9), band("warm", 0.882, 0.03, 0.85))
    assert "more than chance explains; on the test leads they did not (90.0 % against 85.0 %)" in said


def test_warm_leads_below_cold_ones_are_remarked_on_too_without_test_leads() -> None:
    said = cautions(band("warm", 0.2, 0.05), band("cold", 0.21, 0.05))
    assert "Warm leads converted less often than cold ones out of fold" in said
    assert "test leads they" not in said


def test_bands_in_order_are_not_remarked_on() -> None:
    assert "converted less often" not in cautions(band("hot", 0.9, 0.1, 0.9), band("warm", 0.8, 0.1, 0.95))


@pytest.mark.parametrize("example", [True, False])
def test_example_values_are_a_warning_until_they_are_replaced(example: bool) -> None:
    plan = made.plan(made.DecisionRule(**made.MONEY, example=example))
    said = decision_text.cautions(made.evidence(decision=plan))
    assert any("example values" in caution for caution in said) is example
