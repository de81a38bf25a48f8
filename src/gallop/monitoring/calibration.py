"""Do ripe leads convert as their scores say: in all, by group, and in their order? Pure."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from gallop.evaluation.metrics import critical_value, wilson
from gallop.results.estimates import Estimate
from gallop.results.monitoring import GroupRate

_FEWEST: Final = 20
"""Leads of either outcome, below which no slope is given."""


def group_rates(
    names: Sequence[str],
    group: NDArray[np.str_],
    probability: NDArray[np.float64],
    converted: NDArray[np.bool_],
    confidence: float,
) -> tuple[GroupRate, ...]:
    """What was expected and what came, of each group that has leads, in the order of the names.

    Args:
        group, probability, converted: of ripe leads, shape (n,).
        confidence: coverage of the Wilson intervals.
    """
    rates = []
    for name in names:
        own = group == name
        if leads := int(own.sum()):
            came = int(converted[own].sum())
            expected = float(probability[own].mean())
            rate = wilson(came, leads, confidence)
            rates.append(GroupRate(name=name, leads=leads, expected=expected, came=came, rate=rate))
    return tuple(rates)


def calibration_slope(
    probability: NDArray[np.float64], converted: NDArray[np.bool_], confidence: float
) -> Estimate | None:
    """The slope of a logistic regression of outcomes on the scores' log-odds (Cox 1958), with its Wald interval.

    Args:
        probability, converted: of ripe leads, shape (n,).
    """
    if min(converted.sum(), (~converted).sum()) < _FEWEST:
        return None
    log_odds = logit(probability)
    X = np.stack([np.ones(len(log_odds)), log_odds - log_odds.mean()], axis=1)
    weights = np.array([logit(converted.mean()), 1.0])
    for _ in range(50):
        rate = expit(X @ weights)
        information = (X * (rate * (1 - rate))[:, None]).T @ X
        step = np.linalg.lstsq(information, X.T @ (converted - rate), rcond=None)[0]
        weights = weights + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    if information[1, 1] <= 0 or np.linalg.cond(information) > 1e12:
        return None
    reach = critical_value(confidence) * float(np.sqrt(np.linalg.inv(information)[1, 1]))
    return Estimate(value=float(weights[1]), low=float(weights[1] - reach), high=float(weights[1] + reach))
