"""How often a bootstrap resample draws each row, and the areas under curves for many resamples at once. Pure."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
ResampleWeights = NDArray[np.float64]
"""Shape (resamples, rows)."""

_BLOCK = 250_000
"""Weights held at a time: 2 MB, which stay in the processor's cache."""
_KEPT = 4_000_000
"""Weights kept for the next figures of the same rows: 32 MB."""


def resampled(rows: int, resamples: int, seed: int) -> Iterator[ResampleWeights]:
    """How often each row is drawn, in blocks of shape (some resamples, rows) that fit in memory whatever the table."""
    # One report asks for the same draws for a dozen sets of probabilities.
    return iter(_kept(rows, resamples, seed)) if rows * resamples <= _KEPT else _drawn(rows, resamples, seed)


def _drawn(rows: int, resamples: int, seed: int) -> Iterator[ResampleWeights]:
    draw, block = np.random.default_rng(seed), max(1, _BLOCK // rows)
    for start in range(0, resamples, block):
        draws = draw.integers(0, rows, size=(min(block, resamples - start), rows))
        counted = np.stack([np.bincount(each, minlength=rows) for each in draws]).astype(np.float64)
        counted.flags.writeable = False
        yield counted


@lru_cache(maxsize=2)
def _kept(rows: int, resamples: int, seed: int) -> tuple[ResampleWeights, ...]:
    return tuple(_drawn(rows, resamples, seed))


def areas(label: Vector, probability: Vector, weights: ResampleWeights) -> tuple[Vector, Vector]:
    """Areas under the ROC and the precision-recall curve, shape (b,) each.

    Both curves gain area only at a probability that some converted row has; so of the other rows it is enough to know
    how much weight is above each of those, and at it.
    """
    converted = label == 1
    known, group = np.unique(-probability[converted], return_inverse=True)
    if not len(known):
        return np.full(len(weights), np.nan), np.full(len(weights), np.nan)
    found_now = _summed(weights, np.flatnonzero(converted), group, len(known))
    # Others: 0 above the first known probability, 1 at it, 2 between it and the second, and so on.
    others = np.flatnonzero(~converted)
    left, right = (np.searchsorted(known, -probability[others], side=side) for side in ("left", "right"))
    between = _summed(weights, others, left + right, 2 * len(known) + 1)
    passed = np.cumsum(between, axis=1)
    all_missed, misses, missed_now = passed[:, -1], passed[:, 1::2], between[:, 1::2]
    hits = np.cumsum(found_now, axis=1)
    # By trapezoids over groups of equal score: ties count one half.
    area = (found_now * (all_missed[:, None] - misses + missed_now / 2)).sum(axis=1) / (hits[:, -1] * all_missed)
    # Average precision: precision at each cut-off times the recall gained there (no interpolation).
    precision = np.where(hits > 0, hits / (hits + misses), 0.0)
    return area, (precision * found_now).sum(axis=1) / hits[:, -1]


def _summed(weights: ResampleWeights, rows: NDArray, group: NDArray, groups: int) -> ResampleWeights:
    """The weight of the rows of each group: shape (b, groups)."""
    order = np.argsort(group, kind="stable")
    there, starts = np.unique(group[order], return_index=True)
    summed = np.zeros((len(weights), groups))
    if len(there):
        ordered = weights[:, rows[order]]
        summed[:, there] = ordered if len(there) == len(rows) else np.add.reduceat(ordered, starts, axis=1)
    return summed
