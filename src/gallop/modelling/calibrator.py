"""A monotone calibrator: from a model's log-odds to what they turned out to mean on rows it had not seen.

Straight pieces between quantiles, each pulled towards a slope of 1, none falling: leads keep their order, directions
that the settings demand are kept, and a score's reasons can be rescaled along it. It lies between Platt's straight line
(1999), which a stack's last step is already, and isotonic regression (Zadrozny & Elkan 2002), whose steps tie leads
that a model tells apart.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from gallop.evaluation.metrics import Vector
from gallop.modelling.encoder import Matrix
from gallop.modelling.penalised_logistic import fit_penalised_logistic

_PIECES: Final = 8
_MIN_SLOPE: Final = 0.1


@dataclass(frozen=True)
class Calibrator:
    """base + Σ slope · how much of the way from 0 to the log-odds lies in the slope's piece."""

    base: float
    knots: Vector
    """Shape (pieces - 1,): where pieces meet."""
    slopes: Vector
    """Shape (pieces,), all positive."""

    def apply(self, log_odds: Vector) -> Vector:
        """Shape (rows,) → (rows,)."""
        return self.base + _pieces(log_odds, self.knots) @ self.slopes

    def slope(self, log_odds: float) -> float:
        """How steep the calibrator is at some log-odds."""
        return float(self.slopes[np.searchsorted(self.knots, log_odds)])


def fit_calibrator(log_odds: Vector, y: Vector) -> Calibrator:
    """Fit the calibrator to log-odds of rows that the model had not seen, and their labels: shape (rows,), 0 or 1."""
    knots = np.unique(np.quantile(log_odds, np.linspace(0, 1, _PIECES + 1)[1:-1]))
    parts = _pieces(log_odds, knots)
    base, slopes = fit_penalised_logistic(parts, y, target=np.ones(parts.shape[1]), lowest=_MIN_SLOPE)
    return Calibrator(base, knots, slopes)


def _pieces(log_odds: Vector, knots: Vector) -> Matrix:
    """How much of the way from 0 lies in each piece, with its sign: shape (rows, pieces)."""
    low, high = np.r_[-np.inf, knots], np.r_[knots, np.inf]
    return np.clip(log_odds[:, None], low, high) - np.clip(0.0, low, high)
