"""What later leads may bring is said from the steps that the past has seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.modelling.over_time import later_log_loss, latest_rows, periods
from gallop.modelling.search.run import Searched
from gallop.settings.split import BY_ORDER


def drawn(rows: int, seed: int, *, rate_moves: float = 0.0):
    """Leads in time order with a true probability, which a model knows but for the move of the rate."""
    draw = np.random.default_rng(seed)
    known = draw.normal(-1.0, 1.2, rows)
    true = known + rate_moves * np.linspace(-1, 1, rows)
    label = (draw.random(rows) < 1 / (1 + np.exp(-true))).astype(float)
    return np.arange(rows), label, 1 / (1 + np.exp(-known))


@given(st.lists(st.integers(0, 30), min_size=3, max_size=120), st.integers(1, 8), st.integers(0, 9))
def test_periods_hold_each_lead_once_in_order_and_part_no_moment(at, count, seed):
    draw = np.random.default_rng(seed)
    label, probability = (draw.random(len(at)) < 0.4).astype(float), draw.uniform(0.01, 0.99, len(at))
    found = periods(np.array(at), label, probability, count, BY_ORDER, 0.95)
    assert 1 <= len(found) <= count
    assert sum(period.rows for period in found) == len(at)
    assert sum(period.rate.value * period.rows for period in found) == pytest.approx(label.sum())
    ends = [int(text.removeprefix("row ")) for period in found for text in (period.first, period.last)]
    assert ends == sorted(ends)
    assert all(last < first for last, first in zip(ends[1::2], ends[2::2], strict=False))


def test_where_every_probability_is_right_loss_and_expected_loss_agree():
    at, label, probability = drawn(40_000, 1)
    for period in periods(at, label, probability, 5, BY_ORDER, 0.95):
        assert period.log_loss == pytest.approx(period.expected_log_loss, abs=0.015)
        assert period.rate.low < period.expected < period.rate.high


def test_the_interval_for_later_leads_is_wider_the_more_the_past_moved():
    spans = []
    for moves in (0.0, 2.0):
        at, label, probability = drawn(6000, 2, rate_moves=moves)
        later = later_log_loss(
            periods(at, label, probability, 6, BY_ORDER, 0.95), label[5000:], probability[5000:], confidence=0.95
        )
        spans.append(later.high / later.low)
    assert spans[0] < spans[1]


def test_the_interval_holds_the_log_loss_of_the_next_leads_where_nothing_moves():
    held = 0
    for seed in range(60):
        at, label, probability = drawn(2400, seed)
        of_past = periods(at[:2000], label[:2000], probability[:2000], 5, BY_ORDER, 0.95)
        later = later_log_loss(of_past, label[1600:2000], probability[1600:2000], confidence=0.95)
        actual = periods(at[2000:], label[2000:], probability[2000:], 1, BY_ORDER, 0.95)[0].log_loss
        held += later.low <= actual <= later.high
    assert held >= 57


def test_one_period_says_nothing_of_steps_and_one_step_says_little():
    at, label, probability = drawn(4000, 3)
    one, two, six = (
        later_log_loss(periods(at, label, probability, count, BY_ORDER, 0.95), label, probability, 0.95)
        for count in (1, 2, 6)
    )
    assert one is None
    assert two.low < six.low < six.high < two.high


@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.6), st.integers(1, 8))
def test_cut_offs_come_from_the_latest_periods_with_enough_leads_of_each_outcome(seed, rate, count):
    draw = np.random.default_rng(seed)
    at = draw.permutation(3000)
    judged = np.sort(draw.choice(3000, 2500, replace=False))
    label = (draw.random(2500) < rate).astype(float)
    latest = latest_rows(at, label, Searched({}, judged, (), (), forward=True), count)
    enough = min(label[latest].sum(), (1 - label[latest]).sum()) >= 200
    assert enough or latest.all()
    assert latest.all() or at[judged[latest]].min() > at[judged[~latest]].max()
    assert latest_rows(None, label, Searched({}, judged, (), ()), count).all()
