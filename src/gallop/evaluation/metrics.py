"""How good a set of probabilities is: figures with intervals, and the curves behind the report. Pure.

Every figure is computed from row weights. The point figure weights each row once; a bootstrap resample weights it by
how often it was drawn (Efron & Tibshirani 1993, percentile intervals). So one formula gives figure and interval, for
all resamples at once, and ties are handled exactly as scikit-learn does.
"""

from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gallop.evaluation.bootstrap import Vector, resampled
from gallop.evaluation.ranking import average_precision, group_by_score, group_resamples, roc_auc
from gallop.results.estimates import CalibrationBin, Estimate, LiftStep, MetricsReport

METRICS: Final = ("log_loss", "roc_auc", "pr_auc", "brier", "accuracy", "f1")
LOWER_IS_BETTER: Final = frozenset({"log_loss", "brier"})
_SMALLEST_PROBABILITY = 1e-15


def evaluate(
    label: Vector, probability: Vector, *, threshold: float, resamples: int, confidence: float, seed: int
) -> MetricsReport:
    """Measure probabilities against outcomes.

    Args:
        label: shape (n,), 0 or 1, both present.
        probability: shape (n,), in [0, 1].
        threshold: smallest probability that counts as a yes.
        resamples: bootstrap resamples for the intervals.
        confidence: coverage of the intervals, in (0, 1).
        seed: of the resampling.
    """
    estimates = estimate(label, probability, threshold=threshold, resamples=resamples, confidence=confidence, seed=seed)
    yes, converted = probability >= threshold, label == 1
    confusion = tuple(
        int(np.sum(a & b)) for a, b in ((~yes, ~converted), (yes, ~converted), (~yes, converted), (yes, converted))
    )
    # Converted and other leads at or above each distinct probability, from high to low.
    hits, misses = (group.cumsum() for group in group_by_score(probability, label, 1 - label))
    recall, precision, false_alarms = hits / hits[-1], hits / (hits + misses), misses / misses[-1]
    return MetricsReport(
        rows=len(label),
        positives=int(converted.sum()),
        threshold=threshold,
        confidence=confidence,
        metrics=estimates,
        confusion=confusion,
        roc=((0.0, 0.0), *zip(false_alarms.tolist(), recall.tolist(), strict=True)),
        pr=tuple(zip(recall.tolist(), precision.tolist(), strict=True)),
        calibration=_calibration(label, probability, confidence),
        lift=_lift(label, probability),
    )


def estimate(
    label: Vector, probability: Vector, *, threshold: float, resamples: int, confidence: float, seed: int
) -> dict[str, Estimate]:
    """Every metric of `METRICS` with a percentile bootstrap interval over rows. Arguments as in `evaluate`."""
    point = metrics(label, probability, np.ones((1, len(label))), threshold)
    blocks = [metrics(label, probability, weights, threshold) for weights in resampled(len(label), resamples, seed)]
    drawn = {name: np.concatenate([block[name] for block in blocks]) for name in METRICS}
    return {name: spread(point[name][0], drawn[name], confidence) for name in METRICS}


def mean_of(values: Vector, *, resamples: int, confidence: float, seed: int) -> Estimate:
    """The mean of one figure per row, with a percentile bootstrap interval over rows. Arguments as in `evaluate`."""
    drawn = np.concatenate([weights @ values for weights in resampled(len(values), resamples, seed)]) / len(values)
    return spread(values.mean(), drawn, confidence)


def paired_difference(
    label: Vector, probability: Vector, other: Vector, *, resamples: int, confidence: float, seed: int
) -> tuple[Estimate, float]:
    """Log-loss of `probability` minus that of `other` on the same rows; negative means better.

    Returns:
        The mean difference with its paired bootstrap interval, and the share of resamples in which it is below zero.
    """
    difference = log_losses(label, probability) - log_losses(label, other)
    drawn = np.concatenate([weights @ difference for weights in resampled(len(label), resamples, seed)]) / len(label)
    return spread(difference.mean(), drawn, confidence), float(np.mean(drawn < 0))


