"""The markdown for CI: changes with their direction, and no comparison of what cannot be compared."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.evaluation.metrics import LOWER_IS_BETTER, METRICS
from gallop.reporting.formatting import METRIC_NAMES, SAMPLE_BANNER
from gallop.reporting.markdown.metrics import escaped, render_metrics
from tests.support import results as made


def metrics(start: float = 0.4, **changes: Any) -> dict:
    estimates = {name: estimate.model_dump() for name, estimate in made.estimates(start).items()}
    base = {
        "data": "real",
        "data_version": "d41d8cd98f00b204e9800998ecf8427e",
        "winner": "gradient_boosting",
        "exported": "gradient_boosting",
        "rows": {"train": 2497, "test": 440},
        "test": estimates,
        "baseline": estimates,
        "best_possible": None,
        "decision": None,
    }
    return base | changes


def row(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"| {METRIC_NAMES[name]} "))


@pytest.mark.parametrize("name", METRICS)
def test_a_change_is_better_in_the_metrics_own_direction(name):
    higher, lower = (
        row(render_metrics(metrics(0.5), metrics(0.4)), name),
        row(render_metrics(metrics(0.4), metrics(0.5)), name),
    )
    expected = ("worse", "better") if name in LOWER_IS_BETTER else ("better", "worse")
    assert "+0.100" in higher
    assert expected[0] in higher
    assert "-0.100" in lower
    assert expected[1] in lower


@pytest.mark.parametrize("name", METRICS)
def test_a_change_that_rounds_to_nothing_is_neither(name):
    line = row(render_metrics(metrics(0.4), metrics(0.4002)), name)
    assert "+0.000 same" in line


@pytest.mark.parametrize("change", [{"data": "sample"}, {"data_version": "0" * 32}, {"rows": {"train": 1, "test": 2}}])
def test_different_data_are_not_compared(change):
    text = render_metrics(metrics(), metrics(0.3, **change))
    assert "not comparable" in row(text, "log_loss")
    assert "differ**" in text
    assert "better |" not in text
    assert "worse |" not in text


def test_a_run_alone_has_no_columns_for_a_change():
    text = render_metrics(metrics(), None)
    assert "before" not in text
    assert "2,497 to train on, 440 to test on" in text


def test_every_row_has_as_many_cells_as_the_header():
    best = {name: estimate.model_dump() for name, estimate in made.estimates(0.1).items()}
    for against in (None, metrics()):
        lines = [
            line for line in render_metrics(metrics(best_possible=best), against).splitlines() if line.startswith("|")
        ]
        assert len({line.count("|") for line in lines}) == 1
        assert len(lines) == len(METRICS) + 2


def test_the_sample_is_announced():
    assert SAMPLE_BANNER in render_metrics(metrics(data="sample"), None)
    assert SAMPLE_BANNER not in render_metrics(metrics(), None)


def test_the_decision_and_the_export_are_shown():
    decision = {"promote": True, "because": "a | b <c>", "version": "3", "champion": "3"}
    text = render_metrics(metrics(decision=decision, exported="random_forest"), None)
    assert "promoted version 3: a \\| b &lt;c&gt;" in text
    assert "random forest (the best that meets the contract)" in text
    assert "version 2 stays champion" in render_metrics(
        metrics(decision=decision | {"promote": False, "champion": "2"}), None
    )
    assert "no candidate meets the contract" in render_metrics(metrics(exported=None), None)


def test_metrics_that_an_earlier_version_lacks_are_dashes():
    old = metrics()
    del old["test"]["brier"], old["baseline"]
    assert "| – | – |" in row(render_metrics(metrics(), old), "brier")
    assert render_metrics(old, None)


@given(st.text())
def test_no_value_can_become_markup_or_another_cell(text):
    shown = escaped(text)
    assert "\n" not in shown
    assert "<" not in shown
    assert ">" not in shown
    for special in "|*_[]`":
        assert shown.count(special) == shown.count(f"\\{special}")
