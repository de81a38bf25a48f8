"""How much one view of a table tells about the label: figures with intervals. Pure, no thresholds.

A view is a small whole number per row (a code): the level of a category, the quantile bin of a number, a character of
an id. Every question of the leak guard is put as a view, so one estimator answers all: the conversion rate of each
code is learned on other folds, the rows are ranked by it, and the area under the ROC curve is what the view knows.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gallop.evaluation.metrics import Estimate, Vector

Codes = NDArray[np.int64]

FOLDS = 5
BINS = 64
_PRIOR_ROWS = 2.0


@dataclass(frozen=True)
class Study:
    """The rows that evidence is taken from, and how sure it must be."""

    label: Vector
    """Shape (n,), 0 or 1, both present."""
    fold: Codes
    """Shape (n,), the fold of each row, stratified by label."""
    confidence: float
    """Coverage of each interval: raised so that all looks together keep the coverage asked for (Bonferroni 1936)."""

    @property
    def rate(self) -> float:
        return float(self.label.mean())

    def of(self, rows: NDArray[np.bool_]) -> "Study":
        """The same question of some of the rows."""
        return Study(self.label[rows], self.fold[rows], self.confidence)


def study(label: Vector, *, confidence: float, looks: int, seed: int) -> Study:
    """Deal the rows into folds; `looks` is how many intervals will be drawn from them."""
    fold, random = np.zeros(len(label), dtype=np.int64), np.random.default_rng(seed)
    for value in (0.0, 1.0):
        rows = np.flatnonzero(label == value)
        fold[random.permutation(rows)] = np.arange(len(rows)) % FOLDS
    return Study(label, fold, 1 - (1 - confidence) / max(looks, 1))


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


def held_out_rates(codes: Codes, study: Study) -> Vector:
    """Conversion rate of each row's code on the other folds, shrunk to the base rate; shape (n,)."""
    return _cells(codes, study)[2][codes, study.fold]


def ranking(codes: Codes, study: Study) -> Estimate:
    """AUC with which the codes alone rank the rows, cross-fitted."""
    rows, converted, score = _cells(codes, study)
    order = np.argsort(score.ravel(), kind="stable")
    return _area(converted.ravel()[order], (rows - converted).ravel()[order], score.ravel()[order], study.confidence)


def score_ranking(score: Vector, study: Study) -> Estimate:
    """AUC of a score of shape (n,) that never saw the row's own label."""
    order = np.argsort(score, kind="stable")
    return _area(study.label[order], 1 - study.label[order], score[order], study.confidence)


def flag_ranking(flag: NDArray[np.bool_], study: Study) -> Estimate:
    """AUC of a yes/no, in whichever direction it ranks better."""
    both = (score_ranking(each.astype(np.float64), study) for each in (flag, ~flag))
    return max(both, key=lambda area: area.value)


def share(hits: float, rows: float, confidence: float) -> Estimate:
    """A share with its Wilson (1927) score interval. `rows` need not be whole."""
    if rows <= 0:
        return Estimate(value=0.0, low=0.0, high=1.0)
    z, value = _z(confidence), hits / rows
    middle, spread = value + z * z / (2 * rows), z * np.sqrt(value * (1 - value) / rows + (z / (2 * rows)) ** 2)
    scale = 1 + z * z / rows
    return Estimate(value=value, low=max(0.0, (middle - spread) / scale), high=min(1.0, (middle + spread) / scale))


def log_odds_gap(first: tuple[float, float], second: tuple[float, float], confidence: float) -> Estimate:
    """Log-odds of the second (hits, rows) minus the first's: Woolf (1955), with Haldane's half in every cell."""
    (a, n), (c, m) = first, second
    cells = np.array([a, n - a, c, m - c]) + 0.5
    value = float(np.log(cells[2] / cells[3]) - np.log(cells[0] / cells[1]))
    spread = _z(confidence) * float(np.sqrt((1 / cells).sum()))
    return Estimate(value=value, low=value - spread, high=value + spread)


def common_log_odds(flag: NDArray[np.bool_], within: Codes, study: Study) -> Estimate:
    """Log odds ratio of flag and label within equal codes: Mantel & Haenszel 1959, variance of Robins et al. 1986."""
    n = np.bincount(within).astype(float)
    a = np.bincount(within, flag * study.label)
    b = np.bincount(within, flag * (1 - study.label))
    c = np.bincount(within, ~flag * study.label)
    d = np.bincount(within, ~flag * (1 - study.label))
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
    spread = _z(study.confidence) * float(np.sqrt(variance))
    return Estimate(value=value, low=value - spread, high=value + spread)


def _cells(codes: Codes, study: Study) -> tuple[NDArray, NDArray, NDArray]:
    """Rows, converted rows and held-out rate of each (code, fold)."""
    size = int(codes.max()) + 1
    cell = codes * FOLDS + study.fold
    rows = np.bincount(cell, minlength=size * FOLDS).reshape(size, FOLDS).astype(float)
    converted = np.bincount(cell, study.label, minlength=size * FOLDS).reshape(size, FOLDS)
    others, hits = rows.sum(axis=1, keepdims=True) - rows, converted.sum(axis=1, keepdims=True) - converted
    base = hits.sum(axis=0) / others.sum(axis=0)
    return rows, converted, (hits + _PRIOR_ROWS * base) / (others + _PRIOR_ROWS)


def _area(converted: Vector, other: Vector, score: Vector, confidence: float) -> Estimate:
    """Area under the ROC curve of weighted, sorted scores.

    The variance is DeLong's (1988), through placements; the interval is Wilson's at the sample size that gives that
    variance, so that a perfect ranking of few rows still has a lower bound below one.
    """
    starts = np.flatnonzero(np.r_[True, np.diff(score) != 0])
    up, down = np.add.reduceat(converted, starts), np.add.reduceat(other, starts)
    positives, negatives = up.sum(), down.sum()
    below = (np.cumsum(down) - down / 2) / negatives
    above = (positives - np.cumsum(up) + up / 2) / positives
    value = float((up * below).sum() / positives)
    variance = (up * (below - value) ** 2).sum() / positives**2 + (down * (above - value) ** 2).sum() / negatives**2
    fewest, most = min(positives, negatives), positives + negatives
    size = min(value * (1 - value) / variance, most) if variance > 0 else fewest
    bounds = share(value * size, size, confidence)
    return Estimate(value=value, low=bounds.low, high=bounds.high)


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)
