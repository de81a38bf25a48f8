"""Where is the model weaker? The test leads of each level of each category, against their promise and the rest. Pure.

Two questions are asked of each slice: does its conversion rate miss the mean probability (exact test on the sum of
independent conversions, a Poisson binomial; above 500 leads its normal approximation), and are its leads ranked worse
than all others (ROC AUC, DeLong, DeLong & Clarke-Pearson 1988, one-sided)? With many slices some look bad by chance,
so the p-values of all answers are held to Holm's (1979) bound together: the chance of even one false warning stays
below 1 − confidence, however much the slices overlap.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from gallop.evaluation.metrics import Estimate, Vector, log_losses, wilson
from gallop.results.evidence import Slice

FEWEST = 30
"""Levels with fewer test leads are looked at together."""
MOST = 12
"""Levels of one column, the largest first; the others are looked at together."""
_EACH = 10
"""Converted and other leads that a slice and its rest need before their ranking is compared."""
_EXACT = 500


@dataclass(frozen=True)
class _Doubt:
    """One answer: how likely it is by chance, and what it would mean."""

    slice: int
    p: float
    because: str


def slices(
    categories: Mapping[str, Sequence[str | None]], label: Vector, probability: Vector, *, confidence: float
) -> tuple[Slice, ...]:
    """Look at the leads of every level of every category.

    Levels with fewer than `FEWEST` leads, and those beyond the `MOST` largest of a column, are one slice together; it
    is left out where it too is smaller. So is a column in which all leads are alike.

    Args:
        categories: column → the level of each lead, None where it is missing; each of length n.
        label: shape (n,), 0 or 1.
        probability: shape (n,), in [0, 1].
        confidence: coverage of the intervals; 1 − confidence is the chance of any false warning.

    Returns:
        The slices, column by column, the largest first.
    """
    members = [
        (name, level, mask) for name, levels in categories.items() for level, mask in _levels(levels) if not mask.all()
    ]
    doubts = [doubt for place, (*_, mask) in enumerate(members) for doubt in _doubts(place, mask, label, probability)]
    worse: dict[int, list[str]] = {}
    for doubt in _beyond_chance(doubts, 1 - confidence):
        worse.setdefault(doubt.slice, []).append(doubt.because)
    return tuple(
        _slice(name, level, label[mask], probability[mask], confidence, worse.get(place, []))
        for place, (name, level, mask) in enumerate(members)
    )


def delong(label: Vector, probability: Vector) -> tuple[float, float]:
    """ROC AUC and its variance by DeLong, DeLong & Clarke-Pearson (1988), by ranks. Two leads of each outcome at least.

    Args:
        label: shape (n,), 0 or 1.
        probability: shape (n,); ties count one half.
    """
    ranks = stats.rankdata(probability)
    won, lost = ranks[label == 1], ranks[label == 0]
    # Of each converted lead, the share of others below it, and the other way round.
    above = (won - stats.rankdata(probability[label == 1])) / len(lost)
    below = 1 - (lost - stats.rankdata(probability[label == 0])) / len(won)
    return float(above.mean()), float(above.var(ddof=1) / len(won) + below.var(ddof=1) / len(lost))


def _levels(levels: Sequence[str | None]) -> list[tuple[str, np.ndarray]]:
    named = np.array(["missing" if level is None else str(level) for level in levels], dtype=object)
    # The largest first, then by name, so that the order of the rows changes nothing.
    sizes = sorted(Counter(named).items(), key=lambda each: (-each[1], each[0]))
    large = [level for level, rows in sizes if rows >= FEWEST][:MOST]
    found = [(level, named == level) for level in large]
    rest = ~np.isin(named, large)
    if rest.sum() >= FEWEST:
        found.append((_pooled(len(sizes) - len(large), set(large)), rest))
    return found


def _pooled(levels: int, taken: set[str]) -> str:
    """A name for small levels together that no level has."""
    name = f"{levels} small levels" if levels > 1 else "1 small level"
    while name in taken:
        name += " together"
    return name


def _doubts(place: int, mask: np.ndarray, label: Vector, probability: Vector) -> list[_Doubt]:
    promised, rate = probability[mask].mean(), label[mask].mean()
    said = f"{_percent(promised)} of its leads were expected to convert, {_percent(rate)} did"
    doubts = [_Doubt(place, missed(label[mask], probability[mask]), said)]
    converted = [int(label[each].sum()) for each in (mask, ~mask)]
    others = [int(each.sum()) - won for each, won in zip((mask, ~mask), converted, strict=True)]
    if min(*converted, *others) >= _EACH:
        (own, own_variance), (rest, rest_variance) = (delong(label[m], probability[m]) for m in (mask, ~mask))
        # Where both rankings are perfect there is nothing to tell apart.
        error = np.sqrt(own_variance + rest_variance) or np.inf
        said = f"its leads are ranked worse than the others (ROC AUC {own:.3f} against {rest:.3f})"
        doubts.append(_Doubt(place, float(stats.norm.cdf((own - rest) / error)), said))
    return doubts


def missed(label: Vector, probability: Vector) -> float:
    """Two-sided p-value of as many conversions where each lead converts with its probability, apart from the others."""
    converted = round(label.sum())
    if len(label) > _EXACT:
        deviation = np.sqrt(np.sum(probability * (1 - probability)))
        gap = max(0.0, abs(converted - probability.sum()) - 0.5)
        if deviation == 0:
            return 1.0 if gap == 0 else 0.0
        return float(2 * stats.norm.sf(gap / deviation))
    chances = np.zeros(len(label) + 1)
    chances[0] = 1.0
    for each in probability:
        chances[1:] = chances[1:] * (1 - each) + chances[:-1] * each
        chances[0] *= 1 - each
    return float(min(1.0, 2 * min(chances[: converted + 1].sum(), chances[converted:].sum())))


def _beyond_chance(doubts: list[_Doubt], level: float) -> list[_Doubt]:
    """Holm's step-down: the smallest p-values, each against the level over the answers that are still open."""
    found = []
    for place, doubt in enumerate(sorted(doubts, key=lambda each: each.p)):
        if doubt.p > level / (len(doubts) - place):
            break
        found.append(doubt)
    return found


