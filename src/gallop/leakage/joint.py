"""Leaks that show only when columns are seen together."""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gallop.evaluation.metrics import Estimate, Vector
from gallop.leakage.finding import Finding, FindingKind, Limits, Severity
from gallop.leakage.messages import advice, auc_text, stop
from gallop.leakage.statistics import (
    FOLDS,
    Codes,
    Study,
    bin_codes,
    counts,
    held_out_rates,
    ranking,
    score_ranking,
)

_COARSE = 8
_SCREENED_ROWS = 5000


def joint_pairs(codes: Mapping[str, Codes], study: Study, limits: Limits) -> Iterator[Finding]:
    """Two columns that say together what neither says alone, such as an exclusive or.

    Screened by interaction information (McGill 1954) on at most 5,000 rows, then measured on all.
    """
    coarse = {name: _coarse(view) for name, view in codes.items()}
    some = slice(None, None, max(1, len(study.label) // _SCREENED_ROWS))
    label = study.label[some]
    alone = {name: _told(view[some], label) for name, view in coarse.items()}
    for first, second in combinations(coarse, 2):
        both = coarse[first] * (_COARSE + 2) + coarse[second]
        if _told(both[some], label) - alone[first] - alone[second] < limits.synergy:
            continue
        found = ranking(both, study)
        if found.low >= limits.pair:
            name, other = sorted((first, second), key=lambda each: alone[each])
            told = f"together with {other} ranks the leads with {auc_text(found)}, while neither does alone"
            yield stop(FindingKind.FUNCTION_OF_LABEL, name, found, told, (other,))


def linear_function(numbers: Mapping[str, Vector], study: Study, limits: Limits) -> Iterator[Finding]:
    """The label as a linear, or after logarithms multiplicative, function of numbers: Fisher's (1936) discriminant."""
    if len(numbers) < 2:
        return
    found = _discriminant(numbers, study)
    if found.low < limits.overall:
        return
    without = {
        name: _discriminant({other: each for other, each in numbers.items() if other != name}, study).value
        for name in numbers
    }
    needed = [name for name in sorted(without, key=lambda each: without[each]) if without[name] < found.low][:4]
    alone = {name: ranking(bin_codes(numbers[name]), study).value for name in needed}
    needed.sort(key=lambda name: -alone[name])
    if needed:
        others = tuple(needed[1:])
        told = (
            f"in a linear function with {', '.join(others) or 'other numbers'} ranks the leads with {auc_text(found)}"
        )
        yield stop(FindingKind.FUNCTION_OF_LABEL, needed[0], found, told, others)


def overall_score(codes: Mapping[str, Codes], study: Study) -> tuple[Vector, Vector]:
    """Out-of-fold probability of each row from all columns, and how much each column adds to it.

    An additive model: logistic regression on the held-out log-odds of each column's codes (stacking, Wolpert 1992).
    """
    from sklearn.linear_model import LogisticRegression

    if not codes:
        return np.full(len(study.label), study.rate), np.zeros(0)
    rates = np.column_stack([held_out_rates(view, study) for view in codes.values()])
    odds = np.log(rates / (1 - rates))
    odds = (odds - odds.mean(axis=0)) / np.maximum(odds.std(axis=0), 1e-9)
    probability, weight = np.zeros(len(study.label)), np.zeros(odds.shape[1])
    for fold in range(FOLDS):
        out = study.fold == fold
        model = LogisticRegression(solver="newton-cholesky").fit(odds[~out], study.label[~out])
        probability[out] = model.predict_proba(odds[out])[:, 1]
        weight += np.abs(model.coef_[0]) / FOLDS
    return probability, weight


def too_good(codes: Mapping[str, Codes], study: Study, limits: Limits) -> Iterator[Finding]:
    """All columns together rank better than any honest lead table does; names those whose absence makes it honest."""
    probability, weight = overall_score(codes, study)
    first = now = score_ranking(probability, study)
    left, dropped = dict(codes), []
    while now.low >= limits.overall and len(left) > 1:
        dropped.append(list(left)[int(weight.argmax())])
        del left[dropped[-1]]
        probability, weight = overall_score(left, study)
        now = score_ranking(probability, study)
    if dropped:
        without = ", ".join(dropped)
        told = f"all columns together rank the leads with {auc_text(first)}; without {without} with {auc_text(now)}."
        yield Finding(
            kind=FindingKind.TOO_GOOD,
            column=None,
            others=tuple(dropped),
            severity=Severity.STOP,
            estimate=first,
            evidence=told[0].upper() + told[1:],
            advice=advice(FindingKind.TOO_GOOD),
        )


def _coarse(codes: Codes) -> Codes:
    """The most frequent codes, and one for all others: at most `_COARSE` + 2, for a small table of pairs."""
    frequent = np.argsort(-np.bincount(codes), kind="stable")[:_COARSE]
    place = np.full(int(codes.max()) + 1, len(frequent), dtype=np.int64)
    place[frequent] = np.arange(len(frequent))
    return place[codes]


def _told(codes: Codes, label: Vector) -> float:
    """Share of the label's entropy that the codes take away (the uncertainty coefficient, Theil 1970)."""
    rows, converted = counts(codes, label)
    before = _entropy(np.array([len(label)]), np.array([label.sum()]))
    return 1 - _entropy(rows, converted) / before if before > 0 else 0.0


def _entropy(rows: NDArray, converted: NDArray) -> float:
    rate = converted / np.maximum(rows, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
    return float((rows * np.nan_to_num(bits)).sum())


def _discriminant(numbers: Mapping[str, Vector], study: Study) -> Estimate:
    """AUC of the least-squares score, cross-fitted."""
    parts = []
    for values in numbers.values():
        filled = np.nan_to_num(values, nan=float(np.nanmean(values)) if not np.isnan(values).all() else 0.0)
        size = np.abs(filled)
        parts += [filled, np.log(np.maximum(size, size[size > 0].min() / 2 if size.any() else 1.0))]
    X = np.column_stack(parts) if parts else np.zeros((len(study.label), 0))
    X = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-12)
    X = np.column_stack([X, np.ones(len(X))])
    score, ridge = np.zeros(len(X)), 1e-9 * len(X) * np.eye(X.shape[1])
    whole, target = X.T @ X, X.T @ study.label
    for fold in range(FOLDS):
        out = study.fold == fold
        gram, moment = whole - X[out].T @ X[out], target - X[out].T @ study.label[out]
        score[out] = X[out] @ np.linalg.solve(gram + ridge, moment)
    return score_ranking(score, study)
