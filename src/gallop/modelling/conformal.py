"""How sure the model may be of one lead, learnt from out-of-fold predictions and checked on the test rows. Pure.

Two answers travel with the model. `prediction_sets`: the outcomes that cannot be ruled out (class-conditional conformal
sets, Vovk 2012; of the leads of either outcome, the nominal share have it in their set, whatever the model).
`rate_interval`: the rates at which leads with such a score convert (Jeffreys interval of the out-of-fold leads around
it; Brown, Cai & DasGupta 2001).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.stats import beta, betabinom

from gallop.evaluation.metrics import Vector, wilson
from gallop.results.evidence import ScoreRange, ScoreUncertainty, UncertaintyCheck

NOMINAL: Final = 0.9
YES, NO, OPEN = "converts", "does not", "open"
_GROUPS, _GROUP_ROWS, _FEWEST = 20, 25, 5


def score_uncertainty(label: Vector, probability: Vector) -> ScoreUncertainty:
    """Learn both from out-of-fold probabilities.

    Args:
        label: shape (n,), 0 or 1, both present.
        probability: shape (n,), out of fold.
    """
    limits = []
    for outcome in (0, 1):
        # How strange each known lead of this outcome is; a new lead no stranger than 90 % of them may be one.
        strange = np.sort(np.abs(outcome - probability[label == outcome]))
        index = int(np.ceil((len(strange) + 1) * NOMINAL)) - 1
        limits.append(float(strange[index]) if index < len(strange) else 1.0)
    order = np.argsort(probability, kind="stable")
    tail, ranges = (1 - NOMINAL) / 2, []
    for members in np.array_split(order, max(1, min(_GROUPS, len(order) // _GROUP_ROWS))):
        rows, converted = len(members), int(label[members].sum())
        low, high = beta.ppf([tail, 1 - tail], converted + 0.5, rows - converted + 0.5)
        middle = float(probability[members].mean())
        highest = float(probability[members[-1]])
        ranges.append(
            ScoreRange(middle=middle, highest=highest, rows=rows, converted=converted, low=float(low), high=float(high))
        )
    return ScoreUncertainty(nominal=NOMINAL, not_up_to=limits[0], converts_from=1 - limits[1], ranges=tuple(ranges))


def prediction_sets(probability: Vector, uncertainty: ScoreUncertainty) -> list[str]:
    """What can be said of each lead at the nominal confidence: `converts`, `does not`, or `open`."""
    may, may_not = probability >= uncertainty.converts_from, probability <= uncertainty.not_up_to
    return [YES if yes and not no else NO if no and not yes else OPEN for yes, no in zip(may, may_not, strict=True)]


def rate_interval(probability: Vector, ranges: Sequence[ScoreRange]) -> tuple[Vector, Vector]:
    """The lowest and highest rate at which leads with each score convert; the score itself lies between them."""
    middles = [of_scores.middle for of_scores in ranges]
    low = np.interp(probability, middles, [of_scores.low for of_scores in ranges])
    high = np.interp(probability, middles, [of_scores.high for of_scores in ranges])
    return np.minimum(low, probability), np.maximum(high, probability)


def check_uncertainty(
    uncertainty: ScoreUncertainty, label: Vector, probability: Vector, confidence: float
) -> UncertaintyCheck:
    """How often both answers hold on the test leads.

    Args:
        label, probability: of the test leads, shape (n,), both outcomes present.
        confidence: coverage of the Wilson intervals.
    """
    may, may_not = probability >= uncertainty.converts_from, probability <= uncertainty.not_up_to
    right = np.where(label == 1, may, may_not)
    parts = [right, right[label == 1], right[label == 0]]
    coverage, of_converted, of_others = (wilson(int(part.sum()), len(part), confidence) for part in parts)
    held = ranges_held(uncertainty, label, probability)
    return UncertaintyCheck(
        nominal=uncertainty.nominal,
        coverage=coverage,
        of_converted=of_converted,
        of_others=of_others,
        unsure=float(np.mean(may & may_not)),
        ranges=wilson(sum(held), len(held), confidence) if held else None,
    )


def ranges_held(uncertainty: ScoreUncertainty, label: Vector, probability: Vector) -> list[bool]:
    """Per range: whether as many of the test leads in it converted as its out-of-fold leads let one expect.

    As many as the central part of a beta-binomial distribution, which knows that the test leads are few themselves.
    """
    group = np.searchsorted([of_scores.highest for of_scores in uncertainty.ranges[:-1]], probability, side="left")
    tail, held = (1 - uncertainty.nominal) / 2, []
    for number, of_scores in enumerate(uncertainty.ranges):
        members = label[group == number]
        if len(members) >= _FEWEST:
            expected = betabinom(len(members), of_scores.converted + 0.5, of_scores.rows - of_scores.converted + 0.5)
            low, high = expected.ppf([tail, 1 - tail])
            held.append(bool(low <= members.sum() <= high))
    return held
