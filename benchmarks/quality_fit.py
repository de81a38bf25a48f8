"""gallop on one split, as `benchmarks.quality` asks: `python -m benchmarks.quality_fit FOLDER SEED`.

The settings are those of the project's own params.yaml, without the families that only serve its exported file.
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
ROOT = Path(__file__).parents[1]


def main(folder: Path, seed: int) -> None:
    """Fit, predict, write, as the peers do."""
    train, test = (pd.read_parquet(folder / f"{side}.parquet") for side in ("train", "test"))
    y = train.pop(LABEL).to_numpy().astype(float)
    test_label = test.pop(LABEL).to_numpy().astype(float)
    start = time.perf_counter()
    from gallop.modelling.candidates import additive, fit_candidate, ranked_contenders, winner
    from gallop.modelling.conformal import score_uncertainty
    from gallop.modelling.search.folds import AllRows
    from gallop.modelling.search.run import search
    from gallop.schema import MISSING_LEVEL, Role
    from gallop.settings.params import load_settings

    training = load_settings(ROOT / "params.yaml").training
    families = {name: wanted for name, wanted in training.families.items() if additive(name, training)}
    training = training.model_copy(update={"families": families})
    roles = {name: Role.NUMBER if train[name].dtype.kind == "f" else Role.CATEGORY for name in train}

    def inputs(table: pd.DataFrame) -> pd.DataFrame:
        return table.fillna({name: MISSING_LEVEL for name, role in roles.items() if role is Role.CATEGORY})

    X = inputs(train)
    searched = search(X, y, roles, training, seed)
    best = winner(ranked_contenders(searched, y, training))
    model = fit_candidate(AllRows(X, y, roles, training), best, seed)
    seconds = time.perf_counter() - start

    probability = model.predict_proba(test)[:, 1]
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        model.predict_proba(test)
        taken.append(time.perf_counter() - start)
    np.save(folder / "probabilities.npy", probability)
    figures = {"fit_seconds": seconds, "predict_seconds": statistics.median(taken), "bytes": len(pickle.dumps(model))}
    sure = score_uncertainty(y[searched.rows], best.trial.out_of_fold)
    figures["held"] = held(sure, test_label, probability)
    figures["model"] = {"family": best.trial.family, "parameters": best.trial.parameters}
    (folder / "figures.json").write_text(json.dumps(figures), encoding="utf-8")


def held(sure, label: np.ndarray, probability: np.ndarray) -> list[int]:
    """Converted leads whose set holds it, all converted; others whose set holds it, all others; ranges held, ranges."""
    from gallop.modelling.conformal import ranges_held

    yes, no = probability[label == 1] >= sure.converts_from, probability[label == 0] <= sure.not_up_to
    ranges = ranges_held(sure, label, probability)
    return [int(yes.sum()), len(yes), int(no.sum()), len(no), sum(ranges), len(ranges)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
