"""Are probabilities calibrated? Calibration error and the parts of the Brier score. Pure.

All figures are over ten bins of about equally many leads; leads of one probability are never torn apart.
"""

import numpy as np
from numpy.typing import NDArray

from gallop.evaluation.bootstrap import resampled
from gallop.evaluation.metrics import Vector, spread
from gallop.results.evidence import BrierParts, Calibration

_BINS = 10


def calibration(label: Vector, probability: Vector, *, resamples: int, confidence: float, seed: int) -> Calibration:
    """Measure how far probabilities and conversions are apart.

    Args:
        label: shape (n,), 0 or 1.
        probability: shape (n,), in [0, 1].
        resamples, confidence, seed: of the bootstrap interval, as in `evaluation.metrics.evaluate`.
    """
    member = _members(probability)
    gaps = member * (probability - label)[:, None]
    blocks = [np.abs(weights @ gaps).sum(axis=1) for weights in resampled(len(label), resamples, seed)]
    chance = _by_chance(probability, member, resamples, seed)
    return Calibration(
        ece=spread(np.abs(gaps.sum(axis=0)).sum() / len(label), np.concatenate(blocks) / len(label), confidence),
        by_chance=spread(chance.mean(), chance, confidence),
        debiased=_debiased(label, probability, member),
        brier=brier_parts(label, probability),
    )


def calibration_errors(label: Vector, probability: Vector, weights: NDArray[np.float64]) -> Vector:
    """The calibration error under each row of weights, shape (b, n); the bins stay those of the rows as they are."""
    gaps = _members(probability) * (probability - label)[:, None]
    return np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1)


def errors_by_chance(probability: Vector, *, resamples: int, seed: int) -> Vector:
    """The calibration errors, shape (resamples,), that chance gives where each probability, shape (n,), is right."""
    return _by_chance(probability, _members(probability), resamples, seed)


def brier_parts(label: Vector, probability: Vector) -> BrierParts:
    """Split the Brier score into parts that add up to it exactly (but for rounding). Shapes (n,)."""
    member = _members(probability)
    rows = member.sum(axis=0)
    expected, rate, overall = (probability @ member) / rows, (label @ member) / rows, label.mean()
    deviation = probability - member @ expected
    return BrierParts(
        reliability=float(rows @ (expected - rate) ** 2 / len(label)),
        resolution=float(rows @ (rate - overall) ** 2 / len(label)),
        uncertainty=float(overall * (1 - overall)),
        within=float(np.mean(deviation**2) - 2 * np.mean(deviation * (label - member @ rate))),
    )


def _members(probability: Vector) -> NDArray[np.float64]:
    """Which bin each lead is in: (n, bins) of 0 and 1. No bin is empty; ties make fewer than ten."""
    ordered = np.sort(probability)
    starts = [part[0] for part in np.array_split(ordered, _BINS) if len(part)]
    index = np.searchsorted(np.unique(starts), probability, side="right") - 1
    return np.eye(index.max() + 1)[index]


def _by_chance(probability: Vector, member: NDArray[np.float64], resamples: int, seed: int) -> Vector:
    """The calibration error where each probability is right, over and over. The conversions of a bin are drawn as a
    binomial of its mean probability, which varies a little more than its leads do: the figure is on the high side."""
    rows = member.sum(axis=0)
    expected = np.clip((probability @ member) / rows, 0.0, 1.0)
    converted = np.random.default_rng(seed).binomial(rows.astype(int), expected, size=(resamples, len(rows)))
    return np.abs(converted - rows * expected).sum(axis=1) / len(probability)


def _debiased(label: Vector, probability: Vector, member: NDArray[np.float64]) -> float:
    """Root of the mean squared gap between expected and actual rate, less the rates' own variance (Kumar, Liang & Ma
    2019)."""
    rows = member.sum(axis=0)
    expected, rate = (probability @ member) / rows, (label @ member) / rows
    noise = np.divide(rate * (1 - rate), rows - 1, out=np.zeros_like(rate), where=rows > 1)
    return float(np.sqrt(max(0.0, rows @ ((expected - rate) ** 2 - noise) / len(label))))
