"""How sure a model may be is learnt out of fold, and holds on other leads as often as it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gallop.modelling.uncertainty import (
    NO,
    NOMINAL,
    OPEN,
    YES,
    check_uncertainty,
    predictions,
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
@pytest.mark.parametrize("bend", [lambda p: p, lambda p: p**2, np.sqrt, lambda p: 0.3 + 0.7 * p])
def test_of_the_leads_that_a_word_is_given_to_nine_in_ten_do_as_it_says_however_good_the_model(rate, bend):
    _, fresh = leads(99, 100_000, rate)
    wrong = 0
    for seed in range(60):
        label, probability = leads(seed, 1000, rate)
        said = np.array(predictions(bend(fresh), score_uncertainty(label, bend(probability))))
        # The true rates of those that are marked: `fresh` holds true probabilities.
        kept = [fresh[said == YES].mean() if YES in said else 1.0, 1 - fresh[said == NO].mean() if NO in said else 1.0]
        wrong += min(kept) < NOMINAL
    assert wrong <= 0.1 * 60 + 3


@pytest.mark.parametrize(("rows", "marked"), [(400, 0.0), (5_000, 0.15)])
def test_few_leads_are_marked_where_few_are_known_and_many_where_the_model_can_tell(rows, marked):
    draw = np.random.default_rng(1)
    probability = draw.choice([0.02, 0.5, 0.97], rows, p=[0.05, 0.75, 0.2])
    label = (draw.random(rows) < probability).astype(float)
    said = predictions(probability, score_uncertainty(label, probability))
    assert said.count(YES) >= marked * rows
    assert said.count(OPEN) >= 0.7 * rows


def test_what_is_said_is_counted_on_the_test_leads():
    uncertainty = ScoreUncertainty(nominal=0.9, converts_from=0.9, not_up_to=0.1, ranges=())
    probability, label = np.array([0.95] * 10 + [0.5] * 5 + [0.05] * 5), np.array([1.0] * 9 + [0.0] * 11)
    check = check_uncertainty(uncertainty, label, probability, 0.95)
    assert (check.converts_rows, check.does_not_rows, check.unsure) == (10, 5, 0.25)
    assert check.converts is not None
    assert check.does_not is not None
    assert (check.converts.value, check.does_not.value) == (0.9, 1.0)
    nothing = ScoreUncertainty(nominal=0.9, converts_from=None, not_up_to=None, ranges=())
    silent = check_uncertainty(nothing, label, probability, 0.95)
    assert (silent.converts, silent.does_not, silent.unsure) == (None, None, 1.0)


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
    uncertainty = ScoreUncertainty(nominal=0.9, not_up_to=0.1, converts_from=0.925, ranges=())
    assert predictions(np.array([0.93, 0.91, 0.5, 0.1]), uncertainty) == [YES, OPEN, OPEN, NO]


def test_few_known_leads_of_an_outcome_allow_no_word():
    label = np.array([1.0] * 5 + [0.0] * 20)
    uncertainty = score_uncertainty(label, np.linspace(0.99, 0.0, 25))
    assert (uncertainty.converts_from, uncertainty.not_up_to) == (None, None)
    assert set(predictions(np.linspace(0, 1, 11), uncertainty)) == {OPEN}


def test_too_few_test_leads_say_nothing_of_the_ranges():
    uncertainty = score_uncertainty(*leads(1, 2000))
    assert check_uncertainty(uncertainty, np.array([0.0, 1.0]), np.array([0.1, 0.9]), 0.95).ranges is None
