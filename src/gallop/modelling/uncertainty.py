"""How sure the model may be of one lead, learnt from out-of-fold predictions and checked on the test rows. Pure.

Two answers travel with the model. `predictions`: `converts`, `does not`, or, where the model had better not say, `open`
(selective prediction; Geifman & El-Yaniv 2017). Of the leads that a word is given to, at least nine in ten do as it
says. `rate_interval`: the rates at which leads with such a score convert (Jeffreys interval of the out-of-fold leads
around it; Brown, Cai & DasGupta 2001).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.stats import beta, betabinom, binom

from gallop.evaluation.metrics import Estimate, Vector, wilson
from gallop.results.evidence import ScoreRange, ScoreUncertainty, UncertaintyCheck

NOMINAL: Final = 0.9
YES, NO, OPEN = "converts", "does not", "open"
_LIMITS: Final = (0.9, 0.925, 0.95, 0.97, 0.98, 0.99)
"""Smallest probabilities of what a word says, one of which is chosen."""
_ERROR: Final = 0.05
"""Largest probability that a word promises too much."""
_GROUPS, _GROUP_ROWS, _FEWEST = 20, 25, 5


def score_uncertainty(label: Vector, probability: Vector) -> ScoreUncertainty:
    """Learn both from out-of-fold probabilities.

    Args:
        label: shape (n,), 0 or 1, both present.
        probability: shape (n,), out of fold.
    """
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
    converts_from, no_from = _limit(label, probability), _limit(1 - label, 1 - probability)
    return ScoreUncertainty(
        nominal=NOMINAL,
        converts_from=converts_from,
        not_up_to=None if no_from is None else 1 - no_from,
        ranges=tuple(ranges),
    )


def _limit(right: Vector, probability: Vector) -> float | None:
    """From which probability on a word may be given; None where no limit can keep the promise.

    The smallest limit from which on so many were right that, were fewer than nine in ten right, that many would be
    too unlikely: exact binomial tests, at a level that pays for all limits that are looked at (Bonferroni). The limits
    are no lower than the promise itself, so it holds of every lead by its own probability too.
    """
    for limit in _LIMITS:
        marked = right[probability >= limit]
        if len(marked) and binom.sf(marked.sum() - 1, len(marked), NOMINAL) <= _ERROR / len(_LIMITS):
            return limit
    return None


def predictions(probability: Vector, uncertainty: ScoreUncertainty) -> list[str]:
    """What can be said of each lead: `converts`, `does not`, or `open`."""
    converts, does_not = _marked(probability, uncertainty)
    return [YES if yes else NO if no else OPEN for yes, no in zip(converts, does_not, strict=True)]


def _marked(probability: Vector, uncertainty: ScoreUncertainty) -> tuple[np.ndarray, np.ndarray]:
    """Which leads are said to convert, and which are said not to."""
    nobody = np.zeros(len(probability), dtype=bool)
    return (
        nobody if uncertainty.converts_from is None else probability >= uncertainty.converts_from,
        nobody if uncertainty.not_up_to is None else probability <= uncertainty.not_up_to,
    )


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
        label, probability: of the test leads, shape (n,).
        confidence: coverage of the Wilson intervals.
    """
    converts, does_not = _marked(probability, uncertainty)
    held = ranges_held(uncertainty, label, probability)

    def kept(marked: np.ndarray, right: Vector) -> Estimate | None:
        rows = int(marked.sum())
        return wilson(int(right[marked].sum()), rows, confidence) if rows else None

    return UncertaintyCheck(
        nominal=uncertainty.nominal,
        converts=kept(converts, label),
        converts_rows=int(converts.sum()),
        does_not=kept(does_not, 1 - label),
        does_not_rows=int(does_not.sum()),
        unsure=float(np.mean(~converts & ~does_not)),
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
