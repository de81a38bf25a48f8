"""One peer on one split, run by the peers' own Python: `fit.py SYSTEM FOLDER SEED`.

Reads train.parquet and test.parquet (the label is the column `label`), writes probabilities.npy and figures.json.
Prediction is timed with the model in memory and ready, as the median of five whole test sets.
"""

import json
import pickle
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

LABEL = "label"


def autogluon(train: pd.DataFrame, folder: Path, seed: int):
    """AutoGluon with its preset `good_quality` and two minutes."""
    from autogluon.tabular import TabularPredictor

    place = str(folder / "autogluon")
    learner = {"random_state": seed}
    predictor = TabularPredictor(label=LABEL, eval_metric="log_loss", path=place, verbosity=1, learner_kwargs=learner)
    options = {"presets": "good_quality", "time_limit": 120, "num_cpus": 2, "num_gpus": 0}
    predictor.fit(train, **options)

    def ready():
        predictor.persist()
        return lambda X: predictor.predict_proba(X)[1].to_numpy()

    return ready, lambda: _size(folder / "autogluon" / "models", predictor.model_names(persisted=True))


def flaml(train: pd.DataFrame, folder: Path, seed: int):  # noqa: ARG001 one signature for all
    """FLAML with its own families and one minute."""
    from flaml import AutoML

    model = AutoML()
    X, y = train.drop(columns=LABEL), train[LABEL].to_numpy()
    model.fit(X, y, task="classification", metric="log_loss", time_budget=60, seed=seed, n_jobs=2, verbose=0)
    return lambda: lambda X: model.predict_proba(X)[:, 1], lambda: len(pickle.dumps(model.model))


def default_boosting(train: pd.DataFrame, folder: Path, seed: int):  # noqa: ARG001 one signature for all
    """LightGBM as it comes, with its own treatment of categories."""
    from lightgbm import LGBMClassifier

    X, y = train.drop(columns=LABEL), train[LABEL].to_numpy()
    levels = {name: pd.CategoricalDtype(X[name].dropna().unique()) for name in X.select_dtypes(exclude="number")}
    model = LGBMClassifier(random_state=seed, n_jobs=2, verbose=-1).fit(X.astype(levels), y)
    return lambda: lambda X: model.predict_proba(X.astype(levels))[:, 1], lambda: len(pickle.dumps(model))


SYSTEMS = {"AutoGluon": autogluon, "FLAML": flaml, "LightGBM defaults": default_boosting}


def _size(folder: Path, names: list[str]) -> int:
    return sum(path.stat().st_size for name in names for path in (folder / name).rglob("*") if path.is_file())


def main(system: str, folder: Path, seed: int) -> None:
    """Fit, predict, write."""
    train, test = (pd.read_parquet(folder / f"{side}.parquet") for side in ("train", "test"))
    X = test.drop(columns=LABEL)
    start = time.perf_counter()
    ready, size = SYSTEMS[system](train, folder, seed)
    seconds = time.perf_counter() - start
    predict = ready()
    probability = predict(X)
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        predict(X)
        taken.append(time.perf_counter() - start)
    np.save(folder / "probabilities.npy", np.asarray(probability, dtype=np.float64))
    figures = {"fit_seconds": seconds, "predict_seconds": statistics.median(taken), "bytes": size()}
    (folder / "figures.json").write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
