"""Delays as they will have been once all leads are ripe, from leads that are not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.monitoring.delays import FEWEST, delay_curve

RIPE = 30.0


def made(seed: int, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Delays, and the ages of their leads, half of which are ripe."""
    rng = np.random.default_rng(seed)
    delay = rng.gamma(1.2, 6.0, 3 * count)
    return delay[delay <= RIPE][:count], rng.uniform(0, 60, count)


def test_of_ripe_leads_it_is_the_share_seen_by_each_age():
    delay, _ = made(1, 400)
    curve = delay_curve(delay, np.full(400, 99.0), RIPE)
    assert curve
    for age in (1.0, 5.0, 20.0):
        assert curve(np.array([age]))[0] == pytest.approx((delay <= age).mean(), abs=0.003)
    assert curve(np.array([-1.0, 0.0, RIPE, 99.0])).tolist() == [0, 0, 1, 1]


def test_young_leads_do_not_make_delays_look_short():
    delay, age = made(2)
    truth = [(delay <= at).mean() for at in (2.0, 6.0, 12.0, 24.0)]
    seen = delay <= age
    curve = delay_curve(delay[seen], age[seen], RIPE)
    assert curve
    naive = [(delay[seen] <= at).mean() for at in (2.0, 6.0, 12.0, 24.0)]
    corrected = curve(np.array([2.0, 6.0, 12.0, 24.0]))
    assert np.abs(corrected - truth).max() < 0.02
    assert np.abs(np.array(naive) - truth).max() > 0.04


def test_nothing_is_said_from_few_ripe_leads():
    delay, _ = made(3, 500)
    assert delay_curve(delay[: FEWEST - 1], np.full(FEWEST - 1, 99.0), RIPE) is None
    assert delay_curve(delay[:FEWEST], np.full(FEWEST, 99.0), RIPE)
    assert delay_curve(delay, np.full(500, RIPE - 1), RIPE) is None


def test_a_curve_of_very_many_is_of_the_newest_but_never_without_ripe_ones():
    delay, _ = made(4, 3000)
    old = np.full(1500, 99.0)
    curve = delay_curve(delay[:1500], old, RIPE)
    assert curve
    assert curve.conversions == 1000
    short = np.full(1500, 1.0)
    mixed = delay_curve(np.r_[delay[:1500], short], np.r_[old, np.full(1500, 2.0)], RIPE)
    assert mixed
    assert mixed.conversions == 1500 + FEWEST


@given(
    st.lists(st.tuples(st.floats(0, 40), st.floats(0, 80)), min_size=1, max_size=300),
    st.integers(FEWEST, 80),
)
def test_a_curve_rises_from_nothing_to_all(pairs, ripe):
    delay = np.array([*(delay for delay, _ in pairs), *np.linspace(0.5, 29, ripe)])
    could_see = np.array([*(age for _, age in pairs), *np.full(ripe, 99.0)])
    curve = delay_curve(delay, could_see, RIPE)
    assert curve
    shares = curve(np.linspace(0, RIPE, 500))
    assert (np.diff(shares) >= -1e-12).all()
    assert shares[0] == 0
    assert shares[-1] == 1
