"""The families of classifiers that compete, each built from parameters of its own library.

Those whose scores can be taken apart take `encoder.Columns`, and may be deployed alone or in a stack. The others take
the plain encoding of `preprocessing.encoder`; they may be exported, and are never deployed.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from lightgbm import LGBMClassifier
from lightgbm.basic import LightGBMError
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from xgboost import XGBRFClassifier

from gallop.errors import SettingsError
from gallop.modelling.encoder import Columns
from gallop.modelling.search.lightgbm_cv import EXACT
from gallop.schema import Role
from gallop.settings.training import Encoding

Parameters = dict[str, Any]
Classifier = (
    LogisticRegression | XGBRFClassifier | HistGradientBoostingClassifier | LGBMClassifier | RandomForestClassifier
)

PLAIN: Final = "plain"
ENCODERS: Final = {"splines": "splines", "lightgbm": "trees", "forest": "trees"}
"""Additive family → the name of the encoding it takes; the other families take `PLAIN`."""

# One thread each: the search runs trials side by side, and results do not depend on the machine's cores.
_FAMILIES: dict[str, Callable[[int], Classifier]] = {
    "logistic_regression": lambda seed: LogisticRegression(max_iter=2000, random_state=seed),
    "random_forest": lambda seed: XGBRFClassifier(n_jobs=1, random_state=seed),
    "gradient_boosting": lambda seed: HistGradientBoostingClassifier(early_stopping=False, random_state=seed),
    # Newton steps: rows are many more than columns, and hundreds of thousands of them need no more steps than a few.
    "splines": lambda seed: LogisticRegression(solver="newton-cholesky", max_iter=100, random_state=seed),
    # … but this one, which runs when the others are done. Each tree has a seed of its own.
    "forest": lambda seed: RandomForestClassifier(n_jobs=-1, random_state=seed),
    "lightgbm": lambda seed: LGBMClassifier(n_jobs=1, random_state=seed, verbosity=-1),
}

_FURTHER: Final = {
    "lightgbm": ("extra_trees", "path_smooth", "feature_fraction_bynode", "monotone_constraints", *EXACT)
}
"""Parameters that a library takes besides those of its constructor."""


def classifier(family: str, parameters: Parameters, seed: int) -> Classifier:
    """An unfitted classifier.

    Raises:
        SettingsError: the family has no such parameter.
    """
    model = _FAMILIES[family](seed)
    known = {*model.get_params(), *_FURTHER.get(family, ())}
    if unknown := sorted(set(parameters) - known):
        raise SettingsError(f"training.families.{family}.space: no parameter {unknown}; known are {sorted(known)}")
    if isinstance(model, LGBMClassifier):
        parameters = EXACT | parameters
    return model.set_params(**parameters)


def columns(family: str, roles: dict[str, Role], encoding: Encoding | None = None) -> Columns:
    """The unfitted encoder of an additive family."""
    numbers = [name for name, role in roles.items() if role is Role.NUMBER]
    others = [name for name in roles if name not in numbers]
    fixed: dict[str, str] = {**encoding.columns} if encoding else {}
    return Columns(numbers, others, splines=ENCODERS[family] == "splines", fixed=fixed)


def directions(family: str, sources: Sequence[str], monotone: Mapping[str, str]) -> Parameters:
    """The parameters by which encoded columns may move the score one way only; empty where none must."""
    if family != "lightgbm" or not monotone:
        return {}
    signs = {"increasing": 1, "decreasing": -1}
    return {"monotone_constraints": [signs.get(monotone.get(name, ""), 0) for name in sources]}


def _few_trees(family: str, parameters: Parameters) -> Parameters:
    """How many trees there are has no bearing on whether a combination is valid, as long as it is a number of trees."""
    name = "max_iter" if family == "gradient_boosting" else "n_estimators"
    number = parameters.get(name)
    return {name: 2} if (isinstance(number, int) and number > 2) or family == "lightgbm" else {}


def check_combination(family: str, parameters: Parameters) -> None:
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
    except (ValueError, TypeError, FutureWarning, NotImplementedError, LightGBMError) as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(
            f"training.families.{family}.space: {parameters} is no valid combination: {reason}"
        ) from None