def metrics(label: Vector, probability: Vector, weights: NDArray[np.float64], threshold: float) -> dict[str, Vector]:
    """The metrics under each row of weights.

    Args:
        weights: shape (b, n), not negative.

    Returns:
        Name → shape (b,). NaN where a figure is undefined because one class has no weight.
    """
    yes, converted = probability >= threshold, label == 1
    of_rows = np.column_stack(
        [
            np.ones(len(label)),
            yes == converted,
            yes & converted,
            yes.astype(np.float64) + converted,
            log_losses(label, probability),
            (probability - label) ** 2,
        ]
    )
    total, right, true_yes, called_and_converted, loss, squared = (weights @ of_rows).T
    groups = group_resamples(label, probability, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = 2 * true_yes / called_and_converted
    return {
        "log_loss": loss / total,
        "roc_auc": roc_auc(*groups),
        "pr_auc": average_precision(*groups),
        "brier": squared / total,
        "accuracy": right / total,
        "f1": np.nan_to_num(f1),
    }


def log_losses(label: Vector, probability: Vector) -> Vector:
    """The log-loss of each row, in nats, shape (n,); probabilities of exactly 0 or 1 are pulled in by 1e-15."""
    inside = np.clip(probability, _SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY)
    return -(label * np.log(inside) + (1 - label) * np.log1p(-inside))


def log_losses_of_log_odds(label: Vector, log_odds: Vector) -> Vector:
    """As `log_losses`, of log-odds: exact where a probability would round to 0 or 1."""
    return np.logaddexp(0.0, log_odds) - label * log_odds


def mean_log_loss(label: Vector, log_odds: Vector) -> float:
    """Mean of `log_losses_of_log_odds`."""
    return float(np.mean(log_losses_of_log_odds(label, log_odds)))


def spread(value: float, drawn: Vector, confidence: float) -> Estimate:
    """A figure with the central `confidence` of what it was in the resamples, those where it is undefined left out."""
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return Estimate(value=float(value), low=float(low), high=float(high))


def critical_value(confidence: float) -> float:
    """How many standard errors the central `confidence` of a normal distribution reaches to either side."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(hits: float, rows: float, confidence: float) -> Estimate:
    """A share with its Wilson (1927) score interval; `rows` need not be whole. Of no rows it can be anything."""
    if rows <= 0:
        return Estimate(value=0.0, low=0.0, high=1.0)
    z, value = critical_value(confidence), float(hits / rows)
    middle, half = value + z * z / (2 * rows), z * np.sqrt(value * (1 - value) / rows + (z / (2 * rows)) ** 2)
    scale = 1 + z * z / rows
    # At the ends the bound is the share itself, which rounding may miss.
    low = max(0.0, (middle - half) / scale) if hits > 0 else 0.0
    high = min(1.0, (middle + half) / scale) if hits < rows else 1.0
    return Estimate(value=value, low=float(low), high=float(high))


def _calibration(label: Vector, probability: Vector, confidence: float) -> tuple[CalibrationBin, ...]:
    """Ten bins of equally many leads, each with the interval of its conversion rate."""
    bins = []
    for members in np.array_split(np.argsort(probability, kind="stable"), 10):
        if not len(members):
            continue
        rate = wilson(int(label[members].sum()), len(members), confidence)
        expected = float(probability[members].mean())
        bins.append(
            CalibrationBin(rows=len(members), probability=expected, rate=rate.value, low=rate.low, high=rate.high)
        )
    return tuple(bins)


def _lift(label: Vector, probability: Vector) -> tuple[LiftStep, ...]:
    """The best 5 %, 10 %, … 100 % of the leads."""
    hits, steps = np.cumsum(label[np.argsort(-probability, kind="stable")]), []
    for percentage in range(5, 101, 5):
        rows = max(1, round(len(label) * percentage / 100))
        rate = float(hits[rows - 1] / rows)
        steps.append(
            LiftStep(
                share=percentage / 100,
                rate=rate,
                lift=rate / float(label.mean()),
                gain=float(hits[rows - 1] / hits[-1]),
            )
        )
    return tuple(steps)
