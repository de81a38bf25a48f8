"""How well scores rank converted leads above the others: areas under two curves, and DeLong's variance. Pure.

All of it follows from the weights of converted and of other leads at each distinct score. So single rows, bootstrap
resamples and shuffled labels share one formula, and ties count one half, as in scikit-learn.
"""

import numpy as np
from numpy.typing import NDArray

from gallop.evaluation.bootstrap import ResampleWeights, Vector

GroupWeights = NDArray[np.float64]
"""Shape (..., groups): the weight of the leads of each group of equal scores, the highest score first."""


def group_by_score(score: Vector, *weights: NDArray) -> tuple[GroupWeights, ...]:
    """Add up weights of shape (..., n) over leads of equal score; one array for each."""
    order = np.argsort(score, kind="stable")[::-1]
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    return tuple(np.add.reduceat(weight[..., order], starts, axis=-1) for weight in weights)


def group_resamples(label: Vector, score: Vector, weights: ResampleWeights) -> tuple[GroupWeights, GroupWeights]:
    """The weights of converted and of other leads in each resample: shape (resamples, groups) each.

    Both curves gain area only at a score that some converted lead has. So the other leads between two such scores are
    one group, which makes this up to ten times as fast as a group for each score.

    Args:
        label, score: shape (n,).
    """
    converted, others = np.flatnonzero(label == 1), np.flatnonzero(label != 1)
    scores, index = np.unique(-score[converted], return_inverse=True)
    # Group 0 is above the first of these scores, 1 at it, 2 between it and the second, and so on.
    left, right = (np.searchsorted(scores, -score[others], side=side) for side in ("left", "right"))
    groups = 2 * len(scores) + 1
    return _grouped(weights, converted, 2 * index + 1, groups), _grouped(weights, others, left + right, groups)


def roc_auc(converted: GroupWeights, others: GroupWeights) -> Vector:
    """Area under the ROC curve: how often a converted lead has the higher score of two (Mann & Whitney 1947).

    Returns:
        Shape (...,); NaN where one of the outcomes has no weight.
    """
    below, total = _below(others)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (converted * below).sum(axis=-1) / (converted.sum(axis=-1) * total)


def average_precision(converted: GroupWeights, others: GroupWeights) -> Vector:
    """Area under the precision-recall curve: precision at each score times the recall gained there, not interpolated.

    Returns:
        Shape (...,); NaN where converted leads have no weight.
    """
    hits, misses = converted.cumsum(axis=-1), others.cumsum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(hits > 0, hits / (hits + misses), 0.0)
        return (precision * converted).sum(axis=-1) / hits[..., -1]


def delong(converted: GroupWeights, others: GroupWeights, *, ddof: int = 1) -> tuple[float, float]:
    """ROC AUC and its variance by DeLong, DeLong & Clarke-Pearson (1988).

    Args:
        converted, others: shape (groups,), numbers of leads.
        ddof: 1 for the unbiased variance, which needs two leads of each outcome; 0 where there may be one.
    """
    area = float(roc_auc(converted, others))
    below, negatives = _below(others)
    above, positives = _below(converted[::-1])
    # Of each converted lead, the share of others below it, and of each other lead, the share of converted above it.
    of_converted = (converted * (below / negatives - area) ** 2).sum() / (positives * (positives - ddof))
    of_others = (others * (above[::-1] / positives - area) ** 2).sum() / (negatives * (negatives - ddof))
    return area, float(of_converted + of_others)


def _below(weights: GroupWeights) -> tuple[GroupWeights, NDArray]:
    """The weight that lies in later groups than each, half of its own included; and the weight of all."""
    reached = weights.cumsum(axis=-1)
    total = reached[..., -1]
    return total[..., None] - reached + weights / 2, total


def _grouped(weights: ResampleWeights, rows: NDArray, group: NDArray, groups: int) -> GroupWeights:
    """The weight of the rows of each group; 0 for a group without rows."""
    order = np.argsort(group, kind="stable")
    filled, starts = np.unique(group[order], return_index=True)
    summed = np.zeros((len(weights), groups))
    if len(filled):
        ordered = weights[:, rows[order]]
        summed[:, filled] = ordered if len(filled) == len(rows) else np.add.reduceat(ordered, starts, axis=1)
    return summed
