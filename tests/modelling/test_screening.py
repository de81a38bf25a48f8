"""Of hundreds of inputs, a fold learns from those that say most of the label alone, chosen on its own rows."""

import numpy as np
import pandas as pd

from gallop.modelling.screening import screened
from gallop.modelling.search.folds import AllRows, Fold
from gallop.schema import Role
from gallop.settings.training import Training

ROLES = dict.fromkeys([f"noise {number}" for number in range(30)], Role.NUMBER) | {
    "slope": Role.NUMBER,
    "bend": Role.NUMBER,
    "gap": Role.NUMBER,
    "kind": Role.CATEGORY,
}
TRAINING = Training.model_validate_json(
    '{"screen": 4, "families": {"splines": {"trials": 1, "space": [{"C": [0.3]}]}}}'
)


def rows(n: int = 2000) -> tuple[pd.DataFrame, np.ndarray]:
    draw = np.random.default_rng(2)
    y = (draw.random(n) < 0.3).astype(float)
    X = pd.DataFrame({name: draw.normal(size=n) for name in ROLES if name.startswith("noise")})
    X["slope"] = draw.normal(size=n) + y
    X["bend"] = draw.normal(size=n) * (1 + 2 * y)  # neither mean nor rank says it, but how far from the middle
    X["gap"] = np.where(draw.random(n) < 0.1 + 0.4 * y, np.nan, draw.normal(size=n))
    X["kind"] = np.where(draw.random(n) < 0.2 + 0.4 * y, "a", draw.choice(["b", "c"], n))
    return X[list(ROLES)], y


def test_slopes_bends_gaps_and_levels_are_kept_and_noise_is_not():
    X, y = rows()
    assert list(screened(X, y, ROLES, 4)) == ["slope", "bend", "gap", "kind"]
    assert screened(X, y, ROLES, None) == screened(X, y, ROLES, 99) == ROLES


def test_a_fold_chooses_on_its_training_rows_alone():
    X, y = rows()
    seen, held_out = np.arange(1000), np.arange(1000, 2000)
    planted = X.copy()
    planted.loc[1000:, "noise 0"] = y[1000:] * 9
    encoded, judged = Fold(planted, y, seen, held_out, ROLES, TRAINING).encoded("splines")
    theirs, _ = Fold(X, y, seen, held_out, ROLES, TRAINING).encoded("splines")
    assert np.array_equal(encoded, theirs)
    assert judged.shape[1] == encoded.shape[1]


def test_the_model_of_all_rows_takes_every_input_and_uses_those_it_chose():
    X, y = rows()
    step, _ = AllRows(X, y, ROLES, TRAINING).encoded("splines")
    assert set(step.fitted.sources) == {"slope", "bend", "gap", "kind"}
    assert step.transform(X).shape[0] == len(X)
