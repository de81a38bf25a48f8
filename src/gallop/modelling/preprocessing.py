"""The fitted steps before the classifier. Each learns from training rows only, inside each fold."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, TargetEncoder
from sklearn.utils.validation import check_is_fitted, validate_data

from gallop.schema import Role
from gallop.settings.training import Encoding


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
        finite = np.ma.masked_invalid(X)
        mean = finite.mean(axis=0).filled(0.0)
        # One row, or none, says nothing about spread: then nothing is clipped.
        spread = finite.std(axis=0, ddof=1).filled(np.inf)
        self.low_, self.high_ = mean - self.sd * spread, mean + self.sd * spread
        return self

    def transform(self, X):
        """Clip; returns shape (n, columns)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        return np.clip(X, self.low_, self.high_)


class Levels:
    """Chooses, of some categories, those with few levels among the training rows, or those with many.

    Args:
        names: the categories to choose from.
        most: largest number of levels that counts as few.
        few: True for those with few levels.
        fixed: categories chosen in any case, or (False) in none.
    """

    def __init__(self, names: list[str], most: int, *, few: bool, fixed: dict[str, bool]) -> None:
        self.names, self.most, self.few, self.fixed = names, most, few, fixed

    def __call__(self, X: pd.DataFrame) -> list[str]:
        """The chosen names, in order. X: the training rows."""
        return [name for name in self.names if self.fixed.get(name, (X[name].nunique() <= self.most) is self.few)]


class LevelNames:
    """Names the one-hot columns `column_level`, with another sign between where two names could become one.

    Args:
        names: all inputs of the model.
    """

    def __init__(self, names: list[str]) -> None:
        self.signs = {}
        for name in names:
            others = [other for other in names if other != name]
            free = (sign for sign in "_=:|/~" if not any(other.startswith(f"{name}{sign}") for other in others))
            self.signs[name] = next(free, "_")

    def __call__(self, name: str, level: object) -> str:
        """The encoded column's name."""
        return f"{name}{self.signs.get(name, '_')}{level}"


class PlainNames:
    """Names encoded columns as their step does, without the signs that XGBoost refuses in a name."""

    def __call__(self, step: str, name: str) -> str:  # noqa: ARG002 scikit-learn's protocol
        """The encoded column's name."""
        return name.translate(_REFUSED)


# XGBoost refuses these three; the full-width forms read alike and no two names become one.
_REFUSED = str.maketrans("[]<", "［］＜")
_SEED, _RATE_FOLDS = 0, 5


def encoder(roles: dict[str, Role], clip_sd: float, encoding: Encoding | None = None) -> ColumnTransformer:
    """Model inputs → encoded columns: numbers clipped, imputed and scaled to 0..1, then one column per level.

    Categories of many levels become one number each: the conversion rate of their level, shrunk towards the overall
    rate (Micci-Barreca 2001). scikit-learn's TargetEncoder gives training rows the rate of the *other* folds, so
    `fit_transform` with the labels is what leaks nothing; `fit` and then `transform` of the same rows would.

    Args:
        roles: name → role of each model input, in order. Numbers come first in the result.
        clip_sd: half-width of the clipping, in standard deviations.
        encoding: of categories and missing numbers; by default one column per level but the first.

    Returns:
        An unfitted transformer from a pandas frame to a pandas frame. A level not seen in training encodes as the
        rare ones do; where there are none, as the first one; target-encoded, as the overall rate.
    """
    encoding = encoding or Encoding()
    numbers = [name for name, role in roles.items() if role is Role.NUMBER]
    categories = [name for name in roles if name not in numbers]
    scale = Pipeline(
        [
            ("clip", Clip(clip_sd)),
            (
                "impute",
                SimpleImputer(strategy="mean", keep_empty_features=True, add_indicator=encoding.missing_indicators),
            ),
            ("scale", MinMaxScaler(clip=True)),
        ]
    )
    grouped = encoding.rare_rows > 1
    levels = OneHotEncoder(
        drop="first" if encoding.drop_first else None,
        min_frequency=encoding.rare_rows if grouped else None,
        handle_unknown="infrequent_if_exist" if grouped else "ignore",
        sparse_output=False,
        feature_name_combiner=LevelNames(list(roles)),
    )
    folds = StratifiedKFold(_RATE_FOLDS, shuffle=True, random_state=_SEED)
    rates = TargetEncoder(target_type="binary", cv=folds)
    one_hot = {name: how == "one_hot" for name, how in encoding.columns.items()}
    few = Levels(categories, encoding.one_hot_levels, few=True, fixed=one_hot)
    many = Levels(
        categories, encoding.one_hot_levels, few=False, fixed={name: not yes for name, yes in one_hot.items()}
    )
    parts = [
        (name, step, columns)
        for name, step, columns, categories_or_numbers in (
            ("numbers", scale, numbers, numbers),
            ("levels", levels, few, categories),
            ("rates", rates, many, categories),
        )
        if categories_or_numbers
    ]
    return ColumnTransformer(parts, verbose_feature_names_out=PlainNames()).set_output(transform="pandas")


def frame(table: object, roles: dict[str, Role]) -> pd.DataFrame:
    """The model's inputs of a narwhals table as a pandas frame: Float64 numbers with NaN, text levels."""
    columns = {}
    for name, role in roles.items():
        column = table[name]  # ty: ignore[not-subscriptable]
        columns[name] = column.to_numpy().astype(np.float64) if role is Role.NUMBER else column.to_list()
    return pd.DataFrame(columns)
