"""The share of bootstrap resamples below a limit is what drawing them gives, where drawing can tell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.evaluation.bootstrap import resampled
from gallop.evaluation.paired import holm, row_losses, share_not_below


@pytest.mark.parametrize("mean", [-0.1, -0.04, 0.05])
@pytest.mark.parametrize("kind", ["normal", "skewed", "heavy"])
def test_the_share_is_that_of_drawn_resamples(kind, mean):
    draw = np.random.default_rng(3)
    values = {
        "normal": draw.normal(size=400),
        "skewed": draw.gamma(0.5, size=400),
        "heavy": draw.standard_t(4, size=400),
    }[kind]
    values = (values - values.mean()) / values.std() + mean
    drawn = np.concatenate([weights @ values for weights in resampled(len(values), 8_000, 1)])
    expected = np.mean(drawn >= 0)
    assert share_not_below(values) == pytest.approx(expected, abs=4 * np.sqrt(expected / 8_000) + 0.002)


def test_far_out_the_share_is_that_of_the_exact_distribution():
    # Of 300 rows 5 % lose 1 and the others gain 0.1: a resample is not better where 28 of its rows or more lose.
    from scipy.stats import binom

    values = np.where(np.arange(300) < 15, 1.0, -0.1)
    exact = binom.sf(27, 300, 0.05)
    assert exact < 2e-3
    assert share_not_below(values) == pytest.approx(exact, rel=0.35)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=40), st.floats(-0.5, 0.5))
def test_it_is_a_share_and_the_other_side_has_the_rest(values, limit):
    gap = np.array(values) - limit
    share = share_not_below(np.array(values), limit)
    assert 0 <= share <= 1
    if np.ptp(gap) > 1e-3 and gap.min() < -1e-3 and gap.max() > 1e-3:
        assert share + share_not_below(-gap) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("values", "share"), [([-1, -2], 0.0), ([1, 2], 1.0), ([0, 0], 1.0), ([0, -1], 0.25)])
def test_where_all_rows_are_on_one_side_it_is_exact(values, share):
    assert share_not_below(np.array(values, float)) == share


def test_holm_bounds_all_tests_together():
    assert holm(np.array([0.04, 0.001, 0.02]), 0.05).tolist() == [1, 1, 1]
    assert holm(np.array([0.04, 0.02, 0.03]), 0.05).tolist() == [0, 0, 0]
    assert holm(np.array([0.04, 0.001, 0.03]), 0.05).tolist() == [0, 1, 0]


def test_losses_of_rows_have_the_metric_as_their_mean():
    label, probability = np.array([0.0, 1.0]), np.array([0.2, 0.6])
    assert row_losses("brier", label, probability) == pytest.approx([0.04, 0.16])
    assert row_losses("log_loss", label, probability) == pytest.approx(-np.log([0.8, 0.6]))
