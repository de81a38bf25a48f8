"""Contributions along a curve add up to what the curve gives, and keep their shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gallop.modelling.contributions import rescaled

PARTS = arrays(float, (4, 3), elements=st.floats(-5, 5))


def slope(base: float) -> float:
    return 1 / np.cosh(base) ** 2


@given(PARTS, st.floats(-2, 2))
def test_rescaled_contributions_add_up_to_what_the_curve_gives(parts, base):
    moved, start = rescaled(parts, base, np.tanh, slope(base))
    assert start == np.tanh(base)
    assert start + moved.sum(axis=1) == pytest.approx(np.tanh(base + parts.sum(axis=1)), abs=1e-6)


def test_columns_of_a_lead_keep_their_shares():
    parts = np.array([[1.0, 3.0, -2.0]])
    moved, _ = rescaled(parts, 0.5, np.tanh, slope(0.5))
    assert moved / moved.sum() == pytest.approx(parts / parts.sum())


def test_columns_that_cancel_out_keep_the_slope_of_the_curve():
    moved, start = rescaled(np.array([[2.0, -2.0], [0.0, 0.0]]), 0.5, np.tanh, slope(0.5))
    assert moved == pytest.approx(np.array([[2.0, -2.0], [0.0, 0.0]]) * slope(0.5))
    assert start + moved.sum(axis=1) == pytest.approx([np.tanh(0.5)] * 2)
