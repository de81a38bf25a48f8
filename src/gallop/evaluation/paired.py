"""Two sets of probabilities on the same rows: whose losses are lower, and how likely that is by luck of the rows. Pure.

The share of bootstrap resamples in which a mean is not below a limit is needed far out in the tail, where counting
would take a hundred thousand resamples. So it is computed: the saddlepoint approximation of the bootstrap distribution
of a mean (Davison & Hinkley 1997, section 9.5.1) with the tail formula of Barndorff-Nielsen (1986), whose relative
error stays small however far out.
"""

from typing import Final

import numpy as np
from scipy import optimize, special, stats

from gallop.evaluation.bootstrap import Vector
from gallop.evaluation.metrics import log_losses

LOSSES: Final = ("log_loss", "brier")
_CENTRAL = 1e-4
"""Standard errors from the mean within which the tail formula loses its digits, and the normal one has them."""


def row_losses(metric: str, label: Vector, probability: Vector) -> Vector:
    """The loss of each row, shape (n,). Lower is better; the mean is the metric.

    Args:
        metric: `log_loss` or `brier`.
    """
    return log_losses(label, probability) if metric == "log_loss" else (probability - label) ** 2


def share_not_below(values: Vector, limit: float = 0.0) -> float:
    """The share of all bootstrap resamples of `values`, shape (n,), whose mean is `limit` or more."""
    gap = values - limit
    if gap.max() < 0:
        return 0.0
    if gap.min() >= 0:
        return 1.0
    if gap.max() == 0:
        # The mean reaches the limit only where every drawn row does.
        return float(np.mean(gap == 0) ** len(gap))
    scale = gap.std()
    centred, rows = gap / scale, len(gap)
    shift = float(centred.mean())
    if abs(shift) * np.sqrt(rows) < _CENTRAL:
        return float(special.ndtr(shift * np.sqrt(rows)))
    tilt = _tilt(centred)
    weights = special.softmax(tilt * centred)
    cumulant = special.logsumexp(tilt * centred) - np.log(rows)
    variance = float(weights @ centred**2 - (weights @ centred) ** 2)
    root = np.sign(tilt) * np.sqrt(max(0.0, -2 * rows * cumulant))
    other = tilt * np.sqrt(rows * variance)
    return float(stats.norm.sf(root + np.log(other / root) / root))


def _tilt(values: Vector) -> float:
    """Where the exponentially tilted mean of values of both signs is 0."""

    def mean(tilt: float) -> float:
        return float(special.softmax(tilt * values) @ values)

    reach = 1.0
    while mean(-reach) > 0 or mean(reach) < 0:
        reach *= 2
    return float(optimize.brentq(mean, -reach, reach, xtol=1e-12))


def holm(p_values: Vector, alpha: float) -> Vector:
    """Which of several tests are significant, together with a chance of at most `alpha` of any false one (Holm 1979).

    Args:
        p_values: shape (k,).

    Returns:
        Shape (k,), 0 or 1.
    """
    order = np.argsort(p_values, kind="stable")
    passed = np.cumprod(p_values[order] <= alpha / (len(p_values) - np.arange(len(p_values))))
    significant = np.zeros(len(p_values))
    significant[order] = passed
    return significant
