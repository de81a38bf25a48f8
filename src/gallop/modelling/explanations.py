"""What each column adds to each score, over all leads and for the surest cases. Pure."""

from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit

from gallop.additive.columns import Matrix
from gallop.evaluation.metrics import Vector
from gallop.modelling.search.folds import Rows
from gallop.results.evidence import Effect, EffectPoint, LeadExample, Reason

_RANGES, _LEVELS, _CASES, _REASONS = 12, 12, 5, 5
_INNER: Final = (0.1, 0.9)


def effects(X: pd.DataFrame, contributions: Matrix) -> tuple[Effect, ...]:
    """What each column does over all leads, the strongest first.

    Args:
        X: model inputs, n rows.
        contributions: shape (n, inputs), log-odds.
    """
    effects_of_columns = []
    for index, name in enumerate(X.columns):
        of_column = contributions[:, index]
        strength = float(np.abs(of_column - of_column.mean()).mean())
        effects_of_columns.append(Effect(column=name, strength=strength, points=_points(X[name], of_column)))
    return tuple(sorted(effects_of_columns, key=lambda effect: -effect.strength))


def reasons(row: pd.Series, contributions: Vector, most: int = _REASONS) -> tuple[Reason, ...]:
    """The largest contributions to one score, the largest first."""
    order = np.argsort(-np.abs(contributions), kind="stable")[:most]
    return tuple(
        Reason(column=str(row.index[index]), value=_plain(row.iloc[index]), log_odds=float(contributions[index]))
        for index in order
    )


def surest(
    X: pd.DataFrame, label: Vector, contributions: Matrix, base: float
) -> tuple[tuple[LeadExample, ...], tuple[LeadExample, ...]]:
    """The surest right and the surest wrong answers: of converted and of other leads alike."""
    probability = expit(base + contributions.sum(axis=1))
    miss = np.abs(label - probability)

    def cases(order: Rows) -> tuple[LeadExample, ...]:
        return tuple(
            LeadExample(
                probability=float(probability[row]),
                converted=bool(label[row] == 1),
                reasons=reasons(X.iloc[row], contributions[row]),
            )
            for row in order[:_CASES]
        )

    # Hits: converted leads only, since the surest answers of all are the many leads that were never going to.
    converted = np.flatnonzero(label == 1)
    return (
        cases(converted[np.argsort(miss[converted], kind="stable")]),
        cases(np.argsort(-miss, kind="stable")),
    )


def _points(values: pd.Series, contributions: Vector) -> tuple[EffectPoint, ...]:
    if values.dtype.kind == "f":
        known = np.flatnonzero(values.notna())
        order = known[np.argsort(values.to_numpy()[known], kind="stable")]
        numbers = values.to_numpy()
        # Equal numbers stay together, so a column of few values has a point for each.
        edges = np.unique(np.quantile(numbers[order], np.linspace(0, 1, _RANGES + 1)[1:-1])) if len(order) else []
        parts_of_rows = np.searchsorted(edges, numbers[order], side="left")
        parts: list[tuple[str | float | None, Rows]] = [
            (float(np.median(numbers[order[parts_of_rows == part]])), order[parts_of_rows == part])
            for part in np.unique(parts_of_rows)
        ]
        if len(known) < len(values):
            parts.append((None, np.flatnonzero(values.isna())))
    else:
        counts = values.value_counts()
        texts = values.to_numpy(dtype=object)
        parts = [(str(level), np.flatnonzero(texts == level)) for level in sorted(counts.index[:_LEVELS])]
    return tuple(_point(value, contributions[rows]) for value, rows in parts)


def _point(value: str | float | None, contributions: Vector) -> EffectPoint:
    low, high = np.quantile(contributions, _INNER)
    return EffectPoint(
        value=value, rows=len(contributions), log_odds=float(contributions.mean()), low=float(low), high=float(high)
    )


def _plain(value: object) -> str | float | None:
    if isinstance(value, str):
        return value
    return None if pd.isna(value) else float(value)  # ty: ignore[invalid-argument-type]
