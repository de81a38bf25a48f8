"""Learns how model inputs become one matrix of numbers, for the families whose scores can be taken apart again.

A category becomes one column per level, and where it has many levels also the conversion rate of the level. What a
level turns into is worked out once, in `fit`, as a row of a table (`additive.columns`).
"""

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import TargetEncoder

from gallop.additive.columns import EncodedColumns, LevelTable, Matrix, SplineTable
from gallop.evaluation.metrics import Vector

RARE_ROWS: Final = 15
"""Levels of fewer training rows share one column."""
_QUANTILES: Final = 200
_RATE_LEVELS: Final = {False: 3, True: 20}
"""Categories with more levels than this also get their levels' conversion rates: of trees, of linear models."""
_ONE_HOT_LEVELS: Final = 20
"""Of categories with rates, this many levels have columns of their own too: the commonest."""
_RATE_FOLDS, _SEED = 5, 0


class Columns:
    """Learns the encoding of a pandas frame of Float64 numbers and text levels.

    Args:
        numbers: names of the numbers.
        categories: names of the categories.
        splines: True for linear models: each number as a cubic B-spline over its quantiles, and an indicator of gaps.
        fixed: categories whose encoding does not follow from the number of levels: `one_hot` or `target`.
    """

    fitted: EncodedColumns
    """After `fit`."""

    def __init__(
        self,
        numbers: list[str],
        categories: list[str],
        *,
        splines: bool = False,
        fixed: dict[str, str] | None = None,
    ) -> None:
        self.numbers, self.categories, self.splines, self.fixed = numbers, categories, splines, fixed or {}

    def fit(self, X: pd.DataFrame, y: Vector) -> EncodedColumns:
        """Learn levels, rates, knots and means from training rows. y: shape (n,), 0 or 1."""
        self.fit_transform(X, y)
        return self.fitted

    def fit_transform(self, X: pd.DataFrame, y: Vector) -> Matrix:
        """Learn, and encode the same rows: each one's rates are those of the *other* folds, so no label leaks in."""
        rated = [name for name in self.categories if self._has_rate(name, X[name].nunique())]
        rates, of_others = {}, {}
        if rated:
            folds = StratifiedKFold(_RATE_FOLDS, shuffle=True, random_state=_SEED)
            encoder = TargetEncoder(target_type="binary", cv=folds)
            crossed = encoder.fit_transform(X[rated], y)
            for index, name in enumerate(rated):
                rates[name] = dict(zip(encoder.categories_[index], encoder.encodings_[index], strict=True))
                of_others[name] = crossed[:, index]
        overall = float(np.mean(y))
        categories = {name: self._levels(name, X[name], rates.get(name), overall) for name in self.categories}
        learnt = EncodedColumns(tuple(self.numbers), self._learn_splines(X), categories, center=np.empty(0))
        encoded = learnt.transform(X)
        sources = np.array(learnt.sources)
        for name, of_rows in of_others.items():
            # The rate is the last of a category's columns.
            encoded[:, np.flatnonzero(sources == name)[-1]] = self._as_column(of_rows)
        with np.errstate(invalid="ignore"):
            center = np.nan_to_num(np.nanmean(np.where(np.isnan(encoded).all(axis=0), 0.0, encoded), axis=0))
        self.fitted = replace(learnt, center=center)
        return encoded

    def transform(self, X: pd.DataFrame) -> Matrix:
        """Encode other rows. Shape (rows, columns)."""
        return self.fitted.transform(X)

    def _learn_splines(self, X: pd.DataFrame) -> SplineTable | None:
        if not (self.splines and self.numbers):
            return None
        values = X[self.numbers].to_numpy(dtype=np.float64)
        gaps = np.isnan(values)
        values = np.where(gaps.all(axis=0), 0.0, values)
        middle = np.nanmedian(values, axis=0)
        filled = np.where(np.isnan(values), middle, values)
        ranks = np.linspace(0.0, 1.0, min(_QUANTILES, len(X)))
        return SplineTable(middle, np.quantile(filled, ranks, axis=0).T, np.flatnonzero(gaps.any(axis=0)))

    def _has_rate(self, name: str, levels: int) -> bool:
        fixed = self.fixed.get(name)
        return fixed == "target" or (fixed is None and levels > _RATE_LEVELS[self.splines])

    def _levels(self, name: str, values: pd.Series, rates: dict | None, overall: float) -> LevelTable:
        counts = values.value_counts()
        levels = sorted(counts.index)
        most = _ONE_HOT_LEVELS if rates is not None else len(levels)
        # Equally common ones in their order, so that the choice is the same on every machine.
        commonest = set(sorted(levels, key=lambda level: -counts[level])[:most])
        common = [level for level in levels if counts[level] >= RARE_ROWS and level in commonest]
        rare = len(common) < len(levels)
        groups = {level: index for index, level in enumerate(common)}
        width = 0 if self.fixed.get(name) == "target" else len(common) + rare
        one_hot = np.zeros((len(levels) + 1, width))
        for row, level in enumerate([*levels, None]):
            group = groups.get(level, len(common) if rare else None)
            if group is not None and width:
                one_hot[row, group] = 1.0
        # Of two columns that say the same, one; a category of one level says nothing.
        parts = [one_hot[:, 1:] if width <= 2 else one_hot]
        if rates is not None:
            parts.append(self._as_column(np.array([*(rates[level] for level in levels), overall]))[:, None])
        return LevelTable(tuple(map(str, levels)), np.hstack(parts))

    def _as_column(self, rates: Vector) -> Vector:
        return logit(np.clip(rates, 1e-4, 1 - 1e-4)) if self.splines else rates