def _slice(column: str, level: str, label: Vector, probability: Vector, confidence: float, because: list[str]) -> Slice:
    rows, converted = len(label), int(label.sum())
    return Slice(
        column=column,
        level=level,
        rows=rows,
        positives=converted,
        log_loss=_mean(log_losses(label, probability), confidence),
        roc_auc=_ranking(label, probability, confidence),
        expected=float(probability.mean()),
        rate=wilson(converted, rows, confidence),
        worse=bool(because),
        because="; ".join(because),
    )


def _mean(values: Vector, confidence: float) -> Estimate:
    """The mean of at least `FEWEST` values with its interval by Student's t."""
    half = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return Estimate(value=float(values.mean()), low=float(values.mean() - half), high=float(values.mean() + half))


def _ranking(label: Vector, probability: Vector, confidence: float) -> Estimate | None:
    """ROC AUC with DeLong's interval on the logit scale, which stays within 0 and 1. None without two of each."""
    if min(label.sum(), len(label) - label.sum()) < 2:
        return None
    area, variance = delong(label, probability)
    if area in (0.0, 1.0):
        return Estimate(value=area, low=area, high=area)
    odds, half = np.log(area / (1 - area)), stats.norm.ppf((1 + confidence) / 2) * np.sqrt(variance)
    low, high = (special.expit(odds + side * half / (area * (1 - area))) for side in (-1, 1))
    return Estimate(value=area, low=float(low), high=float(high))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share > 0.1 else f"{100 * share:.1f} %"
