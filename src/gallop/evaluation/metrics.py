"""How good a set of probabilities is: figures with intervals, and the curves behind the report. Pure.

Every figure is computed from row weights. The point figure weights each row once; a bootstrap resample weights it by
how often it was drawn (Efron & Tibshirani 1993, percentile intervals). So one formula gives figure and interval, for
all resamples at once, and ties are handled exactly as scikit-learn does.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gallop.evaluation.bootstrap import areas, resampled
from gallop.results.estimates import CalibrationBin, Estimate, LiftStep, MetricsReport

Vector = NDArray[np.float64]

METRICS: Final = ("log_loss", "roc_auc", "pr_auc", "brier", "accuracy", "f1")
LOWER_IS_BETTER: Final = frozenset({"log_loss", "brier"})
_SMALLEST = 1e-15


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
    hits, misses = _cumulated(label, probability, np.ones((1, len(label))))
    roc = [
        (0.0, 0.0),
        *zip((misses[0] / misses[0, -1]).tolist(), (hits[0] / hits[0, -1]).tolist(), strict=True),
    ]
    pr = zip((hits[0] / hits[0, -1]).tolist(), (hits[0] / (hits[0] + misses[0])).tolist(), strict=True)
    return MetricsReport(
        rows=len(label),
        positives=int(converted.sum()),
        threshold=threshold,
        confidence=confidence,
        metrics=estimates,
        confusion=confusion,
        roc=tuple(roc),
        pr=tuple(pr),
        calibration=_calibration(label, probability, confidence),
        lift=_lift(label, probability),
    )


def estimate(
    label: Vector, probability: Vector, *, threshold: float, resamples: int, confidence: float, seed: int
) -> dict[str, Estimate]:
    """Every metric of `METRICS` with a percentile bootstrap interval over rows. Arguments as in `evaluate`."""
    point = metrics(label, probability, np.ones((1, len(label))), threshold)
    blocks = [metrics(label, probability, w, threshold) for w in resampled(len(label), resamples, seed)]
    drawn = {name: np.concatenate([block[name] for block in blocks]) for name in METRICS}
    return {name: spread(point[name][0], drawn[name], confidence) for name in METRICS}


def mean_of(values: Vector, *, resamples: int, confidence: float, seed: int) -> Estimate:
    """The mean of one figure per row, with a percentile bootstrap interval over rows. Arguments as in `evaluate`."""
    drawn = np.concatenate([w @ values for w in resampled(len(values), resamples, seed)]) / len(values)
    return spread(values.mean(), drawn, confidence)


def paired_difference(
    label: Vector, probability: Vector, other: Vector, *, resamples: int, confidence: float, seed: int
) -> tuple[Estimate, float]:
    """Log-loss of `probability` minus that of `other` on the same rows; negative means better.

    Returns:
        The mean difference with its paired bootstrap interval, and the share of resamples in which it is below zero.
    """
    difference = log_losses(label, probability) - log_losses(label, other)
    drawn = np.concatenate([w @ difference for w in resampled(len(label), resamples, seed)]) / len(label)
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
    with np.errstate(invalid="ignore", divide="ignore"):
        area, average_precision = areas(label, probability, weights)
        f1 = 2 * true_yes / called_and_converted
    return {
        "log_loss": loss / total,
        "roc_auc": area,
        "pr_auc": average_precision,
        "brier": squared / total,
        "accuracy": right / total,
        "f1": np.nan_to_num(f1),
    }


def log_losses(label: Vector, probability: Vector) -> Vector:
    """The log-loss of each row, in nats, shape (n,); probabilities of exactly 0 or 1 are pulled in by 1e-15."""
    sure = np.clip(probability, _SMALLEST, 1 - _SMALLEST)
    return -(label * np.log(sure) + (1 - label) * np.log1p(-sure))


def spread(value: float, drawn: Vector, confidence: float) -> Estimate:
    """A figure with the central `confidence` of what it was in the resamples, those where it is undefined left out."""
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return Estimate(value=float(value), low=float(low), high=float(high))


def wilson(converted: int, rows: int, confidence: float) -> Estimate:
    """The conversion rate of `rows` > 0 leads with its Wilson (1927) interval."""
    from scipy.stats import binomtest

    interval = binomtest(converted, rows).proportion_ci(confidence, method="wilson")
    return Estimate(value=converted / rows, low=float(interval.low), high=float(interval.high))


def _cumulated(label: Vector, probability: Vector, weights: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
    """Weight of converted and of other rows at or above each distinct probability, from high to low: (b, groups)."""
    order = np.argsort(-probability, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(probability[order]) != 0])
    ordered, ordered_label = weights[:, order], label[order]
    hits = np.cumsum(np.add.reduceat(ordered * ordered_label, starts, axis=1), axis=1)
    misses = np.cumsum(np.add.reduceat(ordered * (1 - ordered_label), starts, axis=1), axis=1)
    return hits, misses


def _calibration(label: Vector, probability: Vector, confidence: float) -> tuple[CalibrationBin, ...]:
    """Ten bins of equally many leads, each with the Wilson (1927) interval of its conversion rate."""
    bins = []
    for members in np.array_split(np.argsort(probability, kind="stable"), 10):
        if not len(members):
            continue
        rate = wilson(int(label[members].sum()), len(members), confidence)
        promised = float(probability[members].mean())
        bins.append(
            CalibrationBin(rows=len(members), probability=promised, rate=rate.value, low=rate.low, high=rate.high)
        )
    return tuple(bins)


def _lift(label: Vector, probability: Vector) -> tuple[LiftStep, ...]:
    """The best 5 %, 10 %, … 100 % of the leads."""
    ordered = label[np.argsort(-probability, kind="stable")]
    found, steps = np.cumsum(ordered), []
    for percent in range(5, 101, 5):
        rows = max(1, round(len(label) * percent / 100))
        rate = float(found[rows - 1] / rows)
        steps.append(
            LiftStep(
                share=percent / 100,
                rate=rate,
                lift=rate / float(label.mean()),
                gain=float(found[rows - 1] / found[-1]),
            )
        )
    return tuple(steps)
