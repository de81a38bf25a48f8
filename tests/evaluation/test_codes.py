"""The leak guard's figures against other implementations, and against what is known to be true."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats.contingency import odds_ratio
from sklearn.metrics import roc_auc_score

from gallop.evaluation.codes import (
    bin_codes,
    common_log_odds,
    deal_folds,
    held_out_rates,
    level_codes,
    log_odds_gap,
    ranking,
    score_ranking,
    value_codes,
)


def rows(label: np.ndarray, confidence: float = 0.95, intervals: int = 1, seed: int = 0):
    return deal_folds(label.astype(float), confidence=confidence, intervals=intervals, seed=seed)


@given(st.integers(0, 10_000))
def test_the_area_is_scikit_learns_with_and_without_ties(seed: int) -> None:
    random = np.random.default_rng(seed)
    label = np.r_[0, 1, random.integers(0, 2, 98)]
    score = np.round(random.normal(size=100) + label, random.integers(0, 4))
    assert score_ranking(score, rows(label)).value == pytest.approx(roc_auc_score(label, score))


def test_the_interval_of_the_area_covers_the_truth_as_often_as_it_says() -> None:
    random, truth, inside = np.random.default_rng(1), 0.7602499, 0
    for _ in range(1000):
        label = np.r_[np.ones(60), np.zeros(140)]
        auc = score_ranking(random.normal(size=200) + label, rows(label))
        inside += auc.low <= truth <= auc.high
    assert 930 <= inside <= 970


def test_a_perfect_ranking_of_few_rows_is_not_certain() -> None:
    label = np.r_[np.ones(20), np.zeros(200)]
    auc = score_ranking(label, rows(label))
    assert auc.value == auc.high == 1
    assert 0.8 < auc.low < 0.9


def test_more_intervals_are_wider() -> None:
    label = np.arange(500) % 2
    score = label + np.random.default_rng(0).normal(size=500)
    one, many = score_ranking(score, rows(label)), score_ranking(score, rows(label, intervals=200))
    assert many.low < one.low < one.high < many.high


def test_a_column_of_unique_values_knows_nothing() -> None:
    label = np.random.default_rng(0).integers(0, 2, 3000)
    assert ranking(level_codes(pd.Series(np.arange(3000).astype(str))), rows(label)).value == pytest.approx(
        0.5, abs=0.03
    )


@given(st.integers(0, 1000))
def test_a_rows_own_label_never_reaches_its_rate(seed: int) -> None:
    random = np.random.default_rng(seed)
    label, codes = random.integers(0, 2, 200).astype(float), random.integers(0, 5, 200)
    before = rows(label)
    rate = held_out_rates(codes, before)[0]
    label[0] = 1 - label[0]
    same_folds = type(before)(label, before.fold, before.confidence)
    assert held_out_rates(codes, same_folds)[0] == rate


def test_within_one_group_the_common_odds_ratio_is_the_odds_ratio() -> None:
    random = np.random.default_rng(3)
    flag, label = random.random(2000) < 0.4, random.integers(0, 2, 2000)
    log_odds = common_log_odds(flag, np.zeros(2000, dtype=np.int64), rows(label))
    table = [[int((flag & (label == 1)).sum()), int((flag & (label == 0)).sum())],
             [int((~flag & (label == 1)).sum()), int((~flag & (label == 0)).sum())]]  # fmt: skip
    known = odds_ratio(table, kind="sample")
    interval = known.confidence_interval(0.95)
    assert np.exp(log_odds.value) == pytest.approx(known.statistic)
    assert (np.exp(log_odds.low), np.exp(log_odds.high)) == pytest.approx((interval.low, interval.high), rel=0.01)


def test_the_common_odds_ratio_is_not_fooled_by_groups_of_different_rates() -> None:
    random = np.random.default_rng(4)
    group = random.integers(0, 2, 20_000)
    flag = random.random(20_000) < np.where(group == 1, 0.8, 0.2)
    label = (random.random(20_000) < np.where(group == 1, 0.7, 0.1)).astype(int)
    log_odds = common_log_odds(flag, group, rows(label))
    assert log_odds.low < 0 < log_odds.high


def test_a_gap_between_rates_is_in_log_odds() -> None:
    difference = log_odds_gap((1000, 10_000), (5000, 10_000), 0.95)
    assert difference.value == pytest.approx(np.log(9), abs=0.01)
    assert difference.low < difference.value < difference.high


@given(st.lists(st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6)), min_size=1, max_size=80))
def test_bins_keep_the_order_equal_values_together_and_missing_apart(values: list[float]) -> None:
    numbers = np.array(values)
    codes, exact, missing = bin_codes(numbers, 8), value_codes(numbers), np.isnan(numbers)
    assert ((codes == 0) == missing).all()
    assert ((exact == 0) == missing).all()
    order = np.argsort(numbers[~missing], kind="stable")
    assert (np.diff(codes[~missing][order]) >= 0).all()
    assert all(len(set(codes[exact == code])) == 1 for code in set(exact))
