"""Slices: a weakness that is there is found, and one that is not is seldom claimed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.evaluation.slices import MAX_LEVELS, MIN_SLICE_ROWS, rate_p_value, slices
from tests.modelling.test_thresholds import made


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=40), st.data())
def test_the_exact_test_is_a_binomial_test_where_all_leads_are_alike(probabilities, data):
    from scipy.stats import binom

    rows, chance = len(probabilities), probabilities[0]
    converted = data.draw(st.integers(0, rows))
    label = np.array([1.0] * converted + [0.0] * (rows - converted))
    law = binom(rows, chance)
    expected = min(1.0, 2 * min(law.cdf(converted), law.sf(converted - 1)))
    assert rate_p_value(label, np.full(rows, chance)) == pytest.approx(expected, abs=1e-9)


def test_exact_and_normal_tests_agree_where_they_meet():
    label, probability = made(500)
    label = np.where(np.arange(500) < 12, 1.0, label)
    exact = rate_p_value(label, probability)
    normal = rate_p_value(np.r_[label, 0.0], np.r_[probability, 0.0])
    assert normal == pytest.approx(exact, rel=0.1)


def test_a_slice_that_converts_more_than_expected_is_named():
    label, probability = made(2000)
    level = np.where(np.arange(2000) % 5 == 0, "fb", "organic")
    label = np.where((level == "fb") & (np.arange(2000) % 10 == 0), 1.0, label)
    levels = {part.level: part for part in slices({"source": level.tolist()}, label, probability, confidence=0.95)}
    assert levels["fb"].worse
    assert "expected to convert" in levels["fb"].because
    assert not levels["organic"].worse
    assert levels["organic"].because == ""


def test_a_slice_that_is_ranked_worse_is_named():
    label, probability = made(3000)
    level = np.where(np.arange(3000) % 4 == 0, "new", "old")
    rows = np.flatnonzero(level == "new")
    # The same probabilities in the same slice, but dealt out at random.
    probability[rows] = probability[np.random.default_rng(0).permutation(rows)]
    new = slices({"customer": level.tolist()}, label, probability, confidence=0.95)[1]
    assert new.level == "new"
    assert "ranked worse" in new.because


def test_false_alarms_over_all_slices_are_as_rare_as_promised():
    alarms = 0
    for seed in range(100):
        label, probability = made(600, seed=seed)
        draw = np.random.default_rng(seed)
        columns = {str(width): draw.integers(0, width, 600).astype(str).tolist() for width in (2, 3, 5, 8)}
        alarms += any(part.worse for part in slices(columns, label, probability, confidence=0.95))
    assert alarms <= 10


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=60, max_size=60))
def test_a_slice_is_never_small_and_leads_are_in_one_slice_of_a_column_at_most(levels):
    label, probability = made(60)
    parts = slices({"column": levels}, label, probability, confidence=0.95)
    assert all(part.rows >= MIN_SLICE_ROWS for part in parts)
    assert sum(part.rows for part in parts) <= 60
    assert all(0 <= part.positives <= part.rows for part in parts)


def test_small_levels_are_looked_at_together_and_many_levels_are_cut():
    label, probability = made(2000)
    levels = [f"level {row % 40}" if row % 2 else "large" for row in range(2000)]
    parts = slices({"column": levels}, label, probability, confidence=0.95)
    assert parts[0].level == "large"
    assert len(parts) == MAX_LEVELS + 1
    assert parts[-1].level == "9 small levels"
    assert sum(part.rows for part in parts) == 2000


def test_a_column_without_differences_is_no_slice():
    assert slices({"column": ["a"] * 200}, *made(200), confidence=0.95) == ()


def test_a_slice_without_conversions_has_no_ranking():
    label, probability = made(200)
    label[:40] = 0.0
    parts = slices({"column": ["none"] * 40 + ["rest"] * 160}, label, probability, confidence=0.95)
    assert {part.level: part.roc_auc is None for part in parts} == {"rest": False, "none": True}


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_of_a_loss_ends_at_zero(seed):
    """Nearly all leads of the level are certain and right, one is very wrong: Student's interval would go below."""
    draw = np.random.default_rng(seed)
    label = np.r_[np.zeros(40), 1.0, draw.integers(0, 2, 60)].astype(float)
    probability = np.r_[np.full(40, 1e-6), 1e-4, np.full(60, 0.5)]
    level = ["few"] * 41 + ["many"] * 60
    (few, _) = sorted(slices({"group": level}, label, probability, confidence=0.95), key=lambda one: one.level)
    assert few.log_loss.low == 0.0 <= few.log_loss.value <= few.log_loss.high
