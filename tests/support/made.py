"""Made-up model inputs with known conversion probabilities, and trials to make models of."""

import numpy as np
import pandas as pd
from scipy.special import expit

from gallop.additive.calibrator import Calibrator
from gallop.additive.model import AdditiveModel
from gallop.modelling import candidates
from gallop.modelling.candidates import Assembly
from gallop.modelling.search.folds import AllRows
from gallop.modelling.search.study import Trial
from gallop.modelling.stack import StackWeights
from gallop.schema import Role
from gallop.settings.training import FamilySearch, Training

ROLES = {
    "n": Role.NUMBER,
    "m": Role.NUMBER,
    "level": Role.CATEGORY,
    "many": Role.CATEGORY,
    "yes": Role.BOOLEAN,
}
FEW_TREES = {"n_estimators": 15, "num_leaves": 4, "min_child_samples": 10, "learning_rate": 0.2}
FEW_DEEP_TREES = {"n_estimators": 10, "min_samples_leaf": 2, "max_features": 0.5}


def leads(rows: int = 400, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Model inputs with gaps, rare levels and many levels, and their labels."""
    draw = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "n": draw.normal(size=rows),
            "m": np.floor(draw.gamma(2.0, 3.0, rows)),
            "level": draw.choice(["a", "b", "c", "rare"], rows, p=[0.5, 0.3, 0.19, 0.01]),
            "many": [f"l{level}" for level in draw.integers(0, 40, rows)],
            "yes": draw.choice(["True", "False"], rows),
        }
    )
    log_odds = 1.5 * X["n"] + 0.2 * (X["m"] - 6) + X["level"].map({"a": 0.5, "b": -0.5, "c": 0.0, "rare": 1.0})
    X.loc[::17, "n"] = np.nan
    return X, (draw.random(rows) < expit(log_odds.to_numpy())).astype(np.float64)


def training(**changes) -> Training:
    """Settings of a small search."""
    families = {
        "splines": FamilySearch(trials=2, space=({"C": (0.3, 3.0)},)),
        "lightgbm": FamilySearch(
            trials=2, space=({"learning_rate": (0.2,), "num_leaves": (3, 6), "min_child_samples": (10,)},)
        ),
    }
    return Training(**({"folds": 3, "families": families, "repeats": 1} | changes))


def trial(family: str, y: np.ndarray, **parameters) -> Trial:
    """A trial of some setting, as if it had been judged."""
    return Trial(family, parameters, np.zeros(len(y)), 0.6)


def fitted(
    X: pd.DataFrame, y: np.ndarray, *, kind: str = "stack", roles: dict | None = None, **changes
) -> AdditiveModel:
    """A model of one family, or a stack of four members with a base; `calibrated`: that stack with a calibrator."""
    trials = {
        "splines": (trial("splines", y, C=0.5),),
        "lightgbm": (trial("lightgbm", y, **FEW_TREES),),
        "forest": (trial("forest", y, **FEW_DEEP_TREES),),
        "stack": (
            trial("splines", y, C=0.5),
            trial("lightgbm", y, **FEW_TREES),
            trial("lightgbm", y, **FEW_TREES | {"num_leaves": 7}),
            trial("forest", y, **FEW_DEEP_TREES),
        ),
    }["stack" if kind == "calibrated" else kind]
    weights = StackWeights(0.1, np.array([0.5, 0.3, 0.15, 0.1])) if len(trials) > 1 else StackWeights(0.0, np.ones(1))
    calibrator = Calibrator(0.2, np.array([-1.0, 0.4]), np.array([0.5, 1.6, 0.9])) if kind == "calibrated" else None
    assembly = Assembly(trials, weights, trials[0], calibrator)
    return candidates.fit_assembly(AllRows(X, y, roles or ROLES, training(**changes)), assembly, 1)
