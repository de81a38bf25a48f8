"""How categories and gaps of any table enter the model: safely named, unknown levels included, and leaking nothing."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from gallop.artifacts.safe_pickle import unpickle
from gallop.modelling.candidates import fit_plain
from gallop.modelling.preprocessing import encoder
from gallop.modelling.search.folds import AllRows
from gallop.modelling.search.run import search
from gallop.schema import Role
from gallop.settings.training import Encoding, FamilySearch, Training

ANY = Encoding(drop_first=False, rare_rows=5, one_hot_levels=10, missing_indicators=True)
FEW_TREES = FamilySearch(trials=1, space=({"max_iter": (20,)},))
FEW_CS = FamilySearch(trials=1, space=({"C": (1.0,)},))
TRAINING = Training(folds=5, clip_sd=4.0, encoding=ANY, families={"gradient_boosting": FEW_TREES, "splines": FEW_CS})


def frame(rows: int, seed: int = 3) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    number = draw.normal(size=rows)
    number[::7] = np.nan
    return pd.DataFrame(
        {
            "a[0]<b": number,
            "few": draw.choice(["x[1]", "y<2", "missing"], rows),
            "many": [f"level {level}" for level in draw.integers(0, 60, rows)],
            "few_x": draw.choice(["1]", "z"], rows),
        }
    )


ROLES = {"a[0]<b": Role.NUMBER, "few": Role.CATEGORY, "many": Role.CATEGORY, "few_x": Role.CATEGORY}


def test_few_levels_are_columns_and_many_are_one_number():
    X = frame(500)
    encoded = encoder(ROLES, 4.0, ANY).fit_transform(X, np.arange(500) % 2)
    assert list(encoded.columns) == [
        "a［0］＜b", "missingindicator_a［0］＜b", "few=missing", "few=x［1］", "few=y＜2",
        "few_x_1］", "few_x_z", "many",
    ]  # fmt: skip
    assert encoded.notna().all().all()


def test_no_two_encoded_columns_get_one_name():
    X = pd.DataFrame({"a": ["b_c", "x"] * 20, "a_b": ["c", "y"] * 20, "a=b": ["c", "z"] * 20})
    encoded = encoder(dict.fromkeys(X.columns, Role.CATEGORY), 4.0, ANY).fit_transform(X, np.arange(40) % 2)
    assert len(set(encoded.columns)) == 6


@pytest.mark.parametrize("family", ["logistic_regression", "random_forest", "gradient_boosting"])
def test_every_family_takes_any_names_and_levels_it_has_not_seen(family):
    X, y = frame(400), np.arange(400) % 2
    model = fit_plain(AllRows(X, y, ROLES, TRAINING), family, {}, 1)
    strange = X.head(3).assign(few="new", many="never seen", few_x="?")
    strange.loc[0, "a[0]<b"] = 1e9
    assert np.isfinite(model.predict_proba(strange)).all()


def test_a_model_with_rates_and_odd_names_is_read_back_from_its_pickle(tmp_path):
    import pickle

    X, y = frame(300), np.arange(300) % 2
    model = fit_plain(AllRows(X, y, ROLES, TRAINING), "gradient_boosting", {"max_iter": 3}, 1)
    again = unpickle(pickle.dumps(model, protocol=5), tmp_path / "pipeline.pkl", own=True)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))  # ty: ignore


def test_a_category_of_many_levels_that_knows_nothing_ranks_nothing_out_of_fold():
    draw = np.random.default_rng(1)
    X = pd.DataFrame({"many": [f"l{level}" for level in draw.integers(0, 400, 2000)]})
    y = (draw.random(2000) < 0.4).astype(float)
    best = search(X, y, {"many": Role.CATEGORY}, TRAINING, seed=1).families["gradient_boosting"].trials[0]
    assert abs(roc_auc_score(y, best.out_of_fold) - 0.5) < 0.05


def test_how_a_category_is_encoded_can_be_said():
    X, y = frame(400), np.arange(400) % 2
    said = ANY.model_copy(update={"columns": {"many": "one_hot", "few": "target"}})
    columns = list(encoder(ROLES, 4.0, said).fit_transform(X, y).columns)
    assert "few" in columns
    assert sum(name.startswith("many_level") for name in columns) > 10
