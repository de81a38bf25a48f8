"""Where is the model weaker? The test leads of each level of each category, against its forecast and the rest. Pure.

Each slice is tested twice: does its conversion rate miss the mean probability (exact test on the sum of independent
conversions, a Poisson binomial; above 500 leads its normal approximation), and are its leads ranked worse than all
others (ROC AUC, DeLong, DeLong & Clarke-Pearson 1988, one-sided)? With many slices some look bad by chance, so the
p-values of all tests are held to Holm's (1979) bound together: the chance of even one false warning stays below
1 − confidence, however much the slices overlap.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from gallop.evaluation.metrics import Estimate, Vector, critical_value, log_losses, wilson
from gallop.evaluation.ranking import delong, group_by_score
from gallop.results.evidence import Slice
from gallop.results.percent import percent

MIN_SLICE_ROWS = 30
"""Levels with fewer test leads are looked at together."""
MAX_LEVELS = 12
"""Levels of one column, the largest first; the others are looked at together."""
_MIN_PER_CLASS = 10
"""Converted and other leads that a slice and its rest need before their ranking is compared."""
_MAX_EXACT_ROWS = 500


@dataclass(frozen=True)
class _SliceTest:
    """One test of one slice: how likely its result is by chance, and what it would mean."""

    slice: int
    p_value: float
    because: str


def slices(
    categories: Mapping[str, Sequence[str | None]], label: Vector, probability: Vector, *, confidence: float
) -> tuple[Slice, ...]:
    """Look at the leads of every level of every category.

    Levels with fewer than `MIN_SLICE_ROWS` leads, and those beyond the `MAX_LEVELS` largest of a column, are one slice
    together; it is left out where it too is smaller. So is a column in which all leads are alike.

    Args:
        categories: column → the level of each lead, None where it is missing; each of length n.
        label: shape (n,), 0 or 1.
        probability: shape (n,), in [0, 1].
        confidence: coverage of the intervals; 1 − confidence is the chance of any false warning.

    Returns:
        The slices, column by column, the largest first.
    """
    members = [
        (name, level, mask)
        for name, levels in categories.items()
        for level, mask in level_masks(levels)
        if not mask.all()
    ]
    tests = [test for index, (*_, mask) in enumerate(members) for test in _tests(index, mask, label, probability)]
    reasons: dict[int, list[str]] = {}
    for test in _significant(tests, 1 - confidence):
        reasons.setdefault(test.slice, []).append(test.because)
    return tuple(
        _slice(name, level, label[mask], probability[mask], confidence, reasons.get(index, []))
        for index, (name, level, mask) in enumerate(members)
    )


def level_masks(levels: Sequence[str | None]) -> list[tuple[str, np.ndarray]]:
    """The rows of each level that is large enough to be looked at: its name, and a mask of shape (n,)."""
    named = np.array(["missing" if level is None else str(level) for level in levels], dtype=object)
    # The largest first, then by name, so that the order of the rows changes nothing.
    sizes = sorted(Counter(named).items(), key=lambda size: (-size[1], size[0]))
    large = [level for level, rows in sizes if rows >= MIN_SLICE_ROWS][:MAX_LEVELS]
    masks = [(level, named == level) for level in large]
    rest = ~np.isin(named, large)
    if rest.sum() >= MIN_SLICE_ROWS:
        masks.append((_pooled(len(sizes) - len(large), set(large)), rest))
    return masks


def _pooled(levels: int, taken: set[str]) -> str:
    """A name for small levels together that no level has."""
    name = f"{levels} small levels" if levels > 1 else "1 small level"
    while name in taken:
        name += " together"
    return name


def _tests(index: int, mask: np.ndarray, label: Vector, probability: Vector) -> list[_SliceTest]:
    expected, rate = (float(values[mask].mean()) for values in (probability, label))
    because = f"{_percent(expected)} of its leads were expected to convert, {_percent(rate)} did"
    tests = [_SliceTest(index, rate_p_value(label[mask], probability[mask]), because)]
    converted = [int(label[side].sum()) for side in (mask, ~mask)]
    others = [int(side.sum()) - hits for side, hits in zip((mask, ~mask), converted, strict=True)]
    if min(*converted, *others) >= _MIN_PER_CLASS:
        (own, own_variance), (rest, rest_variance) = (_delong(label[side], probability[side]) for side in (mask, ~mask))
        # Where both rankings are perfect there is nothing to tell apart.
        error = np.sqrt(own_variance + rest_variance) or np.inf
        because = f"its leads are ranked worse than the others (ROC AUC {own:.3f} against {rest:.3f})"
        tests.append(_SliceTest(index, float(stats.norm.cdf((own - rest) / error)), because))
    return tests


def rate_p_value(label: Vector, probability: Vector) -> float:
    """Two-sided p-value of as many conversions where each lead converts with its probability, apart from the others."""
    converted = round(label.sum())
    if len(label) > _MAX_EXACT_ROWS:
        deviation = np.sqrt(np.sum(probability * (1 - probability)))
        difference = max(0.0, abs(converted - probability.sum()) - 0.5)
        if deviation == 0:
            return 1.0 if difference == 0 else 0.0
        return float(2 * stats.norm.sf(difference / deviation))
    at_most = stats.poisson_binom.cdf(converted, probability)
    # Counted from the other side: 1 − cdf would lose the digits of a small tail.
    at_least = stats.poisson_binom.cdf(len(label) - converted, 1 - probability)
    return float(min(1.0, 2 * min(at_most, at_least)))


def _significant(tests: list[_SliceTest], alpha: float) -> list[_SliceTest]:
    """Holm's step-down: the smallest p-values, each against alpha over the tests that are still open."""
    significant = []
    for index, test in enumerate(sorted(tests, key=lambda test: test.p_value)):
        if test.p_value > alpha / (len(tests) - index):
            break
        significant.append(test)
    return significant


def _slice(column: str, level: str, label: Vector, probability: Vector, confidence: float, because: list[str]) -> Slice:
    rows, converted = len(label), int(label.sum())
    return Slice(
        column=column,
        level=level,
        rows=rows,
        positives=converted,
        log_loss=_mean(log_losses(label, probability), confidence),
        roc_auc=_roc_auc(label, probability, confidence),
        expected=float(probability.mean()),
        rate=wilson(converted, rows, confidence),
        worse=bool(because),
        because="; ".join(because),
    )


def _mean(values: Vector, confidence: float) -> Estimate:
    """The mean of at least `MIN_SLICE_ROWS` losses with its interval by Student's t, which ends at 0 as losses do."""
    half = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    low = max(0.0, float(values.mean() - half))
    return Estimate(value=float(values.mean()), low=low, high=float(values.mean() + half))


def _delong(label: Vector, probability: Vector) -> tuple[float, float]:
    return delong(*group_by_score(probability, label, 1 - label))


def _roc_auc(label: Vector, probability: Vector, confidence: float) -> Estimate | None:
    """ROC AUC with DeLong's interval on the logit scale, which stays within 0 and 1. None without two of each."""
    if min(label.sum(), len(label) - label.sum()) < 2:
        return None
    area, variance = _delong(label, probability)
    if area in (0.0, 1.0):
        return Estimate(value=area, low=area, high=area)
    log_odds, half = np.log(area / (1 - area)), critical_value(confidence) * np.sqrt(variance)
    low, high = (special.expit(log_odds + sign * half / (area * (1 - area))) for sign in (-1, 1))
    return Estimate(value=area, low=float(low), high=float(high))


def _percent(share: float) -> str:
    return percent(share, 0 if share > 0.1 else 1)
