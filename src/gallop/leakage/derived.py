"""Columns that were made from another column, or from the label, after the fact: overwritten copies, group means."""

from collections.abc import Iterator, Mapping
from itertools import permutations

import numpy as np
import pandas as pd

from gallop.evaluation.codes import Codes, LabelledRows, bin_codes, common_log_odds, counts, ranking, value_codes
from gallop.evaluation.metrics import Estimate, Vector
from gallop.leakage.finding import Finding, FindingKind, Limits
from gallop.leakage.messages import auc_text, column_finding
from gallop.results.percent import percent

_SHARED_LEVELS = 4
_MARKER_SHARE = 0.95
_MIN_OVERWRITTEN, _MAX_OVERWRITTEN = 0.02, 0.8
_MIN_GROUPS = 3


def overwritten_copies(levels: Mapping[str, pd.Series], labelled: LabelledRows, limits: Limits) -> Iterator[Finding]:
    """A category that is the copy of another, except where one marker level overwrote it.

    Two readings of one field that disagree prove that the field changes during a lead's life. Where being overwritten
    goes with the label, at equal values of the untouched copy, what happened in between is in the column.
    """
    # One vocabulary for all columns, so that levels compare as small numbers.
    codes, vocabulary = pd.factorize(np.concatenate([values.astype(object) for values in levels.values()] or [[]]))
    columns = dict(zip(levels, np.split(codes, len(levels) or 1), strict=False))
    levels_of = {name: frozenset(np.unique(column).tolist()) - {-1} for name, column in columns.items()}
    for name, other in permutations(levels, 2):
        if len(levels_of[name] & levels_of[other]) < _SHARED_LEVELS:
            continue
        differs = (columns[name] != columns[other]) & (columns[name] >= 0)
        if not _MIN_OVERWRITTEN <= differs.mean() <= _MAX_OVERWRITTEN:
            continue
        overwriting = np.bincount(columns[name][differs])
        if overwriting.max() < _MARKER_SHARE * differs.sum() or int(overwriting.argmax()) in levels_of[other]:
            continue
        marker, codes = vocabulary[overwriting.argmax()], columns[other] + 1
        log_odds = common_log_odds(differs, codes, labelled)
        if max(log_odds.low, -log_odds.high) < limits.overwritten:
            continue
        odds_ratio = Estimate(value=np.exp(log_odds.value), low=np.exp(log_odds.low), high=np.exp(log_odds.high))
        text = (
            f"equals {other} except in {percent(differs.mean(), 1)} of the rows, nearly all overwritten by {marker!r}: "
            f"one field read at two times. At equal {other}, overwriting goes with {odds_ratio.value:.2f} times the "
            f"odds ({odds_ratio.low:.2f} to {odds_ratio.high:.2f}) of converting"
        )
        yield column_finding(FindingKind.OVERWRITTEN_COPY, name, odds_ratio, text, others=(other,))
        auc = ranking(codes, labelled)
        if auc.low >= limits.untouched:
            text = (
                f"is a field that changes during a lead's life, as {name} shows, and ranks the leads with "
                f"{auc_text(auc)}"
            )
            yield column_finding(FindingKind.OVERWRITTEN_COPY, other, auc, text, others=(name,))


def group_means(
    numbers: Mapping[str, Vector], levels: Mapping[str, Codes], labelled: LabelledRows, intervals: int, limits: Limits
) -> Iterator[Finding]:
    """A number that fits the conversion rates of its groups better than chance allows.

    An honest forecast misses each group's rate by binomial noise. A mean computed from these very labels does not: the
    chi-squared statistic of rates against values is then far too small (the lower tail, as Fisher 1936 read Mendel).
    """
    from scipy.stats import chi2

    for name, values in numbers.items():
        scale = 100.0 if np.nanmax(values, initial=0.0) > 1 else 1.0
        if np.nanmin(values, initial=0.0) < 0 or np.nanmax(values, initial=0.0) > scale:
            continue
        exact, auc = value_codes(values), ranking(bin_codes(values), labelled)
        groupings = [exact, *(codes for codes in levels.values() if _constant_within(exact, codes))]
        for codes in groupings:
            rows, converted = counts(codes, labelled.label)
            stated = np.bincount(codes, np.nan_to_num(values) / scale) / np.maximum(rows, 1)
            expected = rows * stated * (1 - stated)
            used = expected >= 1
            if used.sum() < _MIN_GROUPS:
                continue
            statistic = float((((converted - rows * stated) ** 2)[used] / expected[used]).sum())
            chance = float(chi2.cdf(statistic, used.sum()))
            if chance * intervals < limits.too_even:
                ratio = statistic / used.sum()
                text = (
                    f"states the conversion rate of {used.sum()} groups of these rows with {percent(ratio, 1)} of the "
                    f"noise that a forecast must have (chance {chance:.1g}), and ranks the leads with {auc_text(auc)}"
                )
                yield column_finding(FindingKind.GROUP_MEAN, name, auc, text)
                break


def _constant_within(exact: Codes, codes: Codes) -> bool:
    """Whether each level has one value of the number, and levels are groups rather than single rows."""
    levels = len(np.unique(codes))
    return levels < len(codes) / 2 and len(np.unique(codes * (exact.max() + 1) + exact)) == levels
