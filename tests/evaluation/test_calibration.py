"""Calibration: parts that add up exactly, and figures that know their own bias."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.evaluation.calibration import brier_parts, calibration
from tests.modelling.test_thresholds import leads, made

HOW = {"resamples": 200, "confidence": 0.95, "seed": 1}


@given(leads())
def test_the_parts_of_the_brier_score_add_up_to_it(known):
    label, probability = known
    assert brier_parts(label, probability).brier == pytest.approx(np.mean((probability - label) ** 2), abs=1e-12)


@given(leads())
def test_without_differences_inside_bins_murphys_three_parts_are_the_score(known):
    label, probability = known
    parts = brier_parts(label, np.round(probability * 2) / 2)
    assert parts.within == pytest.approx(0, abs=1e-12)
    assert min(parts.reliability, parts.resolution, parts.uncertainty) >= 0


@given(leads(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(known, random):
    label, probability = known
    order = list(range(len(label)))
    random.shuffle(order)
    before = calibration(label, probability, **HOW)
    after = calibration(label[order], probability[order], **HOW)
    assert after.ece.value == pytest.approx(before.ece.value)
    assert after.debiased == pytest.approx(before.debiased, abs=1e-7)


def test_one_probability_for_all_is_one_bin():
    label = np.array([1.0] * 30 + [0.0] * 70)
    figures = calibration(label, np.full(100, 0.2), **HOW)
    assert figures.ece.value == pytest.approx(0.1)
    assert figures.brier.resolution == 0


def test_right_probabilities_are_off_by_chance_alone():
    figures = calibration(*made(5000), **HOW)
    assert figures.ece.value <= figures.by_chance.high
    assert figures.debiased < 0.015


def test_wrong_probabilities_are_off_by_more_than_chance():
    label, probability = made(5000)
    figures = calibration(label, np.minimum(1, probability * 1.5), **HOW)
    assert figures.ece.value > figures.by_chance.high
    assert figures.debiased > 0.08


def test_the_debiased_error_does_not_grow_where_there_are_few_leads():
    few = [calibration(*made(300, seed=seed), **HOW) for seed in range(40)]
    assert np.mean([figures.debiased**2 for figures in few]) < 0.0012
    assert np.mean([figures.ece.value for figures in few]) > 0.03
