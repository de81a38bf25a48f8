"""Leaks that show only when columns are seen together."""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gallop.evaluation.codes import (
    FOLDS,
    Codes,
    LabelledRows,
    bin_codes,
    counts,
    overall_score,
    ranking,
    score_ranking,
)
from gallop.evaluation.metrics import Estimate, Vector
from gallop.leakage.finding import Finding, FindingKind, Limits
from gallop.leakage.messages import auc_text, column_finding, table_finding

_COARSE_CODES = 8
_SCREENED_ROWS = 5000


def joint_pairs(codes: Mapping[str, Codes], labelled: LabelledRows, limits: Limits) -> Iterator[Finding]:
    """Two columns that predict together what neither predicts alone, such as an exclusive or.

    Screened by interaction information (McGill 1954) on at most 5,000 rows, then measured on all.
    """
    coarse = {name: _coarse(view) for name, view in codes.items()}
    screened = slice(None, None, max(1, len(labelled.label) // _SCREENED_ROWS))
    label = labelled.label[screened]
    alone = {name: _information(view[screened], label) for name, view in coarse.items()}
    for first, second in combinations(coarse, 2):
        pair = coarse[first] * (_COARSE_CODES + 2) + coarse[second]
        if _information(pair[screened], label) - alone[first] - alone[second] < limits.synergy:
            continue
        auc = ranking(pair, labelled)
        if auc.low >= limits.pair:
            name, other = sorted((first, second), key=lambda column: alone[column])
            text = f"together with {other} ranks the leads with {auc_text(auc)}, while neither does alone"
            yield column_finding(FindingKind.FUNCTION_OF_LABEL, name, auc, text, others=(other,))


def linear_function(numbers: Mapping[str, Vector], labelled: LabelledRows, limits: Limits) -> Iterator[Finding]:
    """The label as a linear, or after logarithms multiplicative, function of numbers: Fisher's (1936) discriminant."""
    if len(numbers) < 2:
        return
    auc = _discriminant(numbers, labelled)
    if auc.low < limits.overall:
        return
    without = {
        name: _discriminant({other: values for other, values in numbers.items() if other != name}, labelled).value
        for name in numbers
    }
    needed = [name for name in sorted(without, key=lambda column: without[column]) if without[name] < auc.low][:4]
    alone = {name: ranking(bin_codes(numbers[name]), labelled).value for name in needed}
    needed.sort(key=lambda name: -alone[name])
    if needed:
        others = tuple(needed[1:])
        text = f"in a linear function with {', '.join(others) or 'other numbers'} ranks the leads with {auc_text(auc)}"
        yield column_finding(FindingKind.FUNCTION_OF_LABEL, needed[0], auc, text, others=others)


def too_good(codes: Mapping[str, Codes], labelled: LabelledRows, limits: Limits) -> Iterator[Finding]:
    """All columns together rank better than any honest lead table does; names those whose absence makes it honest."""
    probability, weight = overall_score(codes, labelled)
    auc = remaining_auc = score_ranking(probability, labelled)
    remaining, dropped = dict(codes), []
    while remaining_auc.low >= limits.overall and len(remaining) > 1:
        dropped.append(list(remaining)[int(weight.argmax())])
        del remaining[dropped[-1]]
        probability, weight = overall_score(remaining, labelled)
        remaining_auc = score_ranking(probability, labelled)
    if dropped:
        evidence = (
            f"All columns together rank the leads with {auc_text(auc)}; without {', '.join(dropped)} with "
            f"{auc_text(remaining_auc)}."
        )
        yield table_finding(FindingKind.TOO_GOOD, auc, evidence, others=dropped)


def _coarse(codes: Codes) -> Codes:
    """The most frequent codes, and one for all others: at most `_COARSE_CODES` + 2, for a small table of pairs."""
    frequent = np.argsort(-np.bincount(codes), kind="stable")[:_COARSE_CODES]
    coarse = np.full(int(codes.max()) + 1, len(frequent), dtype=np.int64)
    coarse[frequent] = np.arange(len(frequent))
    return coarse[codes]


def _information(codes: Codes, label: Vector) -> float:
    """Share of the label's entropy that the codes take away (the uncertainty coefficient, Theil 1970)."""
    rows, converted = counts(codes, label)
    total = _entropy(np.array([len(label)]), np.array([label.sum()]))
    return 1 - _entropy(rows, converted) / total if total > 0 else 0.0


def _entropy(rows: NDArray, converted: NDArray) -> float:
    rate = converted / np.maximum(rows, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
    return float((rows * np.nan_to_num(bits)).sum())


def _discriminant(numbers: Mapping[str, Vector], labelled: LabelledRows) -> Estimate:
    """AUC of the least-squares score, cross-fitted."""
    parts = []
    for values in numbers.values():
        filled = np.nan_to_num(values, nan=float(np.nanmean(values)) if not np.isnan(values).all() else 0.0)
        size = np.abs(filled)
        parts += [filled, np.log(np.maximum(size, size[size > 0].min() / 2 if size.any() else 1.0))]
    X = np.column_stack(parts) if parts else np.zeros((len(labelled.label), 0))
    X = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-12)
    X = np.column_stack([X, np.ones(len(X))])
    score, ridge = np.zeros(len(X)), 1e-9 * len(X) * np.eye(X.shape[1])
    whole, target = X.T @ X, X.T @ labelled.label
    for fold in range(FOLDS):
        out = labelled.fold == fold
        gram, moment = whole - X[out].T @ X[out], target - X[out].T @ labelled.label[out]
        score[out] = X[out] @ np.linalg.solve(gram + ridge, moment)
    return score_ranking(score, labelled)
