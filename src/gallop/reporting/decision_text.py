"""The evidence in plain words: whom to call, what that brings, and where to be careful."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from gallop.evaluation.metrics import Estimate
from gallop.reporting.formatting import (
    count,
    figure,
    interval,
    leads,
    money,
    money_range,
    percent,
    range_text,
    with_interval,
    words,
)
from gallop.results.evidence import (
    NOBODY,
    Band,
    BestOf,
    Calibration,
    Cutoff,
    DecisionPlan,
    LearningPoint,
    TestEvidence,
    UncertaintyCheck,
)

NOTICEABLE: Final = 0.01
"""More data is said to help where twice as many leads are expected to lower the log-loss by this share of it."""
_CONTACTS: Final = 200
"""Contacts per 1,000 leads that the summary assumes where the settings have neither capacity nor money."""


def headline(plan: DecisionPlan) -> BestOf:
    """The number of contacts that the summary shows: the capacity; else about the most profitable; else a fifth."""
    for choice in plan.best:
        if choice.capacity:
            return choice
    contacts = 1000 * plan.for_profit.share if plan.for_profit else _CONTACTS
    return min(plan.best, key=lambda choice: abs(choice.contacts - contacts))


def call_the_best(choice: BestOf) -> str:
    """One line of the table as a sentence."""
    sentence = (
        f"Call the best {count(choice.contacts)} of 1,000 leads: expect {whole(choice.conversions.value)} customers "
        f"({range_text(choice.conversions)}), against {whole(choice.at_random)} from calling at random"
    )
    if choice.profit is not None:
        sentence += f"; worth {money(choice.profit.value)} after the cost of the calls ({money_range(choice.profit)})"
    return sentence + "."


def whole(conversions: float) -> str:
    """A number of conversions to expect: whole, or with a decimal where there are few."""
    return f"{conversions:,.0f}" if conversions >= 9.95 else f"{conversions:.1f}"


def recommendation(plan: DecisionPlan) -> str:
    """The cut-off that travels with the model, and why it is this one."""
    if plan.cutoff.probability == NOBODY:
        return f"The model recommends contacting no one. {plan.because}"
    return (
        f"The model recommends contacting leads from a probability of {figure(plan.cutoff.probability)} upwards: "
        f"{percent(plan.cutoff.share)} of the leads. {plan.because}"
    )


def profit_of(cutoff: Cutoff, optimism: float | None) -> str | None:
    """What a cut-off brings, out of fold and on the test leads. None without money in the settings."""
    if cutoff.profit is None:
        return None
    sentence = f"Out of fold it brings {money(cutoff.profit.value)} per 1,000 leads ({money_range(cutoff.profit)})"
    if optimism:
        sentence += f", after subtracting {money(optimism)} because the best of many cut-offs looks better than it is"
    if cutoff.test_profit is not None:
        sentence += (
            f". On the test leads, which were not used to choose it, it brings {money(cutoff.test_profit.value)} "
            f"({money_range(cutoff.test_profit)})"
        )
    return sentence + "."


def more_data(curve: tuple[LearningPoint, ...]) -> str | None:
    """Would more data help? The gain of the last step of the learning curve, extrapolated to twice as many leads."""
    if len(curve) < 2:
        return None
    before, last = curve[-2], curve[-1]
    gain = (before.log_loss.value - last.log_loss.value) / math.log2(last.rows / before.rows)
    step = f"from {count(before.rows)} to {count(last.rows)} leads the log-loss went"
    step += f" from {figure(before.log_loss.value)} to {figure(last.log_loss.value)}"
    if gain >= NOTICEABLE * last.log_loss.value:
        return (
            f"Probably yes: {step}, so twice as many leads may lower it by another {figure(gain)} "
            f"({percent(gain / last.log_loss.value, 1)})."
        )
    return f"Hardly: {step}; at that rate twice as many leads would lower it by less than {percent(NOTICEABLE)}."


def describe_calibration(calibration: Calibration) -> str:
    """Are the probabilities calibrated?"""
    sentence = (
        f"On average over ten groups of leads, the predicted and the actual conversion rate differ by "
        f"{percent(calibration.ece.value, 1)} (ECE {with_interval(calibration.ece)}). If every probability were "
        f"exactly right, chance alone would make it {figure(calibration.by_chance.value)} "
        f"{interval(calibration.by_chance)}"
    )
    if is_miscalibrated(calibration):
        return f"{sentence}: the probabilities are wrong by more than chance explains."
    return f"{sentence}: no evidence of miscalibration."


def is_miscalibrated(calibration: Calibration) -> bool:
    """Whether probabilities miss the outcomes by more than chance."""
    return calibration.ece.value > calibration.by_chance.high


def describe_uncertainty(check: UncertaintyCheck) -> str:
    """How certain the model is of single leads."""

    def said(word: str, rows: int, right: Estimate | None) -> str:
        if right is None:
            return f"it says “{word}” of no test lead"
        return f"it says “{word}” of {leads(rows)}, rightly of {percent(right.value, 1)} ({_percents(right)})"

    words_kept = [
        said("converts", check.converts_rows, check.converts),
        said("does not", check.does_not_rows, check.does_not),
    ]
    return (
        f"A word is given only where at least {percent(check.nominal)} of the leads that get it do as it says. On the "
        f"test leads: {', and '.join(words_kept)}; of {percent(check.unsure)} it leaves the outcome open."
    )


def cautions(evidence: TestEvidence) -> tuple[str, ...]:
    """Where the figures must not be taken at face value; empty where there is no such warning."""
    warnings = [*_example_money(evidence.decision), *_bands_out_of_order(evidence.decision.bands)]
    warnings += [
        f"Leads with {words(slice_.column)} {slice_.level} ({count(slice_.rows)} of the test leads): {slice_.because}."
        for slice_ in evidence.slices
        if slice_.worse
    ]
    if is_miscalibrated(evidence.calibration):
        warnings.append(describe_calibration(evidence.calibration))
    cutoff = evidence.decision.cutoff
    if cutoff.profit is not None and cutoff.test_profit is not None and cutoff.test_profit.high < cutoff.profit.low:
        warnings.append(f"The test leads brought less profit than expected from training. {profit_of(cutoff, None)}")
    empty = [band.name for band in evidence.decision.bands if not band.test_rows]
    if empty:
        warnings.append(f"No test lead is {' or '.join(empty)}, so that band's rate is not confirmed.")
    return tuple(warnings)


def _example_money(plan: DecisionPlan) -> Iterator[str]:
    if plan.example:
        yield (
            "The money comes from example values, and so does a cut-off that is chosen by profit: put your own figures "
            "into decision.value and decision.cost of params.yaml, and take decision.example out."
        )


def _bands_out_of_order(bands: Sequence[Band]) -> Iterator[str]:
    """A band whose leads converted less often, out of fold, than those of the band below it."""
    for upper, lower in pairwise(bands):
        if upper.rate.value >= lower.rate.value:
            continue
        chance = "which may be chance" if upper.rate.high >= lower.rate.low else "more than chance explains"
        sentence = (
            f"{upper.name.capitalize()} leads converted less often than {lower.name} ones out of fold "
            f"({percent(upper.rate.value, 1)}, {_percents(upper.rate)}, against {percent(lower.rate.value, 1)}, "
            f"{_percents(lower.rate)}), {chance}"
        )
        if upper.test_rate and lower.test_rate:
            tested = f"{percent(upper.test_rate.value, 1)} against {percent(lower.test_rate.value, 1)}"
            also = "they did too" if upper.test_rate.value < lower.test_rate.value else "they did not"
            sentence += f"; on the test leads {also} ({tested})"
        yield f"{sentence}. Do not rely on the order between the two."


def describe_slices(evidence: TestEvidence) -> str:
    """How many slices were tested, and how many of them are worse."""
    columns = len({slice_.column for slice_ in evidence.slices})
    worse = sum(slice_.worse for slice_ in evidence.slices)
    tested = f"{count(len(evidence.slices))} slices of {count(columns)} {'column' if columns == 1 else 'columns'}"
    if not worse:
        return f"Of {tested} none is worse than chance explains."
    return f"Of {tested}, {count(worse)} {'is' if worse == 1 else 'are'} worse than chance explains."


def expected_and_actual(expected: float, rate: Estimate) -> str:
    """The predicted and the actual conversion rate of a slice."""
    return f"{percent(expected, 1)} expected, {percent(rate.value, 1)} became customers ({_percents(rate)})"


def _percents(estimate: Estimate) -> str:
    return f"{percent(estimate.low, 1)} to {percent(estimate.high, 1)}"
