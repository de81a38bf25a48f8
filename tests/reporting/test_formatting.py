"""How figures are written, and where they are drawn."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.evaluation.metrics import METRICS, Estimate
from gallop.reporting import decision_text, formatting, narrative, rule_text
from gallop.reporting.html.scale import Scale
from gallop.results.evidence import NOBODY, LearningPoint
from gallop.tables.rules import rules
from tests.support import results as made

numbers = st.floats(-1e6, 1e6)


@given(numbers)
def test_a_figure_reads_back_to_three_decimals(value):
    assert math.isclose(float(formatting.figure(value).replace(",", "")), value, abs_tol=0.000501)
    assert formatting.signed(value)[0] in "+-"


@given(st.floats(-0.000499, 0.000499))
def test_what_rounds_to_zero_has_no_minus(value):
    assert formatting.figure(value) == "0.000"
    assert formatting.signed(value) == "+0.000"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_undefined_figure_is_written_as_not_available(value):
    assert formatting.figure(value) == formatting.signed(value) == formatting.percent(value) == "n/a"


@given(st.floats(0, 1), st.integers(0, 2))
def test_only_none_is_0_percent_and_only_all_is_100(share, decimals):
    text = formatting.percent(share, decimals)
    assert (float(text.removesuffix(" %").lstrip("<>")) == 0) == (share == 0)
    assert (text == f"{100:.{decimals}f} %") == (share == 1)


def test_counts_have_thousands_separators():
    assert formatting.leads(2937) == "2,937 leads"
    assert formatting.leads(1) == "1 lead"
    assert formatting.percent_of(0, 0) == "0.0 %"


def test_parameters_are_written_as_in_params_yaml():
    assert [formatting.parameter(value) for value in (None, True, 0.5, "l2")] == ["null", "true", "0.5", "l2"]


def test_every_metric_has_a_name_and_a_meaning():
    assert set(METRICS) == set(formatting.METRIC_NAMES) == set(formatting.METRIC_MEANINGS)


def test_every_rule_of_a_table_has_a_meaning():
    table = made.settings().table
    assert {rule.name for rule in rules(table, labelled=True)} <= set(rule_text.meanings(table))


@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=5), st.booleans())
def test_marks_stand_on_the_strip_in_their_order(triples, zero):
    estimates = [Estimate(low=low, value=value, high=high) for low, value, high in map(sorted, triples)]
    scale = Scale.around(estimates, zero=zero)
    for estimate in estimates:
        mark = scale.mark(estimate, "accent")
        assert 0 <= mark.start <= mark.at <= mark.end <= 100
    positions = [tick.at for tick in scale.ticks()]
    assert positions == sorted(positions)
    assert len(positions) <= 9


def test_an_undefined_figure_does_not_move_the_scale():
    unknown = Estimate(value=math.nan, low=math.nan, high=math.nan)
    assert Scale.around([made.estimate(0.5), unknown]) == Scale.around([made.estimate(0.5)])
    assert Scale.around([unknown]).ticks()


def test_the_text_never_claims_to_beat_a_better_baseline():
    better = made.result(baseline=made.estimates(0.01))
    worse = made.result(baseline=made.estimates(5.0), ahead=Estimate(value=-0.05, low=-0.07, high=-0.03))
    lucky = made.result(baseline=made.estimates(5.0), ahead=Estimate(value=-0.05, low=-0.11, high=0.01))
    assert "not better than" in narrative.against_baseline(better)
    assert "-0.050 [-0.070, -0.030], more than chance explains" in narrative.against_baseline(worse)
    assert "which may be chance" in narrative.against_baseline(lucky)


def test_the_reach_is_next_to_what_a_perfect_ranking_could_reach():
    report = made.report()
    reach = narrative.reach(report)
    assert reach.step.share == 0.2
    assert reach.step.gain <= reach.ceiling + 1e-9
    assert formatting.percent(reach.step.gain) in reach.sentence
    assert formatting.percent(reach.ceiling) in reach.sentence


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (made.reason("n_visits", 14.0, 1.94), "14 visits: +1.9"),
        (made.reason("purchases", 3.0, -0.26), "3 purchases: -0.3"),
        (made.reason("time_spent", 1034.4, 0.02), "time spent 1,034: +0.0"),
        (made.reason("age", 0.12345, -0.04), "age 0.123: +0.0"),
        (made.reason("onboarding", "true", 0.5), "onboarding yes: +0.5"),
        (made.reason("customer_group", "2", -0.3), "customer group 2: -0.3"),
        (made.reason("n_visits", None, -1.0), "visits unknown: -1.0"),
        (made.reason("n_", "", 1.0), "n unknown: +1.0"),
    ],
)
def test_a_reason_is_written_as_a_salesperson_reads_it(reason, text):
    assert formatting.describe_reason(reason) == text


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(13541.0, "13,500"), (-987.6, "-988"), (12.34, "12.3"), (60.0, "60"), (0.0, "0"), (-0.001, "0"), (0.5, "0.5")],
)
def test_money_is_written_with_three_significant_figures(amount, shown):
    assert formatting.money(amount) == shown


@given(st.floats(-1e12, 1e12))
def test_money_is_never_off_by_more_than_its_third_figure(amount):
    written = float(formatting.money(amount).replace(",", ""))
    assert abs(written - amount) <= max(0.01, abs(amount) * 0.0051)


def test_more_data_helps_by_the_rule_that_the_page_states():
    def learned(*losses):
        return tuple(
            LearningPoint(rows=500 * 2**step, log_loss=made.estimate(loss)) for step, loss in enumerate(losses)
        )

    assert "Probably yes" in str(decision_text.more_data(learned(0.5, 0.45, 0.44)))
    assert "Hardly" in str(decision_text.more_data(learned(0.5, 0.44, 0.438)))
    assert "Hardly" in str(decision_text.more_data(learned(0.5, 0.44, 0.45)))
    assert decision_text.more_data(learned(0.5)) is None


def test_the_summary_shows_the_capacity_else_of_the_most_profitable_share():
    assert decision_text.headline(made.plan()).contacts == 50
    paid = made.plan(made.DecisionRule(value=60.0, cost=20.0))
    assert paid.for_profit is not None
    nearest = min((50, 100, 200, 300, 500), key=lambda contacts: abs(contacts - 1000 * paid.for_profit.share))
    assert decision_text.headline(paid).contacts == nearest
    assert decision_text.headline(made.plan(made.DecisionRule())).contacts == 200


def test_calibration_is_judged_against_what_chance_explains():
    calibration = made.evidence().calibration
    calibrated = calibration.model_copy(update={"ece": calibration.by_chance})
    wrong = calibration.model_copy(update={"by_chance": calibration.by_chance.model_copy(update={"high": 0.0})})
    assert decision_text.describe_calibration(calibrated).endswith(": no evidence of miscalibration.")
    assert decision_text.describe_calibration(wrong).endswith("wrong by more than chance explains.")


def test_the_recommendation_names_the_probability_or_no_one():
    plan = made.plan(made.DecisionRule(threshold=0.25))
    assert "recommends contacting leads from a probability of 0.250 upwards" in decision_text.recommendation(plan)
    no_one = plan.model_copy(update={"cutoff": plan.cutoff.model_copy(update={"probability": NOBODY})})
    assert decision_text.recommendation(no_one).startswith("The model recommends contacting no one.")


@pytest.mark.parametrize(
    ("levels", "ordered"),
    [
        (["10", "2", "1"], ["1", "2", "10"]),
        (["10", "missing", "2", "3 small levels"], ["2", "10", "missing", "3 small levels"]),
        (["2.5", "-1", "1e1"], ["-1", "2.5", "1e1"]),
        (["web", "fair", "2"], ["web", "fair", "2"]),
        (["b", "a"], ["b", "a"]),
        (["nan", "inf", "2"], ["nan", "inf", "2"]),
        ([], []),
    ],
)
def test_only_numeric_levels_are_put_in_order(levels, ordered):
    assert formatting.in_level_order(levels, lambda level: level) == ordered
