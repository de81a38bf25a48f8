"""A monotone calibrator: from a model's log-odds to what they turned out to mean on rows it had not seen.

Straight pieces between quantiles, none falling: leads keep their order, directions that the settings demand are kept,
and a score's reasons can be rescaled along it. It lies between Platt's straight line (1999) and isotonic regression
(Zadrozny & Elkan 2002), whose steps tie leads that a model tells apart.
"""

from dataclasses import dataclass

import numpy as np

from gallop.additive.columns import Floats, Matrix


@dataclass(frozen=True)
class Calibrator:
    """base + Σ slope · how much of the way from 0 to the log-odds lies in the slope's piece."""

    base: float
    knots: Floats
    """Shape (pieces - 1,): where pieces meet."""
    slopes: Floats
    """Shape (pieces,), all positive."""

    def apply(self, log_odds: Floats) -> Floats:
        """Shape (rows,) → (rows,)."""
        return self.base + pieces(log_odds, self.knots) @ self.slopes

    def slope(self, log_odds: float) -> float:
        """How steep the calibrator is at some log-odds."""
        return float(self.slopes[np.searchsorted(self.knots, log_odds)])


def pieces(log_odds: Floats, knots: Floats) -> Matrix:
    """How much of the way from 0 lies in each piece, with its sign: shape (rows, pieces)."""
    low, high = np.r_[-np.inf, knots], np.r_[knots, np.inf]
    return np.clip(log_odds[:, None], low, high) - np.clip(0.0, low, high)
