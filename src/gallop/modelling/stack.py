"""Which members a stack has, their weights, and the calibrator of the sum.

Its members are fitted on all training rows; their weights are those of a logistic regression on the members'
out-of-fold log-odds (Wolpert 1992, Breiman 1996: not negative), pulled towards the plain mean. That last step also
calibrates: overconfident members get weights that sum to less than one.
"""

from dataclasses import dataclass

import numpy as np

from gallop.additive.calibrator import Calibrator, pieces
from gallop.additive.columns import Matrix
from gallop.evaluation.metrics import Vector, mean_log_loss
from gallop.modelling.penalised_logistic import fit_penalised_logistic

LEAST_GAIN = 2e-4
"""Of another step or member, in nats: a tenth of what test sets of thousands of leads can tell apart."""
_NEGLIGIBLE_WEIGHT = 0.05
_PIECES, _MIN_SLOPE = 8, 0.1
"""Of the calibrator."""


@dataclass(frozen=True)
class StackWeights:
    """The last step: base + Σ weight · member's log-odds."""

    base: float
    of: Vector
    """Shape (members,), not negative."""

    def apply(self, member_log_odds: Matrix) -> Vector:
        """Shape (rows, members) → log-odds, shape (rows,)."""
        return self.base + member_log_odds @ self.of


def fit_weights(member_log_odds: Matrix, y: Vector) -> StackWeights:
    """Fit the last step.

    Args:
        member_log_odds: shape (rows, members), of rows that the members had not seen.
        y: shape (rows,), 0 or 1.
    """
    members = member_log_odds.shape[1]
    return StackWeights(*fit_penalised_logistic(member_log_odds, y, target=np.full(members, 1 / members), lowest=0.0))


def choose_members(member_log_odds: Matrix, y: Vector, most: int) -> list[int]:
    """Which members to keep: greedily those that lower the stack's log-loss most (Caruana et al. 2004), at most `most`.

    Each one costs time at every score, so none comes in for next to no gain, or stays with next to no weight.
    """
    chosen: list[int] = []
    lowest = np.inf
    while len(chosen) < min(most, member_log_odds.shape[1]):
        others = [member for member in range(member_log_odds.shape[1]) if member not in chosen]
        tried = [member_log_odds[:, [*chosen, member]] for member in others]
        losses = [mean_log_loss(y, fit_weights(stack, y).apply(stack)) for stack in tried]
        if min(losses) > lowest - LEAST_GAIN:
            break
        lowest = min(losses)
        chosen.append(others[int(np.argmin(losses))])
    weights = fit_weights(member_log_odds[:, chosen], y).of
    kept = [member for member, weight in zip(chosen, weights, strict=True) if weight > _NEGLIGIBLE_WEIGHT]
    return kept or chosen[:1]


def fit_calibrator(log_odds: Vector, y: Vector) -> Calibrator:
    """Straight pieces between quantiles, each pulled towards a slope of 1, none falling.

    Args:
        log_odds: shape (rows,), of rows that the model had not seen.
        y: shape (rows,), 0 or 1.
    """
    knots = np.unique(np.quantile(log_odds, np.linspace(0, 1, _PIECES + 1)[1:-1]))
    parts = pieces(log_odds, knots)
    base, slopes = fit_penalised_logistic(parts, y, target=np.ones(parts.shape[1]), lowest=_MIN_SLOPE)
    return Calibrator(base, knots, slopes)
