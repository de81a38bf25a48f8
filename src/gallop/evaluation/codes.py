"""How well one view of a table predicts the label: figures with intervals. Pure, no thresholds.

A view is a small whole number per row (a code): the level of a category, the quantile bin of a number, a character of
an id. Everything that the leak guard looks at is such a view, so one estimator serves all: the conversion rate of each
code is learned on other folds, the rows are ranked by it, and the figure is the area under the ROC curve.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gallop.evaluation.metrics import Estimate, Vector, critical_value, wilson
from gallop.evaluation.ranking import delong, group_by_score

Codes = NDArray[np.int64]

FOLDS = 5
BINS = 64
_PRIOR_ROWS = 2.0


@dataclass(frozen=True)
class LabelledRows:
    """The rows that evidence is taken from, and the confidence it must have."""

    label: Vector
    """Shape (n,), 0 or 1, both present."""
    fold: Codes
    """Shape (n,), the fold of each row, stratified by label."""
    confidence: float
    """Coverage of each interval: raised so that all intervals together keep the coverage wanted (Bonferroni 1936)."""

    @property
    def rate(self) -> float:
        return float(self.label.mean())

    def of(self, rows: NDArray[np.bool_]) -> "LabelledRows":
        """Some of the rows."""
        return LabelledRows(self.label[rows], self.fold[rows], self.confidence)


def deal_folds(label: Vector, *, confidence: float, intervals: int, seed: int) -> LabelledRows:
    """Deal the rows into folds; `intervals` is how many will be taken from them."""
    fold, random = np.zeros(len(label), dtype=np.int64), np.random.default_rng(seed)
    for value in (0.0, 1.0):
        rows = np.flatnonzero(label == value)
        fold[random.permutation(rows)] = np.arange(len(rows)) % FOLDS
    return LabelledRows(label, fold, 1 - (1 - confidence) / max(intervals, 1))


def level_codes(values: pd.Series) -> Codes:
    """One code per level, 0 for a missing value."""
    return pd.factorize(values.astype(object))[0].astype(np.int64) + 1


def bin_codes(values: Vector, bins: int = BINS) -> Codes:
    """Quantile bins of a number, numbered in rising order from 1; 0 for a missing value; equal values share a bin."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.zeros(len(values), dtype=np.int64)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    return np.where(np.isnan(values), 0, np.searchsorted(edges, values) + 1)


def value_codes(values: Vector) -> Codes:
    """One code per distinct number, 0 for a missing value."""
    return np.where(np.isnan(values), 0, np.unique(values, return_inverse=True)[1] + 1)


def counts(codes: Codes, label: Vector) -> tuple[Vector, Vector]:
    """Rows and converted rows of each code."""
    return np.bincount(codes).astype(np.float64), np.bincount(codes, label).astype(np.float64)


def held_out_rates(codes: Codes, labelled: LabelledRows) -> Vector:
    """Conversion rate of each row's code on the other folds, shrunk to the base rate; shape (n,)."""
    return _cells(codes, labelled)[2][codes, labelled.fold]


def overall_score(codes: Mapping[str, Codes], labelled: LabelledRows) -> tuple[Vector, Vector]:
    """Out-of-fold probability of each row from all columns, and how much each column adds to it.

    An additive model: logistic regression on the held-out log-odds of each column's codes (stacking, Wolpert 1992).
    """
    from sklearn.linear_model import LogisticRegression

    if not codes:
        return np.full(len(labelled.label), labelled.rate), np.zeros(0)
    rates = np.column_stack([held_out_rates(view, labelled) for view in codes.values()])
    odds = np.log(rates / (1 - rates))
    odds = (odds - odds.mean(axis=0)) / np.maximum(odds.std(axis=0), 1e-9)
    probability, weight = np.zeros(len(labelled.label)), np.zeros(odds.shape[1])
    for fold in range(FOLDS):
        out = labelled.fold == fold
        model = LogisticRegression(solver="newton-cholesky").fit(odds[~out], labelled.label[~out])
        probability[out] = model.predict_proba(odds[out])[:, 1]
        weight += np.abs(model.coef_[0]) / FOLDS
    return probability, weight


