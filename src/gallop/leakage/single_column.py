"""Leaks that one column shows by itself."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gallop.evaluation.metrics import Estimate, Vector
from gallop.leakage.finding import LATER_WORDS, Finding, FindingKind, Limits, Severity
from gallop.leakage.messages import advice, auc_text, number, percent
from gallop.leakage.statistics import (
    Codes,
    Study,
    bin_codes,
    counts,
    flag_ranking,
    level_codes,
    log_odds_gap,
    ranking,
    share,
    value_codes,
)

_NEAR_ROWS = 50
_FEWEST_LEVEL_ROWS = 30
_FEW_NUMBERS = 2


def column_findings(name: str, values: pd.Series, study: Study, limits: Limits) -> Iterator[Finding]:
    """All that one column shows; the strongest evidence first.

    Args:
        values: float64 with NaN, or any other type with None for missing, read as levels.
    """
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "f":
        numbers = values.to_numpy()
        binned = bin_codes(numbers)
        found = _number(name, numbers, ranking(binned, study), study, limits)
    else:
        codes = level_codes(values)
        found = _category(name, values, codes, ranking(codes, study), study, limits)
    stops = list(found)
    yield from stops
    missing = values.isna().to_numpy()
    if missing.any() and not missing.all():
        filled = flag_ranking(missing, study)
        if filled.low >= limits.missing:
            rate, other = study.label[missing].mean(), study.label[~missing].mean()
            yield _finding(
                FindingKind.MISSINGNESS,
                name,
                filled,
                f"is missing in {percent(missing.mean())} of the rows; of those {percent(rate)} convert, of the others "
                f"{percent(other)}: whether it is filled ranks the leads with {auc_text(filled)}",
            )


def _number(name: str, values: Vector, size: Estimate, study: Study, limits: Limits) -> Iterator[Finding]:
    if size.low >= limits.alone:
        yield _finding(FindingKind.SINGLE_COLUMN, name, size, f"alone ranks the leads with {auc_text(size)}")
        return
    codes = value_codes(values)
    distinct = int(codes.max())
    if distinct <= _FEW_NUMBERS:
        yield from _category(name, pd.Series(values), codes, size, study, limits)
        return
    stops = [
        *_spike(name, values, codes, study, limits),
        *_hidden(name, values, codes, size, study, limits),
        *_certain_value(name, values, codes, study, limits),
    ]
    yield from stops
    if not stops:
        yield from _second_look(name, size, limits)


def _category(
    name: str, values: pd.Series, codes: Codes, levels: Estimate, study: Study, limits: Limits
) -> Iterator[Finding]:
    if levels.low >= limits.few_values:
        kind = FindingKind.FUNCTION_OF_LABEL if levels.value > 0.999 else FindingKind.SINGLE_COLUMN
        yield _finding(kind, name, levels, f"is a category that alone ranks the leads with {auc_text(levels)}")
        return
    rows, converted = counts(codes, study.label)
    bounds = [share(hits, n, study.confidence) for hits, n in zip(converted, rows, strict=True)]
    yes = np.array([bound.low >= limits.said for bound in bounds])
    no = np.array([bound.high <= study.rate / 4 for bound in bounds])
    said_yes = converted[yes].sum() / study.label.sum()
    said_no = (rows - converted)[no].sum() / (1 - study.label).sum()
    if levels.low >= limits.verdict and min(said_yes, said_no) >= limits.verdict_side:
        yield _finding(
            FindingKind.VERDICT,
            name,
            levels,
            f"holds near-certain answers both ways (levels such as {_examples(values, codes, yes)} convert at "
            f"{percent(limits.said)} or more, {_examples(values, codes, no)} hardly ever) and alone ranks the leads "
            f"with {auc_text(levels)}",
        )
        return
    sure = [
        code
        for code in np.flatnonzero(rows >= _FEWEST_LEVEL_ROWS)
        if _decides(bounds[code], converted[code], study, limits)
    ]
    for code in sure:
        yield _certain(
            name, _examples(values, codes, np.arange(len(rows)) == code), converted[code], bounds[code], study
        )
    if not sure:
        yield from _second_look(name, levels, limits)


def _spike(name: str, values: Vector, codes: Codes, study: Study, limits: Limits) -> Iterator[Finding]:
    """A number whose usual value (often zero) and everything else are two different worlds.

    A cause works by degrees: a little more, a little likelier. Bookkeeping of the outcome does not: next to the usual
    value the odds leap, more than over all the rest of the range. It is the regression-discontinuity question
    (Thistlethwaite & Campbell 1960) asked at the usual value, with the tenth of the other rows nearest to it.
    """
    known = codes > 0
    rows = np.bincount(codes[known])
    usual = codes == rows.argmax()
    rest = known & ~usual
    flag = study.of(known)
    if rest.sum() < 2 * _NEAR_ROWS or not 0 < flag.rate < 1:
        return
    there = flag_ranking(usual[known], flag)
    if there.low < limits.spike:
        return
    centre = values[usual][0]
    away = np.abs(values[rest] - centre)
    size = max(_NEAR_ROWS, int(len(away) / 10))
    ordered = np.sort(away)
    label = study.label[rest]
    near, far = label[away <= ordered[size - 1]], label[away >= ordered[-size]]
    at = (study.label[usual].sum(), usual.sum())
    leap = log_odds_gap(at, (near.sum(), len(near)), study.confidence)
    slope = log_odds_gap((near.sum(), len(near)), (far.sum(), len(far)), study.confidence)
    steep = leap.low >= limits.jump or leap.high <= -limits.jump
    if steep and abs(leap.value) > abs(slope.value):
        yield _finding(
            FindingKind.SPIKE,
            name,
            there,
            f"is {number(centre)} in {percent(usual.sum() / known.sum())} of its rows, of which "
            f"{percent(at[0] / at[1])} convert; just beside it {percent(near.mean())} do, at the far end "
            f"{percent(far.mean())}. Whether it is {number(centre)} ranks the leads with {auc_text(there)}",
        )


def _hidden(name: str, values: Vector, codes: Codes, size: Estimate, study: Study, limits: Limits) -> Iterator[Finding]:
    """A number whose digits, or exact values, know what its size does not."""
    needed = max(limits.digits, size.high + limits.beyond)
    decimals, last = _digits(values)
    views = {
        "the number of its decimals": (FindingKind.HIDDEN_IN_DIGITS, decimals),
        "its last digit": (FindingKind.HIDDEN_IN_DIGITS, last),
        "its exact value": (FindingKind.EXACT_VALUES, codes),
    }
    for what, (kind, view) in views.items():
        found = ranking(view, study)
        if found.low >= needed:
            yield _finding(
                kind,
                name,
                found,
                f"hides the label: {what} ranks the leads with {auc_text(found)}, its size with {auc_text(size)}",
            )
            return


def _certain_value(name: str, values: Vector, codes: Codes, study: Study, limits: Limits) -> Iterator[Finding]:
    """One value of a number that is near certain although its neighbours are not."""
    rows, converted = counts(codes, study.label)
    for code in np.flatnonzero((rows >= _FEWEST_LEVEL_ROWS) & (np.arange(len(rows)) > 0)):
        bound = share(converted[code], rows[code], study.confidence)
        if not _decides(bound, converted[code], study, limits):
            continue
        value, others = values[codes == code][0], (codes > 0) & (codes != code)
        away = np.abs(values - value)
        near = others & (away <= np.sort(away[others])[: 2 * _NEAR_ROWS].max(initial=0.0))
        beside = share(study.label[near].sum(), near.sum(), study.confidence)
        if beside.high < limits.certain:
            yield _certain(name, number(value), converted[code], bound, study)


def _decides(bound: Estimate, converted: float, study: Study, limits: Limits) -> bool:
    odds, base = bound.value / max(1 - bound.value, 1e-9), study.rate / (1 - study.rate)
    sure = bound.value >= limits.level_certain and bound.low >= limits.certain and odds >= limits.level_odds * base
    return bool(sure and converted >= limits.level_share * study.label.sum())


def _certain(name: str, level: str, converted: float, bound: Estimate, study: Study) -> Finding:
    return _finding(
        FindingKind.NEAR_CERTAIN_LEVEL,
        name,
        bound,
        f"where it is {level}, {percent(bound.value)} convert (at least {percent(bound.low)}; base rate "
        f"{percent(study.rate)}), which is {percent(converted / study.label.sum())} of all conversions",
    )


def _second_look(name: str, found: Estimate, limits: Limits) -> Iterator[Finding]:
    words = set(name.lower().replace("_", " ").replace("-", " ").split()) & LATER_WORDS
    if found.low >= limits.notable:
        yield _finding(
            FindingKind.SINGLE_COLUMN, name, found, f"alone ranks the leads with {auc_text(found)}", Severity.WARN
        )
    elif words and found.low >= limits.named:
        yield _finding(
            FindingKind.NAME,
            name,
            found,
            f"has {', '.join(map(repr, sorted(words)))} in its name, as columns written later often have, and ranks "
            f"the leads with {auc_text(found)}",
            Severity.WARN,
        )


def _finding(
    kind: FindingKind, name: str, estimate: Estimate, said: str, severity: Severity = Severity.STOP
) -> Finding:
    return Finding(
        kind=kind, column=name, severity=severity, estimate=estimate, evidence=f"{name}: {said}.", advice=advice(kind)
    )


def _digits(values: Vector) -> tuple[Codes, Codes]:
    """How many decimals each number is written with (up to 6), and its last digit; code 0 for a missing value."""
    known = ~np.isnan(values)
    decimals, last = np.zeros(len(values), dtype=np.int64), np.zeros(len(values), dtype=np.int64)
    left = known & (np.abs(values) < 1e9)
    for places in range(7):
        scaled = np.where(left, values, 0.0) * 10.0**places
        whole = np.round(scaled)
        fits = left & ((np.abs(scaled - whole) < 1e-6 * np.maximum(1.0, 10.0 ** (places - 6))) | (places == 6))
        decimals[fits], last[fits] = places + 1, np.abs(whole[fits]).astype(np.int64) % 10 + 1
        left = left & ~fits
    return decimals, last


def _examples(values: pd.Series, codes: Codes, wanted) -> str:
    """The two most frequent of the wanted levels, as a person would read them."""
    order = [code for code in np.argsort(-np.bincount(codes)) if wanted[code]][:2]
    firsts = [values.iloc[int(np.flatnonzero(codes == code)[0])] for code in order]
    return ", ".join("missing" if pd.isna(first) else repr(first) for first in firsts)
