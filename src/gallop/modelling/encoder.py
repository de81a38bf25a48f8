"""Model inputs → one matrix of numbers, for the families whose scores are a sum that can be taken apart again.

Trees get numbers as they are (NaN where missing), linear models get them as splines. A category becomes one column per
level, and where it has many levels also the conversion rate of the level. What a level turns into is worked out once,
in `fit`, as a row of a table; encoding leads is then looking rows up, which takes microseconds. Every column of the
matrix knows which input it came from, so contributions can be added up per input.
"""

from itertools import repeat
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import SplineTransformer, TargetEncoder
from sklearn.utils.validation import check_is_fitted

from gallop.evaluation.metrics import Vector
from gallop.schema import MISSING_LEVEL

Matrix = NDArray[np.float64]
LevelRows = NDArray[np.intp]

RARE_ROWS: Final = 15
"""Levels of fewer training rows share one column."""
_KNOTS, _QUANTILES = 6, 200
_RATE_LEVELS: Final = {False: 3, True: 20}
"""Categories with more levels than this also get their levels' conversion rates: of trees, of linear models."""
_RATE_FOLDS, _SEED = 5, 0
_GRID = np.linspace(0.0, 1.0, 201)[:, None]
_BASIS: Final = SplineTransformer(_KNOTS, include_bias=False).fit_transform(_GRID)
"""Shape (points, splines): every number has the same splines over its ranks, so they are worked out once."""


