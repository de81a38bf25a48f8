"""Classifiers whose log-odds are a sum over encoded columns, and how to take that sum apart.

Linear models are such a sum by definition. Of boosted trees it is the Shapley values over the paths of the trees
(Lundberg et al. 2020, path-dependent TreeSHAP), which LightGBM works out exactly and in double precision. A forest's
deep trees would take seconds a lead that way; each step down a tree changes the share of converted leads, and that
change is the column's that was asked (Saabas 2014). These changes add up to the probability; to add up to the log-odds,
all of a lead's are stretched by the same factor (the rescale rule of Shrikumar et al. 2017).
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

_PART: Final = 128
"""Leads: fewer take less time than another thread."""
_SURE: Final = 0.01
"""A hundred trees can say neither 0 nor 1 for certain: their probabilities stay this far from both."""


def losses(log_odds: Vector, y: Vector) -> Vector:
    """Log-loss of each row's log-odds, in nats; exact where a probability would round to 0 or 1."""
    return np.logaddexp(0.0, log_odds) - y * log_odds


def log_loss(log_odds: Vector, y: Vector) -> float:
    """Mean log-loss of log-odds, in nats."""
    return float(np.mean(losses(log_odds, y)))


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
        shares, bases = zip(*_side_by_side(partial(_steps, classifier), encoded), strict=True)
        return np.concatenate(shares), bases[0]
    ask = partial(classifier.booster_.predict, pred_contrib=True, num_threads=1)
    parts = np.concatenate(_side_by_side(ask, encoded))
    return parts[:, :-1], float(parts[0, -1])


def _side_by_side(ask: Callable[[Matrix], Any], encoded: Matrix) -> list[Any]:
    """The answers for parts of many leads, a part per core; trees ask each lead by itself, so any parts will do.

    Not OpenMP's threads, which LightGBM would use: on a busy machine they wait for each other a hundred times longer.
    """
    parts = min(effective_n_jobs(-1), len(encoded) // _PART)
    if parts < 2:
        return [ask(encoded)]
    with ThreadPoolExecutor(parts) as pool:
        return list(pool.map(ask, np.array_split(encoded, parts)))


def _odds(probability: Vector) -> Vector:
    return logit(np.clip(probability, _SURE, 1 - _SURE))


def _probability(forest: RandomForestClassifier, encoded: Matrix) -> Vector:
    """The mean over the trees of the share of converted leads in each row's leaf."""
    narrow = np.ascontiguousarray(encoded, dtype=np.float32)
    total = np.zeros(len(encoded))
    for estimator in forest.estimators_:
        tree = estimator.tree_
        total += tree.value[:, 0, 1][tree.apply(narrow)]
    return total / len(forest.estimators_)


def _steps(forest: RandomForestClassifier, encoded: Matrix) -> tuple[Matrix, float]:
    narrow = np.ascontiguousarray(encoded, dtype=np.float32)
    total, base = np.zeros(encoded.shape), 0.0
    for estimator in forest.estimators_:
        tree = estimator.tree_
        share = tree.value[:, 0, 1]
        parents = np.flatnonzero(tree.children_left >= 0)
        rows = np.concatenate([tree.children_left[parents], tree.children_right[parents]])
        asked = np.tile(tree.feature[parents], 2)
        change = share[rows] - np.tile(share[parents], 2)
        changes = csr_matrix((change, (rows, asked)), shape=(tree.node_count, encoded.shape[1]))
        total += (tree.decision_path(narrow) @ changes).toarray()
        base += share[0]
    trees = len(forest.estimators_)
    total, base = total / trees, base / trees
    start, moved = float(_odds(np.array([base]))[0]), total.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        stretch = (_odds(base + moved) - start) / moved
    # Where nothing moved there is nothing to stretch.
    return total * np.where(np.abs(moved) < 1e-12, 0.0, stretch)[:, None], start
