"""How often a bootstrap resample draws each row, for many resamples at once. Pure."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
ResampleWeights = NDArray[np.float64]
"""Shape (resamples, rows)."""

_BLOCK_WEIGHTS = 250_000
"""Weights held at a time: 2 MB, which stay in the processor's cache."""
_CACHED_WEIGHTS = 4_000_000
"""Weights kept for the next figures of the same rows: 32 MB."""


def resampled(rows: int, resamples: int, seed: int) -> Iterator[ResampleWeights]:
    """How often each row is drawn, in blocks of shape (some resamples, rows) that fit in memory whatever the table."""
    # One report asks for the same draws for a dozen sets of probabilities.
    return (
        iter(_cached(rows, resamples, seed)) if rows * resamples <= _CACHED_WEIGHTS else _drawn(rows, resamples, seed)
    )


def _drawn(rows: int, resamples: int, seed: int) -> Iterator[ResampleWeights]:
    random, block = np.random.default_rng(seed), max(1, _BLOCK_WEIGHTS // rows)
    for start in range(0, resamples, block):
        draws = random.integers(0, rows, size=(min(block, resamples - start), rows))
        weights = np.stack([np.bincount(drawn_rows, minlength=rows) for drawn_rows in draws]).astype(np.float64)
        weights.flags.writeable = False
        yield weights


@lru_cache(maxsize=2)
def _cached(rows: int, resamples: int, seed: int) -> tuple[ResampleWeights, ...]:
    return tuple(_drawn(rows, resamples, seed))
