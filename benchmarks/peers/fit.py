"""One peer on one split, run by the peers' own Python: `fit.py SYSTEM FOLDER SEED`.

Reads train.csv, test.csv and table.json (what a user knows of them: the label, the key, which is no input, and the
column with the day), writes probabilities.npy and figures.json. pandas says what is a number; days become days since
1970.
Prediction is timed over the whole test set, median of five: as it comes after `fit`, and where the system has a way to
keep its models in memory (AutoGluon's `persist`), also with them there.
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
    """AutoGluon with its preset `good_quality` and two minutes.

    Its folds are fitted in this process: on two cores, starting a ray worker for each of them took 20 s a fold, and
    most of the two minutes were gone before a second model was tried.
    """
    from autogluon.tabular import TabularPredictor

    place = str(folder / "autogluon")
    learner = {"random_state": seed}
    predictor = TabularPredictor(label=LABEL, eval_metric="log_loss", path=place, verbosity=1, learner_kwargs=learner)
    options = {"presets": "good_quality", "time_limit": 120, "num_cpus": 2, "num_gpus": 0}
    here = {"ag_args_ensemble": {"fold_fitting_strategy": "sequential_local"}, "ds_args": {"memory_safe_fits": False}}
    predictor.fit(train, **options, **here)

    def size() -> int:
        names = [predictor.model_best, *predictor._trainer.get_minimum_model_set(predictor.model_best)]
        return sum(_bytes(folder / "autogluon" / "models" / name) for name in {*names})

    return lambda X: predictor.predict_proba(X)[1].to_numpy(), size, predictor.persist


def flaml(train: pd.DataFrame, folder: Path, seed: int):  # noqa: ARG001 one signature for all
    """FLAML with its own families and one minute."""
    from flaml import AutoML

    model = AutoML()
    X, y = train.drop(columns=LABEL), train[LABEL].to_numpy()
    model.fit(X, y, task="classification", metric="log_loss", time_budget=60, seed=seed, n_jobs=2, verbose=0)
    return lambda X: model.predict_proba(X)[:, 1], lambda: len(pickle.dumps(model.model)), None


def default_boosting(train: pd.DataFrame, folder: Path, seed: int):  # noqa: ARG001 one signature for all
    """LightGBM as it comes, with its own treatment of categories."""
    from lightgbm import LGBMClassifier

    X, y = train.drop(columns=LABEL), train[LABEL].to_numpy()
    levels = {name: pd.CategoricalDtype(X[name].dropna().unique()) for name in X.select_dtypes(exclude="number")}
    model = LGBMClassifier(random_state=seed, n_jobs=2, verbose=-1).fit(X.astype(levels), y)
    return lambda X: model.predict_proba(X.astype(levels))[:, 1], lambda: len(pickle.dumps(model)), None


SYSTEMS = {"AutoGluon": autogluon, "FLAML": flaml, "LightGBM defaults": default_boosting}


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _seconds(predict, X: pd.DataFrame) -> float:
    predict(X)
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        predict(X)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training rows with the label as the column `label`, and test rows, typed alike."""
    asked = json.loads((folder / "table.json").read_text(encoding="utf-8"))
    train, test = (pd.read_csv(folder / f"{side}.csv") for side in ("train", "test"))
    label = train.pop(asked["label"]).astype(int)
    both = pd.concat([train, test], ignore_index=True).drop(columns=asked["key"])
    if asked["day"]:
        days = pd.to_datetime(both[asked["day"]], dayfirst=asked["day_first"], format="mixed")
        both[asked["day"]] = (days - pd.Timestamp(0)) / pd.Timedelta(days=1)
    for name in both.select_dtypes(exclude="number"):
        both[name] = both[name].astype(object)
    return both.iloc[: len(train)].assign(**{LABEL: label}), both.iloc[len(train) :].reset_index(drop=True)


def main(system: str, folder: Path, seed: int) -> None:
    """Fit, predict, write."""
    train, X = tables(folder)
    start = time.perf_counter()
    predict, size, keep = SYSTEMS[system](train, folder, seed)
    figures = {"fit_seconds": time.perf_counter() - start}
    np.save(folder / "probabilities.npy", np.asarray(predict(X), dtype=np.float64))
    figures["predict_seconds"] = _seconds(predict, X)
    figures["bytes"] = size()
    if keep:
        keep()
        figures["predict_seconds_kept"] = _seconds(predict, X)
    (folder / "figures.json").write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
