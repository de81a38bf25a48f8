"""Every class that is accepted comes back as it was, from each protocol that pickles are written in."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier, XGBRFClassifier

from gallop.artifacts.safe_pickle import unpickle

ROWS = pd.DataFrame(np.random.default_rng(0).random((200, 2)), columns=["a", "b"])
LABELS = (ROWS["a"] > 0.5).astype(int)
MODELS = [
    LogisticRegression(),
    LogisticRegression(random_state=np.random.RandomState(3), solver="saga", max_iter=5000),
    DecisionTreeClassifier(),
    RandomForestClassifier(5, random_state=1),
    ExtraTreesClassifier(5, random_state=1),
    GradientBoostingClassifier(n_estimators=5, random_state=0),
    HistGradientBoostingClassifier(max_iter=5),
    HistGradientBoostingClassifier(max_iter=5, early_stopping=True, random_state=2),
    XGBClassifier(n_estimators=3, n_jobs=1),
    XGBRFClassifier(n_estimators=3, n_jobs=1),
    LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1),
    make_pipeline(SimpleImputer(add_indicator=True), StandardScaler(), MinMaxScaler(), LogisticRegression()),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_an_accepted_model_comes_back_with_the_same_probabilities(model):
    with threadpool_limits(limits=1):
        model.fit(ROWS, LABELS)
        for protocol in (3, 4, 5):
            read = unpickle(pickle.dumps(model, protocol=protocol), Path("model.pkl"))
            assert type(read) is type(model)
            assert np.array_equal(read.predict_proba(ROWS), model.predict_proba(ROWS))
