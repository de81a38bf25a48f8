"""Fitted estimators of libraries, and the classifiers that score in their place, which need no library's estimator."""

import numpy as np
from lightgbm import LGBMClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from gallop.additive.classifiers import (
    AdditiveClassifier,
    BoostedTrees,
    Forest,
    LinearClassifier,
    log_odds_of_share,
)
from gallop.additive.columns import Matrix
from gallop.evaluation.metrics import Vector

_LARGEST = float(np.finfo(np.float32).max)

AdditiveEstimator = LogisticRegression | LGBMClassifier | RandomForestClassifier


def log_odds(estimator: AdditiveEstimator, encoded: Matrix) -> Vector:
    """What `additive_form` of the estimator would say of encoded rows, as the library itself works it out."""
    if isinstance(estimator, RandomForestClassifier):
        # scikit-learn refuses what is too large for single precision, and every threshold is far below.
        within = np.clip(encoded, -_LARGEST, _LARGEST)
        return log_odds_of_share(np.asarray(estimator.predict_proba(within))[:, 1])
    return additive_form(estimator).log_odds(encoded)


def additive_form(estimator: AdditiveEstimator) -> AdditiveClassifier:
    """The same classifier as numbers alone."""
    if isinstance(estimator, LogisticRegression):
        return LinearClassifier(estimator.coef_[0].astype(np.float64), float(estimator.intercept_[0]))
    if isinstance(estimator, LGBMClassifier):
        return BoostedTrees(estimator.booster_.model_to_string())
    return _forest(estimator)


def _forest(estimator: RandomForestClassifier) -> Forest:
    trees = [tree.tree_ for tree in estimator.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees[:-1])]).astype(np.int32)
    parts = []
    for root, tree in zip(roots, trees, strict=True):
        leaf, itself = tree.children_left < 0, np.arange(tree.node_count)
        parts.append(
            (
                root + np.where(leaf, itself, tree.children_left),
                root + np.where(leaf, itself, tree.children_right),
                np.where(leaf, 0, tree.feature),
                np.where(leaf, 0.0, tree.threshold),
                tree.missing_go_to_left.astype(bool),
                tree.value[:, 0, 1],
            )
        )
    left, right, column, threshold, missing_left, share = (np.concatenate(of) for of in zip(*parts, strict=True))
    return Forest(
        roots,
        left.astype(np.int32),
        right.astype(np.int32),
        column.astype(np.int32),
        threshold,
        missing_left,
        share,
    )
