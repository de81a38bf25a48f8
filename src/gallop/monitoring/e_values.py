"""Evidence that fewer convert than expected, which may be looked at as often as one likes. Pure.

A likelihood ratio of outcomes, as they come, against what was expected is a test martingale: where nothing is wrong it
ever reaches 1/alpha with a probability of at most alpha (Ville 1939), whenever and however often one looks. Which
smaller rate to compare with is not known, so several are mixed (Robbins 1970; Ramdas, Grünwald, Vovk & Shafer 2023,
Statistical Science 38, 576-601). Nor is it known since when: each week begins a comparison of its own, with a part of
the weight, or else a year in which all was well would hide the month after it.

What is expected of an open lead of score p and age a, until age b, is the hazard h = p (F(b) − F(a)) / (1 − p F(a)).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from gallop.monitoring.delays import Days, DelayCurve

RATIOS: Final = (0.4, 0.6, 0.7, 0.75, 0.8, 0.85)
"""Rates, as parts of the expected ones, that the outcomes are compared with."""
TOLERANCE: Final = 0.98
"""A rate of this part of the expected one, or more, is not called fewer: no model is exactly calibrated."""
SLOPES: Final = (0.0, 0.25, 0.5, 0.75)
"""How much of what the scores tell apart may be left, for the comparison on ripe leads."""

_WEEK: Final = 7.0


@dataclass(frozen=True)
class LeadDays:
    """Leads at risk of a conversion, in periods one after the other; all arrays have one entry a lead."""

    probability: NDArray[np.float64]
    scored: Days
    """In days since some beginning."""
    seen: Days
    """When the conversion was seen, in the same days; infinite where it was not."""


@dataclass(frozen=True)
class Watch:
    """What was expected, what came, and the evidence, by period."""

    ends: Days
    """Of each period."""
    expected: Days
    came: NDArray[np.int64]
    log_e: Days
    """Logarithm of the evidence at the end of each period."""

    def first_alarm(self, alpha: float) -> int | None:
        """The first period at whose end the evidence reaches 1/alpha; None where it never did."""
        over = np.flatnonzero(self.log_e >= -np.log(alpha))
        return int(over[0]) if len(over) else None


def watch_open_leads(
    leads: LeadDays, curves: Sequence[DelayCurve | None], starts: Days, end: float, ripe_age: float
) -> Watch:
    """Hold what came of open leads against what was expected, period by period.

    Args:
        curves: for each period, as it was known at the period's start; None where it was not known.
        starts: of the periods, rising; each ends where the next one begins, and the last at `end`.
        ripe_age: in days.
    """
    ends = np.append(starts[1:], end)
    expected, came = np.zeros(len(starts)), np.zeros(len(starts), dtype=np.int64)
    log_e = np.zeros((len(starts), len(RATIOS)))
    for period, (curve, begin, until) in enumerate(zip(curves, starts, ends, strict=True)):
        if curve is None:
            continue
        open_now = (leads.scored < until) & (leads.scored + ripe_age > begin) & (leads.seen > begin)
        p, scored = leads.probability[open_now], leads.scored[open_now]
        before, after = curve(np.stack([begin - scored, until - scored]))
        hazard = p * (after - before) / (1 - p * before)
        converted = leads.seen[open_now] <= until
        expected[period], came[period] = hazard.sum(), converted.sum()
        log_e[period] = _log_ratios(hazard, converted)
    return Watch(ends, expected, came, _mixed(log_e, starts, expected > 0))


def watch_ripe_leads(probability: Days, converted: NDArray[np.bool_], ripe: Days, ends: Days) -> Watch:
    """The same of ripe leads alone, each once: whether fewer convert, or scores tell them apart less than they did.

    Args:
        probability: shape (n,).
        converted: whether each was seen to convert, shape (n,).
        ripe: when each became ripe, shape (n,).
        ends: of the periods, rising.
    """
    period = np.searchsorted(ends, ripe)
    middle = logit(np.clip(probability.mean(), 1e-6, 1 - 1e-6)) if len(probability) else 0.0
    alternatives = [ratio * probability for ratio in RATIOS]
    null = [TOLERANCE * probability] * len(RATIOS)
    for slope in SLOPES:
        flat = expit(middle + slope * (logit(probability) - middle))
        # As many conversions in all: this asks about the order alone.
        alternatives.append(np.clip(flat * probability.sum() / max(flat.sum(), 1e-12), 1e-9, 1 - 1e-9))
        null.append(probability)
    ratios = np.array(
        [
            np.where(converted, np.log(other / own), np.log1p(-other) - np.log1p(-own))
            for other, own in zip(alternatives, null, strict=True)
        ]
    )
    inside = period < len(ends)
    sums = np.array([np.bincount(period[inside], row[inside], len(ends)) for row in ratios]).T
    expected = np.bincount(period[inside], probability[inside], len(ends)).astype(np.float64)
    came = np.bincount(period[inside], converted[inside], len(ends)).astype(np.int64)
    return Watch(ends, expected, came, _mixed(sums, ends, expected > 0))


def _log_ratios(hazard: Days, converted: NDArray[np.bool_]) -> Days:
    """Of each rate against the smallest one that is still called as expected: shape (ratios,)."""
    waiting, events = hazard[~converted], int(converted.sum())
    null = np.log1p(-TOLERANCE * waiting).sum()
    return np.array([events * np.log(ratio / TOLERANCE) + np.log1p(-ratio * waiting).sum() - null for ratio in RATIOS])


def _mixed(log_ratios: Days, at: Days, watched: NDArray[np.bool_]) -> Days:
    """The logarithm of the evidence, shape (periods,): the mean over rates, and the weighted sum over beginnings.

    The comparison that begins in week k has the weight 1/(k (k + 1)), and is 1 before. All weights add up to 1.

    Args:
        log_ratios: of each period alone, shape (periods, alternatives).
        at: when each period is, in days.
        watched: periods in which anything was expected; the first of them begins week 1.
    """
    total = np.zeros(len(at))
    if not watched.any():
        return total
    first = int(np.argmax(watched))
    begun, running = 0, np.full(log_ratios.shape[1], -np.inf)
    for period in range(first, len(at)):
        week = 1 + int((at[period] - at[first]) // _WEEK)
        if week > begun:
            running = np.logaddexp(running, np.log(1 / (begun + 1) - 1 / (week + 1)))
            begun = week
        running = running + log_ratios[period]
        highest = running.max()
        total[period] = np.logaddexp(highest + np.log(np.exp(running - highest).mean()), -np.log(begun + 1))
    return total
