"""Classifiers whose log-odds are a sum over encoded columns, and how to take that sum apart.

Linear models are such a sum by definition. Of boosted trees it is the Shapley values over the paths of the trees
(Lundberg et al. 2020, path-dependent TreeSHAP), which LightGBM works out exactly and in double precision. A forest's
deep trees would take seconds a lead that way; each step down a tree changes the share of converted leads, and that
change is the column's that was asked (Saabas 2014). These changes add up to the probability; to add up to the log-odds,
all of a lead's are rescaled by the same factor (the rescale rule of Shrikumar et al. 2017).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import numpy as np
from joblib import effective_n_jobs
from lightgbm import LGBMClassifier
from scipy.sparse import csr_matrix
from scipy.special import logit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from gallop.evaluation.metrics import Vector
from gallop.modelling.encoder import Matrix

Additive = LogisticRegression | LGBMClassifier | RandomForestClassifier

_ROWS_PER_THREAD: Final = 128
"""Fewer leads take less time than another thread."""
_MIN_PROBABILITY: Final = 0.01
"""A hundred trees can give neither 0 nor 1 with certainty: their probabilities stay this far from both."""
_NO_CHANGE: Final = 1e-9


def log_odds(classifier: Additive, encoded: Matrix) -> Vector:
    """The classifier's log-odds: shape (rows,)."""
    if isinstance(classifier, LogisticRegression):
        return encoded @ classifier.coef_[0] + classifier.intercept_[0]
    if isinstance(classifier, RandomForestClassifier):
        return _odds(np.concatenate(_side_by_side(partial(_probability, classifier), encoded)))
    ask = partial(classifier.booster_.predict, raw_score=True, num_threads=1)
    return np.concatenate(_side_by_side(ask, encoded)).astype(np.float64, copy=False)


def contributions(classifier: Additive, encoded: Matrix, center: Vector) -> tuple[Matrix, float]:
    """What each encoded column adds, and the base that all leads share; their sum is `log_odds`.

    Args:
        encoded: shape (rows, columns).
        center: shape (columns,); a linear model's column adds nothing to a lead that has the mean there.

    Returns:
        Shape (rows, columns), and the base.
    """
    if not len(encoded):
        return np.zeros(encoded.shape), 0.0
    if isinstance(classifier, LogisticRegression):
        return (encoded - center) * classifier.coef_[0], float(classifier.intercept_[0] + center @ classifier.coef_[0])
    if isinstance(classifier, RandomForestClassifier):
        shares, bases = zip(*_side_by_side(partial(_path_contributions, classifier), encoded), strict=True)
        return np.concatenate(shares), bases[0]
    ask = partial(classifier.booster_.predict, pred_contrib=True, num_threads=1)
    parts = np.concatenate(_side_by_side(ask, encoded))
    return parts[:, :-1], float(parts[0, -1])


def _side_by_side(ask: Callable[[Matrix], Any], encoded: Matrix) -> list[Any]:
    """The answers for parts of many leads, a part per core; trees ask each lead by itself, so any parts will do.

    Not OpenMP's threads, which LightGBM would use: on a busy machine they wait for each other a hundred times longer.
    """
    parts = min(effective_n_jobs(-1), len(encoded) // _ROWS_PER_THREAD)
    if parts < 2:
        return [ask(encoded)]
    with ThreadPoolExecutor(parts) as pool:
        return list(pool.map(ask, np.array_split(encoded, parts)))


def _odds(probability: Vector) -> Vector:
    return logit(np.clip(probability, _MIN_PROBABILITY, 1 - _MIN_PROBABILITY))


def _probability(forest: RandomForestClassifier, encoded: Matrix) -> Vector:
    """The mean over the trees of the share of converted leads in each row's leaf."""
    narrow = np.ascontiguousarray(encoded, dtype=np.float32)
    total = np.zeros(len(encoded))
    for estimator in forest.estimators_:
        tree = estimator.tree_
        total += tree.value[:, 0, 1][tree.apply(narrow)]
    return total / len(forest.estimators_)


def _path_contributions(forest: RandomForestClassifier, encoded: Matrix) -> tuple[Matrix, float]:
    narrow = np.ascontiguousarray(encoded, dtype=np.float32)
    total, base = np.zeros(encoded.shape), 0.0
    for estimator in forest.estimators_:
        tree = estimator.tree_
        share = tree.value[:, 0, 1]
        parents = np.flatnonzero(tree.children_left >= 0)
        rows = np.concatenate([tree.children_left[parents], tree.children_right[parents]])
        columns = np.tile(tree.feature[parents], 2)
        change = share[rows] - np.tile(share[parents], 2)
        changes = csr_matrix((change, (rows, columns)), shape=(tree.node_count, encoded.shape[1]))
        total += (tree.decision_path(narrow) @ changes).toarray()
        base += share[0]
    trees = len(forest.estimators_)
    total, base = total / trees, base / trees
    slope = 1 / (base * (1 - base)) if _MIN_PROBABILITY < base < 1 - _MIN_PROBABILITY else 0.0
    return rescaled(total, base, _odds, slope)


def rescaled(parts: Matrix, base: float, curve: Callable[[Vector], Vector], slope: float) -> tuple[Matrix, float]:
    """Contributions along a curve: a lead's all change by one factor (rescale rule, Shrikumar et al. 2017).

    Args:
        parts: shape (rows, columns); with the base they add up to what the curve takes.
        slope: the curve's, at the base.

    Returns:
        Shape (rows, columns), and a base: they add up to what the curve gives.
    """
    change, start = parts.sum(axis=1), float(curve(np.array([base]))[0])
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = (curve(base + change) - start) / change
    # Where columns cancel out, each of them still counts, as far as the curve is steep there.
    return parts * np.where(np.abs(change) < _NO_CHANGE, slope, factor)[:, None], start
