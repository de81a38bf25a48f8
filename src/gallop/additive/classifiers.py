"""Classifiers whose log-odds are a sum over encoded columns, and how to take that sum apart.

Linear models are such a sum by definition. Of boosted trees it is the Shapley values over the paths of the trees
(Lundberg et al. 2020, path-dependent TreeSHAP), which LightGBM works out exactly and in double precision. A forest's
deep trees would take seconds a lead that way; each step down a tree changes the share of converted leads, and that
change is the column's that was asked (Saabas 2014). These changes add up to the probability; to add up to the log-odds,
all of a lead's are rescaled by the same factor (the rescale rule of Shrikumar et al. 2017).
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from gallop.additive.columns import Floats, Matrix

if TYPE_CHECKING:
    from lightgbm import Booster

_ROWS_PER_THREAD: Final = 128
"""Fewer leads take less time than another thread."""
_ROWS_AT_ONCE: Final = 4096
"""Of a forest, whose trees are asked all together: a node per row and tree."""
_MIN_PROBABILITY: Final = 0.01
"""A hundred trees can give neither 0 nor 1 with certainty: their probabilities stay this far from both."""
_NO_CHANGE: Final = 1e-9


class AdditiveClassifier(Protocol):
    """A fitted classifier of encoded columns."""

    def log_odds(self, encoded: Matrix) -> Floats:
        """Shape (rows, columns) → (rows,)."""
        ...

    def contributions(self, encoded: Matrix, center: Floats) -> tuple[Matrix, float]:
        """What each encoded column adds, and the base that all leads share; their sum is `log_odds`.

        Args:
            encoded: shape (rows, columns), at least one row.
            center: shape (columns,); a linear model's column adds nothing to a lead that has the mean there.

        Returns:
            Shape (rows, columns), and the base.
        """
        ...


@dataclass(frozen=True)
class LinearClassifier:
    """intercept + Σ coefficient · column."""

    coefficients: Floats
    """Shape (columns,)."""
    intercept: float

    def log_odds(self, encoded: Matrix) -> Floats:
        """See `AdditiveClassifier`."""
        return encoded @ self.coefficients + self.intercept

    def contributions(self, encoded: Matrix, center: Floats) -> tuple[Matrix, float]:
        """See `AdditiveClassifier`."""
        return (encoded - center) * self.coefficients, float(self.intercept + center @ self.coefficients)


@dataclass(frozen=True)
class BoostedTrees:
    """Trees whose leaves add up to the log-odds, in LightGBM's own text format."""

    text: str

    @cached_property
    def booster(self) -> "Booster":
        """As LightGBM reads it. Raises ValueError where it cannot."""
        from lightgbm import Booster
        from lightgbm.basic import LightGBMError

        try:
            return Booster(model_str=self.text)
        except LightGBMError as error:
            raise ValueError(f"LightGBM: {error}") from None

    def log_odds(self, encoded: Matrix) -> Floats:
        """See `AdditiveClassifier`."""
        ask = partial(self.booster.predict, raw_score=True, num_threads=1)
        return np.concatenate(_side_by_side(ask, encoded)).astype(np.float64, copy=False)

    def contributions(self, encoded: Matrix, center: Floats) -> tuple[Matrix, float]:  # noqa: ARG002 trees need none
        """See `AdditiveClassifier`."""
        ask = partial(self.booster.predict, pred_contrib=True, num_threads=1)
        parts = np.concatenate(_side_by_side(ask, encoded))
        return parts[:, :-1], float(parts[0, -1])


@dataclass(frozen=True)
class Forest:
    """Trees whose mean share of converted leads is the probability. All their nodes stand in one list.

    A row goes left where its column is at most the threshold, both in single precision as scikit-learn has them.
    """

    roots: NDArray[np.int32]
    """Shape (trees,): indices of nodes."""
    left: NDArray[np.int32]
    """Shape (nodes,); a leaf is its own child."""
    right: NDArray[np.int32]
    column: NDArray[np.int32]
    """0 at leaves."""
    threshold: Floats
    missing_left: NDArray[np.bool_]
    share: Floats
    """Of the node's training rows, how many converted."""

    def log_odds(self, encoded: Matrix) -> Floats:
        """See `AdditiveClassifier`."""

        def probability(part: Matrix) -> Floats:
            node = self._start(part)
            while (below := self._step(node, part)) is not None:
                node = below
            return self.share[node].mean(axis=1)

        return log_odds_of_share(np.concatenate(_side_by_side(probability, encoded, _ROWS_AT_ONCE)))

    def contributions(self, encoded: Matrix, center: Floats) -> tuple[Matrix, float]:  # noqa: ARG002 trees need none
        """See `AdditiveClassifier`."""
        total = np.concatenate(_side_by_side(self._changes, encoded, _ROWS_AT_ONCE)) / len(self.roots)
        base = float(self.share[self.roots].mean())
        slope = 1 / (base * (1 - base)) if _MIN_PROBABILITY < base < 1 - _MIN_PROBABILITY else 0.0
        return rescaled(total, base, log_odds_of_share, slope)

    def _changes(self, encoded: Matrix) -> Matrix:
        """What each column changed on the ways down all trees: shape (rows, columns)."""
        total, rows = np.zeros(encoded.size), np.arange(len(encoded))[:, None] * encoded.shape[1]
        node = self._start(encoded)
        while (below := self._step(node, encoded)) is not None:
            cells = (rows + self.column[node]).ravel()
            total += np.bincount(cells, (self.share[below] - self.share[node]).ravel(), len(total))
            node = below
        return total.reshape(encoded.shape)

    def _start(self, encoded: Matrix) -> NDArray[np.int32]:
        return np.broadcast_to(self.roots, (len(encoded), len(self.roots)))

    def _step(self, node: NDArray[np.int32], encoded: Matrix) -> NDArray[np.int32] | None:
        """One level down all trees; None where every row has reached its leaves."""
        with np.errstate(over="ignore"):
            values = np.take_along_axis(encoded.astype(np.float32), self.column[node], axis=1)
        goes_left = np.where(np.isnan(values), self.missing_left[node], values <= self.threshold[node])
        below = np.where(goes_left, self.left[node], self.right[node])
        return None if np.array_equal(below, node) else below


def _side_by_side(ask: Callable[[Matrix], Any], encoded: Matrix, most: int | None = None) -> list[Any]:
    """The answers for parts of many leads, a part per core; trees ask each lead by itself, so any parts will do.

    Not OpenMP's threads, which LightGBM would use: on a busy machine they wait for each other a hundred times longer.

    Args:
        most: rows of a part, where its answer takes much memory.
    """
    cores = min(os.cpu_count() or 1, len(encoded) // _ROWS_PER_THREAD)
    parts = max(cores, -(-len(encoded) // most) if most else 1, 1)
    if cores < 2:
        return [ask(part) for part in np.array_split(encoded, parts)]
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(ask, np.array_split(encoded, parts)))


def log_odds_of_share(probability: Floats) -> Floats:
    """Of what a forest's leaves say, shape (rows,)."""
    return logit(np.clip(probability, _MIN_PROBABILITY, 1 - _MIN_PROBABILITY))


def rescaled(parts: Matrix, base: float, curve: Callable[[Floats], Floats], slope: float) -> tuple[Matrix, float]:
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
