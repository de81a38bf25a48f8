"""How sure a model may be is learnt out of fold, and holds on other leads as often as it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gallop.modelling.conformal import (
    NO,
    NOMINAL,
    OPEN,
    YES,
    check_uncertainty,
    prediction_sets,
    rate_interval,
    score_uncertainty,
)
from gallop.results.evidence import ScoreUncertainty

ROWS = 20_000


def leads(seed: int, rows: int = ROWS, rate: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Leads whose probabilities are the true ones. rate: more of them are unlikely where it is larger."""
    draw = np.random.default_rng(seed)
    probability = draw.beta(1.0, rate, rows)
    return (draw.random(rows) < probability).astype(float), probability


@pytest.mark.parametrize("rate", [1.0, 4.0, 20.0])
@pytest.mark.parametrize("bend", [lambda p: p, lambda p: p**2, lambda p: 0.3 + p / 4])
def test_nine_in_ten_leads_of_either_outcome_have_it_in_their_set_however_good_the_model(rate, bend):
    label, probability = leads(1, rate=rate)
    uncertainty = score_uncertainty(label, bend(probability))
    label, probability = leads(2, rate=rate)
    found = check_uncertainty(uncertainty, label, bend(probability), 0.95)
    for each in (found.coverage, found.of_converted, found.of_others):
        assert each.value == pytest.approx(NOMINAL, abs=0.02)


def test_the_ranges_of_rates_hold_what_happens_nine_times_in_ten():
    held = []
    for seed in range(20):
        uncertainty = score_uncertainty(*leads(seed, 2000))
        of_others = check_uncertainty(uncertainty, *leads(seed + 100, 600), 0.95).ranges
        assert of_others is not None
        held.append(of_others.value)
    assert np.mean(held) == pytest.approx(NOMINAL, abs=0.04)


def test_the_true_rate_lies_in_its_range_nine_times_in_ten():
    inside = []
    for seed in range(40):
        label, probability = leads(seed, 2000)
        for each, members in zip(
            score_uncertainty(label, probability).ranges, np.array_split(np.sort(probability), 20), strict=True
        ):
            inside.append(each.low <= members.mean() <= each.high)
    assert np.mean(inside) == pytest.approx(NOMINAL, abs=0.03)


@given(st.integers(0, 10**6), st.integers(30, 600))
@examples(max_examples=30)
def test_the_score_lies_between_its_rates_which_are_rates(seed, rows):
    label, probability = leads(seed, rows, 1.0)
    label[:2] = 0, 1
    scores = np.linspace(0, 1, 101)
    low, high = rate_interval(scores, score_uncertainty(label, probability).ranges)
    assert ((low >= 0) & (low <= scores) & (scores <= high) & (high <= 1)).all()


@given(st.integers(0, 10**6), st.integers(2, 400))
@examples(max_examples=30)
def test_every_lead_is_in_one_range_and_they_rise(seed, rows):
    label, probability = leads(seed, rows, 1.0)
    label[:2] = 0, 1
    ranges = score_uncertainty(label, probability).ranges
    assert sum(each.rows for each in ranges) == rows
    assert sum(each.converted for each in ranges) == label.sum()
    assert [each.highest for each in ranges] == sorted(each.highest for each in ranges)
    assert all(each.low < each.converted / each.rows + 1e-9 for each in ranges if each.converted)
    assert all(0 <= each.low < each.high <= 1 for each in ranges)


def test_a_lead_far_up_converts_one_far_down_does_not_and_the_rest_is_open():
    uncertainty = ScoreUncertainty(nominal=0.9, not_up_to=0.6, converts_from=0.3, ranges=())
    assert prediction_sets(np.array([0.9, 0.5, 0.1]), uncertainty) == [YES, OPEN, NO]
    # A model that is surer than it need be: both outcomes are strange for the leads in the middle.
    sharp = ScoreUncertainty(nominal=0.9, not_up_to=0.3, converts_from=0.6, ranges=())
    assert prediction_sets(np.array([0.9, 0.5, 0.1]), sharp) == [YES, OPEN, NO]


def test_few_known_leads_of_an_outcome_rule_nothing_out():
    label = np.array([1.0] * 5 + [0.0] * 200)
    uncertainty = score_uncertainty(label, np.linspace(0.9, 0.0, 205))
    assert uncertainty.converts_from == 0.0
    assert set(prediction_sets(np.linspace(0, 1, 11), uncertainty)) <= {OPEN, YES}


def test_too_few_test_leads_say_nothing_of_the_ranges():
    uncertainty = score_uncertainty(*leads(1, 2000))
    assert check_uncertainty(uncertainty, np.array([0.0, 1.0]), np.array([0.1, 0.9]), 0.95).ranges is None
