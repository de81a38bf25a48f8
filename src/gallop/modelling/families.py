"""The families of classifiers that compete, each built from parameters of its own library."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from xgboost import XGBRFClassifier

from gallop.errors import SettingsError
from gallop.modelling.steps import encoder
from gallop.schema import Role
from gallop.settings import Encoding

Parameters = dict[str, Any]
Classifier = LogisticRegression | XGBRFClassifier | HistGradientBoostingClassifier

# One thread each: the search runs trials side by side, and results do not depend on the machine's cores.
_FAMILIES: dict[str, Callable[[int], Classifier]] = {
    "logistic_regression": lambda seed: LogisticRegression(max_iter=2000, random_state=seed),
    "random_forest": lambda seed: XGBRFClassifier(n_jobs=1, random_state=seed),
    "gradient_boosting": lambda seed: HistGradientBoostingClassifier(early_stopping=False, random_state=seed),
}


def classifier(family: str, parameters: Parameters, seed: int) -> Classifier:
    """An unfitted classifier.

    Raises:
        SettingsError: the family has no such parameter.
    """
    made = _FAMILIES[family](seed)
    if unknown := sorted(set(parameters) - set(made.get_params())):
        raise SettingsError(
            f"training.families.{family}.space: no parameter {unknown}; known are {sorted(made.get_params())}"
        )
    return made.set_params(**parameters)


def pipeline(
    family: str,
    parameters: Parameters,
    roles: dict[str, Role],
    clip_sd: float,
    seed: int,
    encoding: Encoding | None = None,
) -> Pipeline:
    """An unfitted model: every fitted step and the classifier, from model inputs to probabilities."""
    return Pipeline([("encode", encoder(roles, clip_sd, encoding)), ("classify", classifier(family, parameters, seed))])


def _few_trees(family: str, parameters: Parameters) -> Parameters:
    """How many trees there are has no bearing on whether a combination is valid, as long as it is a number of trees."""
    name = {"random_forest": "n_estimators", "gradient_boosting": "max_iter"}.get(family, "")
    number = parameters.get(name)
    return {name: 2} if isinstance(number, int) and number > 2 else {}


def check(family: str, parameters: Parameters) -> None:
    """Refuse a combination that its library refuses, by fitting it on a handful of made-up rows.

    Raises:
        SettingsError: names the family, the combination, and what the library says.
    """
    X, y = np.linspace(0.0, 1.0, 40).reshape(-1, 2), np.tile([0.0, 1.0], 10)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            # saga needs more rounds than twenty rows are worth; that is no fault of the combination.
            warnings.filterwarnings("ignore", message=".*max_iter.*")
            classifier(family, parameters | _few_trees(family, parameters), seed=0).fit(X, y)
    except (ValueError, TypeError, FutureWarning, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(
            f"training.families.{family}.space: {parameters} is no valid combination: {reason}"
        ) from None
