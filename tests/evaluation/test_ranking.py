"""Areas under curves and DeLong's variance, against scikit-learn and against repeated samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from gallop.evaluation.ranking import average_precision, delong, group_by_score, group_resamples, roc_auc
from tests.modelling.test_thresholds import leads, made


def groups(label, score, weights=1.0):
    return group_by_score(score, weights * label, weights * (1 - label))


@given(leads(least=8), st.integers(0, 10_000))
def test_areas_are_scikit_learns_with_weights_and_ties(known, seed):
    label, score = known
    label[:4] = 0.0, 1.0, 0.0, 1.0
    weights = np.random.default_rng(seed).integers(1, 4, len(label)).astype(float)
    converted, others = groups(label, score, weights)
    assert roc_auc(converted, others) == pytest.approx(roc_auc_score(label, score, sample_weight=weights))
    expected = average_precision_score(label, score, sample_weight=weights)
    assert average_precision(converted, others) == pytest.approx(expected)


@given(leads(least=8), st.integers(0, 10_000))
def test_groups_of_resamples_give_the_areas_of_a_group_for_each_score(known, seed):
    label, score = known
    label[:4] = 0.0, 1.0, 0.0, 1.0
    weights = np.random.default_rng(seed).integers(0, 4, (5, len(label))).astype(float)
    weights[:, :4] = 1.0
    for area in (roc_auc, average_precision):
        of_resamples = area(*group_resamples(label, score, weights))
        assert of_resamples == pytest.approx(area(*groups(label, score, weights)))


@given(leads(least=8), st.integers(0, 10_000))
def test_shuffled_labels_are_ranked_as_one_by_one(known, seed):
    label, score = known
    label[:4] = 0.0, 1.0, 0.0, 1.0
    shuffles = np.random.default_rng(seed).permuted(np.tile(label, (5, 1)), axis=1)
    expected = [roc_auc_score(shuffle, score) for shuffle in shuffles]
    assert roc_auc(*groups(shuffles, score)) == pytest.approx(expected)


def test_an_area_without_one_of_the_outcomes_is_undefined():
    score = np.array([0.2, 0.2, 0.7])
    for label in (np.zeros(3), np.ones(3)):
        assert np.isnan(roc_auc(*groups(label, score)))
        assert np.isnan(roc_auc(*group_resamples(label, score, np.ones((1, 3)))))
    assert np.isnan(average_precision(*groups(np.zeros(3), score)))
    assert average_precision(*groups(np.ones(3), score)) == 1.0


def test_delongs_variance_is_that_of_repeated_samples():
    areas, variances = zip(*(delong(*groups(*made(300, seed=seed))) for seed in range(300)), strict=True)
    assert np.mean(variances) == pytest.approx(np.var(areas), rel=0.2)


@given(leads(least=8))
def test_delongs_variance_is_that_of_the_placements(known):
    label, score = known
    label[:4] = 0.0, 1.0, 0.0, 1.0
    higher = np.sign(score[label == 1][:, None] - score[label == 0][None, :]) / 2 + 0.5
    for ddof in (0, 1):
        expected = sum(higher.mean(axis=axis).var(ddof=ddof) / higher.shape[1 - axis] for axis in (0, 1))
        area, variance = delong(*groups(label, score), ddof=ddof)
        assert area == pytest.approx(higher.mean())
        assert variance == pytest.approx(expected, abs=1e-12)
