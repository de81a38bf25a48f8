"""Classifiers whose log-odds are a sum over encoded columns, and how to take that sum apart.

Linear models are such a sum by definition. Of trees it is the Shapley values over the paths of the trees (Lundberg et
al. 2020, path-dependent TreeSHAP), which LightGBM works out exactly and in double precision.
"""

import numpy as np
from lightgbm import LGBMClassifier
from sklearn.linear_model import LogisticRegression

from gallop.evaluation import Vector
from gallop.modelling.columns import Matrix

Additive = LogisticRegression | LGBMClassifier


def log_odds(classifier: Additive, encoded: Matrix) -> Vector:
    """The classifier's log-odds: shape (rows,)."""
    if isinstance(classifier, LogisticRegression):
        return encoded @ classifier.coef_[0] + classifier.intercept_[0]
    # One thread: a pool costs more than it gains on a page of leads, and the answer does not depend on it.
    return np.asarray(classifier.booster_.predict(encoded, raw_score=True, num_threads=1), dtype=np.float64)


def contributions(classifier: Additive, encoded: Matrix, center: Vector) -> tuple[Matrix, float]:
    """What each encoded column adds, and the base that all leads share; their sum is `log_odds`.

    Args:
        encoded: shape (rows, columns).
        center: shape (columns,); a linear model's column adds nothing to a lead that has the mean there.

    Returns:
        Shape (rows, columns), and the base.
    """
    if isinstance(classifier, LogisticRegression):
        return (encoded - center) * classifier.coef_[0], float(classifier.intercept_[0] + center @ classifier.coef_[0])
    if not len(encoded):
        # LightGBM divides by the number of rows.
        return np.zeros_like(encoded), 0.0
    parts = np.asarray(classifier.booster_.predict(encoded, pred_contrib=True, num_threads=1), dtype=np.float64)
    return parts[:, :-1], float(parts[0, -1])
