"""A logistic regression whose weights are pulled towards a target and have a lower bound. Pure."""

from typing import Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from gallop.additive.columns import Matrix
from gallop.evaluation.metrics import Vector, log_losses_of_log_odds

PENALTY: Final = 3.0
"""Nats per unit of squared distance between weights and target."""


def fit_penalised_logistic(X: Matrix, y: Vector, *, target: Vector, lowest: float) -> tuple[float, Vector]:
    """Fit by L-BFGS-B (Byrd, Lu, Nocedal & Zhu 1995), begun at the target; the intercept is free.

    Args:
        X: shape (rows, columns).
        y: shape (rows,), 0 or 1.
        target: shape (columns,), the weights that cost no penalty.
        lowest: least value of each weight.

    Returns:
        Intercept, and weights of shape (columns,).
    """

    def loss(point: Vector) -> tuple[float, Vector]:
        log_odds, distance = point[0] + X @ point[1:], point[1:] - target
        residual = expit(log_odds) - y
        value = log_losses_of_log_odds(y, log_odds).sum() + PENALTY * distance @ distance
        slope = np.r_[residual.sum(), X.T @ residual + 2 * PENALTY * distance]
        return value / len(y), slope / len(y)

    bounds = [(None, None), *[(lowest, None)] * len(target)]
    point = minimize(loss, np.r_[0.0, target], jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(point[0]), point[1:]
