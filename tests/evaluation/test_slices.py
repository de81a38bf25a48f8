"""Slices: a weakness that is there is found, and one that is not is seldom claimed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from gallop.evaluation.slices import FEWEST, MOST, delong, missed, slices
from tests.modelling.test_thresholds import leads, made


@given(leads(least=8))
def test_the_area_is_scikit_learns(known):
    label, probability = known
    label[:4] = 0.0, 1.0, 0.0, 1.0
    assert delong(label, probability)[0] == pytest.approx(roc_auc_score(label, probability))


def test_delongs_variance_is_that_of_repeated_samples():
    areas, variances = zip(*(delong(*made(300, seed=seed)) for seed in range(300)), strict=True)
    assert np.mean(variances) == pytest.approx(np.var(areas), rel=0.2)


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=40), st.data())
def test_the_exact_test_is_a_binomial_test_where_all_leads_are_alike(probabilities, data):
    from scipy.stats import binom

    rows, chance = len(probabilities), probabilities[0]
    converted = data.draw(st.integers(0, rows))
    label = np.array([1.0] * converted + [0.0] * (rows - converted))
    law = binom(rows, chance)
    expected = min(1.0, 2 * min(law.cdf(converted), law.sf(converted - 1)))
    assert missed(label, np.full(rows, chance)) == pytest.approx(expected, abs=1e-9)


def test_exact_and_normal_tests_agree_where_they_meet():
    label, probability = made(500)
    label = np.where(np.arange(500) < 12, 1.0, label)
    exact = missed(label, probability)
    normal = missed(np.r_[label, 0.0], np.r_[probability, 0.0])
    assert normal == pytest.approx(exact, rel=0.1)


def test_a_slice_that_converts_more_than_promised_is_named():
    label, probability = made(2000)
    level = np.where(np.arange(2000) % 5 == 0, "fb", "organic")
    label = np.where((level == "fb") & (np.arange(2000) % 10 == 0), 1.0, label)
    found = {each.level: each for each in slices({"source": level.tolist()}, label, probability, confidence=0.95)}
    assert found["fb"].worse
    assert "expected to convert" in found["fb"].because
    assert not found["organic"].worse
    assert found["organic"].because == ""


def test_a_slice_that_is_ranked_worse_is_named():
    label, probability = made(3000)
    level = np.where(np.arange(3000) % 4 == 0, "new", "old")
    draw = np.random.default_rng(0)
    place = np.flatnonzero(level == "new")
    # The same promises to the same slice, but dealt out at random.
    probability[place] = probability[draw.permutation(place)]
    new = slices({"customer": level.tolist()}, label, probability, confidence=0.95)[1]
    assert new.level == "new"
    assert "ranked worse" in new.because


def test_false_alarms_over_all_slices_are_as_rare_as_promised():
    alarms = 0
    for seed in range(100):
        label, probability = made(600, seed=seed)
        draw = np.random.default_rng(seed)
        columns = {str(width): draw.integers(0, width, 600).astype(str).tolist() for width in (2, 3, 5, 8)}
        alarms += any(each.worse for each in slices(columns, label, probability, confidence=0.95))
    assert alarms <= 10


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=60, max_size=60))
def test_a_slice_is_never_small_and_leads_are_in_one_slice_of_a_column_at_most(levels):
    label, probability = made(60)
    found = slices({"column": levels}, label, probability, confidence=0.95)
    assert all(each.rows >= FEWEST for each in found)
    assert sum(each.rows for each in found) <= 60
    assert all(0 <= each.positives <= each.rows for each in found)


def test_small_levels_are_looked_at_together_and_many_levels_are_cut():
    label, probability = made(2000)
    levels = [f"level {place % 40}" if place % 2 else "large" for place in range(2000)]
    found = slices({"column": levels}, label, probability, confidence=0.95)
    assert found[0].level == "large"
    assert len(found) == MOST + 1
    assert found[-1].level == "9 small levels"
    assert sum(each.rows for each in found) == 2000


def test_a_column_without_differences_is_no_slice():
    assert slices({"column": ["a"] * 200}, *made(200), confidence=0.95) == ()


def test_a_slice_without_conversions_has_no_ranking():
    label, probability = made(200)
    label[:40] = 0.0
    found = slices({"column": ["none"] * 40 + ["rest"] * 160}, label, probability, confidence=0.95)
    assert {each.level: each.roc_auc is None for each in found} == {"rest": False, "none": True}
