"""The leak guard: searches the training rows for columns, ids, days and rows that give the outcome away."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gallop.evaluation.codes import Codes, LabelledRows, bin_codes, deal_folds, level_codes, overall_score
from gallop.evaluation.metrics import Vector
from gallop.leakage.derived import group_means, overwritten_copies
from gallop.leakage.finding import Finding, Limits, Severity
from gallop.leakage.joint import joint_pairs, linear_function, too_good
from gallop.leakage.rows import day_findings, id_findings, order_findings, repeated_rows
from gallop.leakage.single_column import column_findings
from gallop.schema import Role

FEATURES = (Role.NUMBER, Role.CATEGORY, Role.BOOLEAN)
_INTERVALS_PER_COLUMN = 6
_INTERVALS_PER_ID = 10
_INTERVALS_OF_ROWS = 10
_MIN_PER_CLASS = 20


def find_leaks(
    train: pd.DataFrame,
    label: NDArray,
    roles: Mapping[str, Role],
    *,
    ids: Sequence[str | None] | Mapping[str, Sequence[str | None]] | None = None,
    order: NDArray | None = None,
    days: Sequence[str | None] | None = None,
    other_dates: Mapping[str, Sequence[str | None]] | None = None,
    test: pd.DataFrame | None = None,
    test_label: NDArray | None = None,
    seed: int = 42,
    confidence: float = 0.95,
    limits: Limits | None = None,
) -> tuple[Finding, ...]:
    """All findings, those that stop a run first.

    Only training rows decide. The test rows are compared with them for equality, and for nothing else.

    Args:
        train: columns as they are before anything is fitted; NaN or None for missing.
        label: shape (n,), 0 or 1.
        roles: column → role; those in `FEATURES` that `train` has are looked at.
        ids: keys of the rows, by column name where that is known; not looked at as features.
        order: shape (n,), the row's number in the raw file.
        days: the decision day of each row, YYYY-MM-DD.
        other_dates: column → days, YYYY-MM-DD.
        test: the same columns of the test rows.
        test_label: their labels.
        seed: of the dealing into folds.
        confidence: coverage that all intervals have together.
        limits: how strong evidence must be.

    Returns:
        Nothing where fewer than 20 rows of a class leave no evidence to speak of.
    """
    from threadpoolctl import threadpool_limits

    limits, outcome = limits or Limits(), np.asarray(label, dtype=np.float64)
    if min(outcome.sum(), (1 - outcome).sum()) < _MIN_PER_CLASS:
        return ()
    names = [name for name in train.columns if roles.get(name) in FEATURES]
    dates, keys = dict(other_dates or {}), _named(ids)
    intervals = _INTERVALS_PER_COLUMN * (len(names) + len(dates)) + _INTERVALS_PER_ID * len(keys) + _INTERVALS_OF_ROWS
    labelled = deal_folds(outcome, confidence=confidence, intervals=intervals, seed=seed)
    # The matrices are small: threads would only wait for each other.
    with threadpool_limits(limits=1):
        table = _typed(train[names], roles)
        views = {name: _view(table[name]) for name in names}
        findings = [finding for name in names for finding in column_findings(name, table[name], labelled, limits)]
        findings += _joint_findings(table, views, labelled, intervals, limits, _stopped(findings))
        for name, texts in keys.items():
            findings += id_findings(name, texts, labelled, limits)
        if order is not None:
            findings += order_findings(np.asarray(order), labelled, limits)
        findings += day_findings(days, dates, labelled, limits)
        findings += too_good(
            {name: view for name, view in views.items() if name not in _stopped(findings)}, labelled, limits
        )
        outcome_of_test = None if test_label is None else np.asarray(test_label, dtype=np.float64)
        findings += repeated_rows(
            table,
            None if test is None else _typed(test[names], roles),
            outcome_of_test,
            overall_score(views, labelled)[0],
            labelled,
            limits,
        )
    stopped = _stopped(findings)
    kept = [finding for finding in findings if finding.severity is Severity.STOP or finding.column not in stopped]
    return tuple(sorted(kept, key=lambda finding: finding.severity is not Severity.STOP))


def _joint_findings(
    table: pd.DataFrame,
    views: dict[str, Codes],
    labelled: LabelledRows,
    intervals: int,
    limits: Limits,
    stopped: set[str],
) -> list[Finding]:
    numbers: dict[str, Vector] = {name: table[name].to_numpy() for name in table if _is_number(table[name])}
    levels = {name: table[name] for name in table if name not in numbers}
    findings = [
        *overwritten_copies(levels, labelled, limits),
        *group_means(numbers, {name: views[name] for name in levels}, labelled, intervals, limits),
    ]
    stopped = stopped | _stopped(findings)
    findings += joint_pairs({name: view for name, view in views.items() if name not in stopped}, labelled, limits)
    stopped = stopped | _stopped(findings)
    findings += linear_function(
        {name: values for name, values in numbers.items() if name not in stopped}, labelled, limits
    )
    return findings


def _stopped(findings: Sequence[Finding]) -> set[str]:
    return {finding.column for finding in findings if finding.severity is Severity.STOP and finding.column is not None}


def _named(ids: Sequence[str | None] | Mapping[str, Sequence[str | None]] | None) -> Mapping:
    if ids is None:
        return {}
    return ids if isinstance(ids, Mapping) else {None: ids}


def _typed(table: pd.DataFrame, roles: Mapping[str, Role]) -> pd.DataFrame:
    """Numbers as float64, whatever kind of number they came as; everything else as it is."""
    return pd.DataFrame(
        {name: table[name].astype(np.float64 if roles[name] is Role.NUMBER else object) for name in table.columns}
    )


def _view(values: pd.Series) -> Codes:
    return bin_codes(values.to_numpy()) if _is_number(values) else level_codes(values)


def _is_number(values: pd.Series) -> bool:
    return isinstance(values.dtype, np.dtype) and values.dtype.kind == "f"
