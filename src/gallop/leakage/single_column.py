"""Leaks that one column shows by itself."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gallop.evaluation.codes import (
    Codes,
    LabelledRows,
    bin_codes,
    counts,
    flag_ranking,
    level_codes,
    log_odds_gap,
    ranking,
    value_codes,
)
from gallop.evaluation.metrics import Estimate, Vector, wilson
from gallop.leakage.finding import LATER_WORDS, Finding, FindingKind, Limits, Severity
from gallop.leakage.messages import auc_text, column_finding, number
from gallop.leakage.missingness import missingness_findings
from gallop.results.percent import percent

_NEAR_ROWS = 50
_MIN_LEVEL_ROWS = 30
_FEW_NUMBERS = 2


def column_findings(name: str, values: pd.Series, labelled: LabelledRows, limits: Limits) -> Iterator[Finding]:
    """All that one column shows; the strongest evidence first.

    Args:
        values: float64 with NaN, or any other type with None for missing, read as levels.
    """
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "f":
        numbers = values.to_numpy()
        binned = bin_codes(numbers)
        findings = _number(name, numbers, ranking(binned, labelled), labelled, limits)
    else:
        codes = level_codes(values)
        findings = _category(name, values, codes, ranking(codes, labelled), labelled, limits)
    stops = list(findings)
    yield from stops
    yield from missingness_findings(name, values.isna().to_numpy(), labelled, limits)


def _number(name: str, values: Vector, size: Estimate, labelled: LabelledRows, limits: Limits) -> Iterator[Finding]:
    if size.low >= limits.alone:
        yield column_finding(FindingKind.SINGLE_COLUMN, name, size, f"alone ranks the leads with {auc_text(size)}")
        return
    codes = value_codes(values)
    distinct = int(codes.max())
    if distinct <= _FEW_NUMBERS:
        yield from _category(name, pd.Series(values), codes, size, labelled, limits)
        return
    stops = [
        *_spike(name, values, codes, labelled, limits),
        *_hidden(name, values, codes, size, labelled, limits),
        *_certain_value(name, values, codes, labelled, limits),
    ]
    yield from stops
    if not stops:
        yield from _second_look(name, size, limits)


def _category(
    name: str, values: pd.Series, codes: Codes, levels: Estimate, labelled: LabelledRows, limits: Limits
) -> Iterator[Finding]:
    if levels.low >= limits.few_values:
        kind = FindingKind.FUNCTION_OF_LABEL if levels.value > 0.999 else FindingKind.SINGLE_COLUMN
        yield column_finding(kind, name, levels, f"is a category that alone ranks the leads with {auc_text(levels)}")
        return
    rows, converted = counts(codes, labelled.label)
    bounds = [wilson(hits, n, labelled.confidence) for hits, n in zip(converted, rows, strict=True)]
    yes = np.array([bound.low >= limits.yes_rate for bound in bounds])
    no = np.array([bound.high <= labelled.rate / 4 for bound in bounds])
    yes_share = converted[yes].sum() / labelled.label.sum()
    no_share = (rows - converted)[no].sum() / (1 - labelled.label).sum()
    if levels.low >= limits.verdict and min(yes_share, no_share) >= limits.verdict_side:
        yield column_finding(
            FindingKind.VERDICT,
            name,
            levels,
            f"holds near-certain answers both ways (levels such as {_examples(values, codes, yes)} convert at "
            f"{percent(limits.yes_rate, 1)} or more, {_examples(values, codes, no)} hardly ever) and alone ranks the "
            f"leads with {auc_text(levels)}",
        )
        return
    certain = [
        code
        for code in np.flatnonzero(rows >= _MIN_LEVEL_ROWS)
        if _decides(bounds[code], converted[code], labelled, limits)
    ]
    for code in certain:
        yield _certain(
            name, _examples(values, codes, np.arange(len(rows)) == code), converted[code], bounds[code], labelled
        )
    if not certain:
        yield from _second_look(name, levels, limits)


def _spike(name: str, values: Vector, codes: Codes, labelled: LabelledRows, limits: Limits) -> Iterator[Finding]:
    """A number whose usual value (often zero) and everything else are two different worlds.

    A cause works by degrees: a little more, a little likelier. Bookkeeping of the outcome does not: next to the usual
    value the odds leap, more than over all the rest of the range. It is the regression-discontinuity question
    (Thistlethwaite & Campbell 1960) at the usual value, with the tenth of the other rows nearest to it.
    """
    known = codes > 0
    rows = np.bincount(codes[known])
    usual = codes == rows.argmax()
    rest = known & ~usual
    flag = labelled.of(known)
    if rest.sum() < 2 * _NEAR_ROWS or not 0 < flag.rate < 1:
        return
    auc = flag_ranking(usual[known], flag)
    if auc.low < limits.spike:
        return
    centre = values[usual][0]
    distance = np.abs(values[rest] - centre)
    size = max(_NEAR_ROWS, int(len(distance) / 10))
    ordered = np.sort(distance)
    label = labelled.label[rest]
    near, far = label[distance <= ordered[size - 1]], label[distance >= ordered[-size]]
    usual_counts = (labelled.label[usual].sum(), usual.sum())
    jump = log_odds_gap(usual_counts, (near.sum(), len(near)), labelled.confidence)
    slope = log_odds_gap((near.sum(), len(near)), (far.sum(), len(far)), labelled.confidence)
    jumps = jump.low >= limits.jump or jump.high <= -limits.jump
    if jumps and abs(jump.value) > abs(slope.value):
        yield column_finding(
            FindingKind.SPIKE,
            name,
            auc,
            f"is {number(centre)} in {percent(usual.sum() / known.sum(), 1)} of its rows, of which "
            f"{percent(usual_counts[0] / usual_counts[1], 1)} convert; just beside it {percent(near.mean(), 1)} do, at "
            f"the far end {percent(far.mean(), 1)}. Whether it is {number(centre)} ranks the leads with "
            f"{auc_text(auc)}",
        )


def _hidden(
    name: str, values: Vector, codes: Codes, size: Estimate, labelled: LabelledRows, limits: Limits
) -> Iterator[Finding]:
    """A number whose digits, or exact values, predict the label where its size does not."""
    needed = max(limits.digits, size.high + limits.beyond)
    decimals, last = _digits(values)
    views = {
        "the number of its decimals": (FindingKind.HIDDEN_IN_DIGITS, decimals),
        "its last digit": (FindingKind.HIDDEN_IN_DIGITS, last),
        "its exact value": (FindingKind.EXACT_VALUES, codes),
    }
    for view_name, (kind, view) in views.items():
        auc = ranking(view, labelled)
        if auc.low >= needed:
            yield column_finding(
                kind,
                name,
                auc,
                f"hides the label: {view_name} ranks the leads with {auc_text(auc)}, its size with {auc_text(size)}",
            )
            return


def _certain_value(
    name: str, values: Vector, codes: Codes, labelled: LabelledRows, limits: Limits
) -> Iterator[Finding]:
    """One value of a number that is near certain although its neighbours are not."""
    rows, converted = counts(codes, labelled.label)
    for code in np.flatnonzero((rows >= _MIN_LEVEL_ROWS) & (np.arange(len(rows)) > 0)):
        bound = wilson(converted[code], rows[code], labelled.confidence)
        if not _decides(bound, converted[code], labelled, limits):
            continue
        value, others = values[codes == code][0], (codes > 0) & (codes != code)
        distance = np.abs(values - value)
        near = others & (distance <= np.sort(distance[others])[: 2 * _NEAR_ROWS].max(initial=0.0))
        near_rate = wilson(labelled.label[near].sum(), near.sum(), labelled.confidence)
        if near_rate.high < limits.certain:
            yield _certain(name, number(value), converted[code], bound, labelled)


def _decides(bound: Estimate, converted: float, labelled: LabelledRows, limits: Limits) -> bool:
    odds, base = bound.value / max(1 - bound.value, 1e-9), labelled.rate / (1 - labelled.rate)
    certain = bound.value >= limits.level_certain and bound.low >= limits.certain and odds >= limits.level_odds * base
    return bool(certain and converted >= limits.level_share * labelled.label.sum())


def _certain(name: str, level: str, converted: float, bound: Estimate, labelled: LabelledRows) -> Finding:
    return column_finding(
        FindingKind.NEAR_CERTAIN_LEVEL,
        name,
        bound,
        f"where it is {level}, {percent(bound.value, 1)} convert (at least {percent(bound.low, 1)}; base rate "
        f"{percent(labelled.rate, 1)}), which is {percent(converted / labelled.label.sum(), 1)} of all conversions",
    )


def _second_look(name: str, auc: Estimate, limits: Limits) -> Iterator[Finding]:
    words = set(name.lower().replace("_", " ").replace("-", " ").split()) & LATER_WORDS
    if auc.low >= limits.notable:
        yield column_finding(
            FindingKind.SINGLE_COLUMN, name, auc, f"alone ranks the leads with {auc_text(auc)}", Severity.WARN
        )
    elif words and auc.low >= limits.named:
        yield column_finding(
            FindingKind.NAME,
            name,
            auc,
            f"has {', '.join(map(repr, sorted(words)))} in its name, as columns written later often have, and ranks "
            f"the leads with {auc_text(auc)}",
            Severity.WARN,
        )


def _digits(values: Vector) -> tuple[Codes, Codes]:
    """How many decimals each number is written with (up to 6), and its last digit; code 0 for a missing value."""
    known = ~np.isnan(values)
    decimals, last = np.zeros(len(values), dtype=np.int64), np.zeros(len(values), dtype=np.int64)
    unresolved = known & (np.abs(values) < 1e9)
    for places in range(7):
        scaled = np.where(unresolved, values, 0.0) * 10.0**places
        rounded = np.round(scaled)
        fits = unresolved & ((np.abs(scaled - rounded) < 1e-6 * np.maximum(1.0, 10.0 ** (places - 6))) | (places == 6))
        decimals[fits], last[fits] = places + 1, np.abs(rounded[fits]).astype(np.int64) % 10 + 1
        unresolved = unresolved & ~fits
    return decimals, last


def _examples(values: pd.Series, codes: Codes, wanted) -> str:
    """The two most frequent of the wanted levels, as a person would read them."""
    order = [code for code in np.argsort(-np.bincount(codes)) if wanted[code]][:2]
    examples = [values.iloc[int(np.flatnonzero(codes == code)[0])] for code in order]
    return ", ".join("missing" if pd.isna(example) else repr(example) for example in examples)
