"""The fitted steps before the classifier. Each learns from training rows only, inside each fold."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder
from sklearn.utils.validation import check_is_fitted, validate_data

from gallop.schema import Role


class Clip(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Pull each column into mean ± `sd` standard deviations, both learned in `fit`; missing values stay missing.

    Args:
        sd: half-width in sample standard deviations (n - 1).
    """

    def __init__(self, sd: float = 2.0) -> None:
        self.sd = sd

    def fit(self, X, y=None):  # noqa: ARG002 scikit-learn's protocol
        """Learn the bounds of each column. X: shape (n, columns), numbers or NaN."""
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        there = np.ma.masked_invalid(X)
        mean = there.mean(axis=0).filled(0.0)
        # One row, or none, says nothing about spread: then nothing is clipped.
        spread = there.std(axis=0, ddof=1).filled(np.inf)
        self.low_, self.high_ = mean - self.sd * spread, mean + self.sd * spread
        return self

    def transform(self, X):
        """Clip; returns shape (n, columns)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        return np.clip(X, self.low_, self.high_)


def encoder(roles: dict[str, Role], clip_sd: float) -> ColumnTransformer:
    """Model inputs → encoded columns: numbers clipped, imputed and scaled to 0..1, then one column per level.

    Args:
        roles: name → role of each model input, in order. Numbers come first in the result.
        clip_sd: half-width of the clipping, in standard deviations.

    Returns:
        An unfitted transformer from a pandas frame to a pandas frame. The first level of each category is dropped;
        a level not seen in training encodes as the first one does.
    """
    numbers = [name for name, role in roles.items() if role is Role.NUMBER]
    categories = [name for name in roles if name not in numbers]
    scale = Pipeline(
        [
            ("clip", Clip(clip_sd)),
            ("impute", SimpleImputer(strategy="mean", keep_empty_features=True)),
            ("scale", MinMaxScaler(clip=True)),
        ]
    )
    levels = OneHotEncoder(drop="first", handle_unknown="ignore", sparse_output=False)
    parts = [
        (name, step, columns)
        for name, step, columns in (("numbers", scale, numbers), ("levels", levels, categories))
        if columns
    ]
    return ColumnTransformer(parts, verbose_feature_names_out=False).set_output(transform="pandas")


def frame(table: object, roles: dict[str, Role]) -> pd.DataFrame:
    """The model's inputs of a narwhals table as a pandas frame: Float64 numbers with NaN, text levels."""
    columns = {}
    for name, role in roles.items():
        column = table[name]  # ty: ignore[not-subscriptable]
        columns[name] = column.to_numpy().astype(np.float64) if role is Role.NUMBER else column.to_list()
    return pd.DataFrame(columns)
