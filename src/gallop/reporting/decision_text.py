"""What the evidence says, in plain words: whom to call, what that brings, and where to be careful."""

import math
from typing import Final

from gallop.evaluation.metrics import Estimate
from gallop.reporting.formatting import (
    between,
    count,
    figure,
    interval,
    money,
    money_between,
    percent,
    with_interval,
    words,
)
from gallop.results.evidence import (
    NOBODY,
    BestOf,
    Calibration,
    Cutoff,
    DecisionPlan,
    LearningPoint,
    TestEvidence,
    UncertaintyCheck,
)

NOTICEABLE: Final = 0.01
"""Share of the log-loss that twice as many leads must be expected to take off before more data is said to help."""
_CALLED: Final = 200
"""Contacts per 1,000 leads that the summary supposes where neither capacity nor money says how many."""


def headline(plan: DecisionPlan) -> BestOf:
    """How many of 1,000 leads the summary speaks of: the capacity; else about the most profitable; else a fifth."""
    for each in plan.best:
        if each.capacity:
            return each
    wanted = 1000 * plan.for_profit.share if plan.for_profit else _CALLED
    return min(plan.best, key=lambda each: abs(each.contacts - wanted))


def call_the_best(each: BestOf) -> str:
    """One line of the table as a sentence."""
    said = (
        f"Call the best {count(each.contacts)} of 1,000 leads: expect {whole(each.conversions.value)} conversions "
        f"({between(each.conversions)}), against {whole(each.at_random)} from calling at random"
    )
    if each.profit is not None:
        said += f"; worth {money(each.profit.value)} after the calls are paid ({money_between(each.profit)})"
    return said + "."


def whole(conversions: float) -> str:
    """A number of conversions to expect: whole, or with a decimal where there are few."""
    return f"{conversions:,.0f}" if conversions >= 9.95 else f"{conversions:.1f}"


def in_force(plan: DecisionPlan) -> str:
    """The cut-off that travels with the model, and why it is this one."""
    if plan.cutoff.probability == NOBODY:
        return f"The model recommends contacting no one. {plan.because}"
    return (
        f"The model says call from a probability of {figure(plan.cutoff.probability)} on: "
        f"{percent(plan.cutoff.share)} of the leads. {plan.because}"
    )


def profit_of(cutoff: Cutoff, optimism: float | None) -> str | None:
    """What a cut-off brings, out of fold and on the test leads. None without money in the settings."""
    if cutoff.profit is None:
        return None
    said = f"Out of fold it brings {money(cutoff.profit.value)} per 1,000 leads ({money_between(cutoff.profit)})"
    if optimism:
        said += f", {money(optimism)} already taken off because the best of many cut-offs looks better than it is"
    if cutoff.test_profit is not None:
        said += (
            f"; on the test leads, which had no say in it, {money(cutoff.test_profit.value)} "
            f"({money_between(cutoff.test_profit)})"
        )
    return said + "."


def more_data(learned: tuple[LearningPoint, ...]) -> str | None:
    """Would more data help? By what the last step up in leads brought, carried on to twice as many."""
    if len(learned) < 2:
        return None
    before, last = learned[-2], learned[-1]
    gained = (before.log_loss.value - last.log_loss.value) / math.log2(last.rows / before.rows)
    shown = f"from {count(before.rows)} to {count(last.rows)} leads the log-loss went"
    shown += f" from {figure(before.log_loss.value)} to {figure(last.log_loss.value)}"
    if gained >= NOTICEABLE * last.log_loss.value:
        return (
            f"Probably yes: {shown}, so twice as many leads may take off another {figure(gained)} "
            f"({percent(gained / last.log_loss.value, 1)})."
        )
    return f"Hardly: {shown}; at that pace twice as many leads would take off less than {percent(NOTICEABLE)} of it."


def calibrated(found: Calibration) -> str:
    """Can the probabilities be taken at their word?"""
    said = (
        f"On average over ten groups of leads, promise and outcome are {percent(found.ece.value, 1)} apart (ECE "
        f"{with_interval(found.ece)}). Chance alone would make it {figure(found.by_chance.value)} "
        f"{interval(found.by_chance)} if every probability were exactly right"
    )
    if off(found):
        return f"{said}: the probabilities are off by more than chance."
    return f"{said}, so nothing speaks against taking the probabilities at their word."


def off(found: Calibration) -> bool:
    """Whether probabilities miss the outcomes by more than chance."""
    return found.ece.value > found.by_chance.high


def certain(found: UncertaintyCheck) -> str:
    """How sure the model is of single leads."""
    return (
        f"For {percent(found.unsure)} of the test leads the model cannot rule out either outcome at "
        f"{percent(found.nominal)} certainty; its sets of possible outcomes held the true one for "
        f"{percent(found.coverage.value, 1)} of them ({_percents(found.coverage)}): "
        f"{percent(found.of_converted.value, 1)} of the customers, {percent(found.of_others.value, 1)} of the others."
    )


def careful(evidence: TestEvidence) -> tuple[str, ...]:
    """Where the figures must not be taken as they are; empty where nothing was found."""
    found = [
        f"Leads with {words(each.column)} {each.level} ({count(each.rows)} of the test leads): {each.because}."
        for each in evidence.slices
        if each.worse
    ]
    if off(evidence.calibration):
        found.append(calibrated(evidence.calibration))
    best = evidence.decision.cutoff
    if best.profit is not None and best.test_profit is not None and best.test_profit.high < best.profit.low:
        found.append(f"The test leads brought less than training promised. {profit_of(best, None)}")
    empty = [each.name for each in evidence.decision.bands if not each.test_rows]
    if empty:
        found.append(f"No test lead is {' or '.join(empty)}, so that band's rate is not confirmed.")
    return tuple(found)


def checked(evidence: TestEvidence) -> str:
    """How many slices were looked at, and what came of it."""
    columns = len({each.column for each in evidence.slices})
    worse = sum(each.worse for each in evidence.slices)
    looked = f"{count(len(evidence.slices))} slices of {count(columns)} {'column' if columns == 1 else 'columns'}"
    if not worse:
        return f"Of {looked} none is worse than chance explains."
    return f"Of {looked}, {count(worse)} {'is' if worse == 1 else 'are'} worse than chance explains."


def gap(expected: float, rate: Estimate) -> str:
    """Promise and outcome of a slice."""
    came = f"{percent(rate.value, 1)} came ({_percents(rate)})"
    return f"{percent(expected, 1)} expected, {came}"


def _percents(estimate: Estimate) -> str:
    return f"{percent(estimate.low, 1)} to {percent(estimate.high, 1)}"