def ranking(codes: Codes, labelled: LabelledRows) -> Estimate:
    """AUC with which the codes alone rank the rows, cross-fitted."""
    rows, converted, score = (cells.ravel() for cells in _cells(codes, labelled))
    return _area(converted, rows - converted, score, labelled.confidence)


def score_ranking(score: Vector, labelled: LabelledRows) -> Estimate:
    """AUC of a score of shape (n,) that never saw the row's own label."""
    return _area(labelled.label, 1 - labelled.label, score, labelled.confidence)


def flag_ranking(flag: NDArray[np.bool_], labelled: LabelledRows) -> Estimate:
    """AUC of a yes/no, in whichever direction it ranks better."""
    both = (score_ranking(direction.astype(np.float64), labelled) for direction in (flag, ~flag))
    return max(both, key=lambda auc: auc.value)


def log_odds_gap(first: tuple[float, float], second: tuple[float, float], confidence: float) -> Estimate:
    """Log-odds of the second (hits, rows) minus the first's: Woolf (1955), with Haldane's half in every cell."""
    (a, n), (c, m) = first, second
    cells = np.array([a, n - a, c, m - c]) + 0.5
    value = float(np.log(cells[2] / cells[3]) - np.log(cells[0] / cells[1]))
    spread = critical_value(confidence) * float(np.sqrt((1 / cells).sum()))
    return Estimate(value=value, low=value - spread, high=value + spread)


def common_log_odds(flag: NDArray[np.bool_], within: Codes, labelled: LabelledRows) -> Estimate:
    """Log odds ratio of flag and label within equal codes: Mantel & Haenszel 1959, variance of Robins et al. 1986."""
    n = np.bincount(within).astype(float)
    a = np.bincount(within, flag * labelled.label)
    b = np.bincount(within, flag * (1 - labelled.label))
    c = np.bincount(within, ~flag * labelled.label)
    d = np.bincount(within, ~flag * (1 - labelled.label))
    n = np.where(n > 0, n, 1.0)
    r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
    if r.sum() <= 0 or s.sum() <= 0:
        return Estimate(value=0.0, low=-np.inf, high=np.inf)
    value = float(np.log(r.sum() / s.sum()))
    variance = (
        (p * r).sum() / (2 * r.sum() ** 2)
        + (p * s + q * r).sum() / (2 * r.sum() * s.sum())
        + (q * s).sum() / (2 * s.sum() ** 2)
    )
    spread = critical_value(labelled.confidence) * float(np.sqrt(variance))
    return Estimate(value=value, low=value - spread, high=value + spread)


def _cells(codes: Codes, labelled: LabelledRows) -> tuple[NDArray, NDArray, NDArray]:
    """Rows, converted rows and held-out rate of each (code, fold)."""
    size = int(codes.max()) + 1
    cell = codes * FOLDS + labelled.fold
    rows = np.bincount(cell, minlength=size * FOLDS).reshape(size, FOLDS).astype(float)
    converted = np.bincount(cell, labelled.label, minlength=size * FOLDS).reshape(size, FOLDS)
    others, hits = rows.sum(axis=1, keepdims=True) - rows, converted.sum(axis=1, keepdims=True) - converted
    base = hits.sum(axis=0) / others.sum(axis=0)
    return rows, converted, (hits + _PRIOR_ROWS * base) / (others + _PRIOR_ROWS)


def _area(converted: Vector, others: Vector, score: Vector, confidence: float) -> Estimate:
    """Area under the ROC curve of scores with their converted and other rows.

    The interval is Wilson's at the sample size that gives DeLong's variance, so that a perfect ranking of few rows
    still has a lower bound below one.
    """
    value, variance = delong(*group_by_score(score, converted, others), ddof=0)
    smallest, largest = min(converted.sum(), others.sum()), converted.sum() + others.sum()
    size = min(value * (1 - value) / variance, largest) if variance > 0 else smallest
    bounds = wilson(value * size, size, confidence)
    return Estimate(value=value, low=bounds.low, high=bounds.high)