class Columns(TransformerMixin, BaseEstimator):
    """Encode a pandas frame of Float64 numbers and text levels.

    Args:
        numbers: names of the numbers.
        categories: names of the categories.
        splines: True for linear models: each number as a cubic B-spline over its quantiles, and an indicator of gaps.
        fixed: categories whose encoding does not follow from the number of levels: `one_hot` or `target`.

    Attributes:
        sources_: the input each column of the result comes from.
        center_: shape (columns,), the mean of each column over the training rows; gaps count as absent.
    """

    def __init__(
        self,
        numbers: list[str],
        categories: list[str],
        *,
        splines: bool = False,
        fixed: dict[str, str] | None = None,
    ) -> None:
        self.numbers, self.categories, self.splines, self.fixed = numbers, categories, splines, fixed

    def fit(self, X: pd.DataFrame, y: Vector):
        """Learn levels, rates and knots from training rows. y: shape (n,), 0 or 1."""
        self._learn(X, y)
        return self

    def fit_transform(self, X: pd.DataFrame, y: Vector) -> Matrix:  # ty: ignore[incompatible-method-override]
        """Learn, and encode the same rows: each one's rates are those of the *other* folds, so no label leaks in."""
        others = self._learn(X, y)
        encoded = self.transform(X)
        for name, rates in others.items():
            encoded[:, self._rate_places[name]] = self._as_column(rates)
        with np.errstate(invalid="ignore"):
            self.center_ = np.nan_to_num(np.nanmean(np.where(np.isnan(encoded).all(axis=0), 0.0, encoded), axis=0))
        return encoded

    def level_rows(self, X: pd.DataFrame) -> dict[str, LevelRows]:
        """Category → the row of its table that each lead's level stands in; no text counts as `MISSING_LEVEL`.

        This is most of the time that encoding takes, and the same for all encoders fitted on the same leads.
        """
        check_is_fitted(self, "sources_")
        return {name: _level_rows(X[name].to_numpy(dtype=object), known) for name, known in self._levels.items()}

    def transform(self, X: pd.DataFrame, level_rows: dict[str, LevelRows] | None = None) -> Matrix:
        """Shape (rows, columns). An unknown level encodes as the rare ones do; where there are none, as no level.

        Args:
            level_rows: what `level_rows` gives for X; None to work it out.
        """
        check_is_fitted(self, "sources_")
        level_rows = self.level_rows(X) if level_rows is None else level_rows
        encoded = np.empty((len(X), len(self.sources_)))
        if self.numbers:
            values = np.column_stack([X[name].to_numpy(dtype=np.float64) for name in self.numbers])
            wide = self._spline_columns(values) if self.splines else values
            encoded[:, : wide.shape[1]] = wide
        for name, (start, end) in self._spans.items():
            encoded[:, start:end] = self._tables[name][level_rows[name]]
        return encoded

    def _learn(self, X: pd.DataFrame, y: Vector) -> dict[str, Vector]:
        """Returns, per category with rates, the rate of each training row's level in the other folds."""
        self.sources_ = self._learn_numbers(X)
        self._levels, self._tables, self._spans, self._rate_places, others = {}, {}, {}, {}, {}
        rated = [name for name in self.categories if self._has_rate(name, X[name].nunique())]
        rates = {}
        if rated:
            folds = StratifiedKFold(_RATE_FOLDS, shuffle=True, random_state=_SEED)
            encoder = TargetEncoder(target_type="binary", cv=folds)
            crossed = encoder.fit_transform(X[rated], y)
            for index, name in enumerate(rated):
                rates[name] = dict(zip(encoder.categories_[index], encoder.encodings_[index], strict=True))
                others[name] = crossed[:, index]
        for name in self.categories:
            self._learn_levels(name, X[name], rates.get(name), float(np.mean(y)))
        return others

    def _learn_numbers(self, X: pd.DataFrame) -> list[str]:
        if not (self.splines and self.numbers):
            return list(self.numbers)
        values = X[self.numbers].to_numpy(dtype=np.float64)
        gaps = np.isnan(values)
        values = np.where(gaps.all(axis=0), 0.0, values)
        self._middle = np.nanmedian(values, axis=0)
        self._gaps = np.flatnonzero(gaps.any(axis=0))
        filled = np.where(np.isnan(values), self._middle, values)
        ranks = np.linspace(0.0, 1.0, min(_QUANTILES, len(X)))
        self._quantiles = np.quantile(filled, ranks, axis=0).T
        of_splines = [name for name in self.numbers for _ in range(_BASIS.shape[1])]
        return [*of_splines, *(self.numbers[index] for index in self._gaps)]

    def _spline_columns(self, values: Matrix) -> Matrix:
        gaps = np.isnan(values)
        filled = np.where(gaps, self._middle, values)
        parts = [_basis(_ranks(filled[:, index], quantiles)) for index, quantiles in enumerate(self._quantiles)]
        return np.hstack([*parts, gaps[:, self._gaps]])

    def _has_rate(self, name: str, levels: int) -> bool:
        fixed = (self.fixed or {}).get(name)
        return fixed == "target" or (fixed is None and levels > _RATE_LEVELS[self.splines])

    def _learn_levels(self, name: str, values: pd.Series, rates: dict | None, overall: float) -> None:
        counts = values.value_counts()
        levels = sorted(counts.index)
        common = [level for level in levels if counts[level] >= RARE_ROWS]
        rare = len(common) < len(levels)
        groups = {level: index for index, level in enumerate(common)}
        width = len(common) + rare
        if (self.fixed or {}).get(name) == "target":
            width = 0
        one_hot = np.zeros((len(levels) + 1, width))
        for row, level in enumerate([*levels, None]):
            group = groups.get(level, len(common) if rare else None)
            if group is not None and width:
                one_hot[row, group] = 1.0
        # Of two columns that say the same, one; a category of one level says nothing.
        one_hot = one_hot[:, 1:] if width <= 2 else one_hot
        parts = [one_hot]
        start = len(self.sources_)
        if rates is not None:
            self._rate_places[name] = start + one_hot.shape[1]
            converts = np.array([*(rates[level] for level in levels), overall])
            parts.append(self._as_column(converts)[:, None])
        table = np.hstack(parts)
        self._levels[name] = {str(level): row for row, level in enumerate(levels)}
        self._tables[name] = table
        self._spans[name] = (start, start + table.shape[1])
        self.sources_ = [*self.sources_, *[name] * table.shape[1]]

    def _as_column(self, rates: Vector) -> Vector:
        return logit(np.clip(rates, 1e-4, 1 - 1e-4)) if self.splines else rates


def _level_rows(levels: NDArray, known: dict[str, int]) -> LevelRows:
    """-1, the last row, for levels that are not known."""
    # Level by level in Python: a tenth of the time that pandas takes for a page of leads.
    rows = np.fromiter(map(known.get, levels, repeat(-1)), np.intp, len(levels))
    if MISSING_LEVEL in known and len(others := np.flatnonzero(rows < 0)):
        rows[others[pd.isna(levels[others])]] = known[MISSING_LEVEL]
    return rows


def _ranks(values: Vector, quantiles: Vector) -> Vector:
    """Where values stand among the training rows, 0 to 1; in a run of ties, in its middle."""
    ranks = np.linspace(0.0, 1.0, len(quantiles))
    return (np.interp(values, quantiles, ranks) - np.interp(-values, -quantiles[::-1], -ranks[::-1])) / 2


def _basis(ranks: Vector) -> Matrix:
    """The cubic B-splines at some ranks, read off `_BASIS`: shape (rows, splines)."""
    position = ranks * (len(_BASIS) - 1)
    below = np.minimum(position.astype(int), len(_BASIS) - 2)
    share = (position - below)[:, None]
    return _BASIS[below] * (1 - share) + _BASIS[below + 1] * share
