"""Cross-validation of LightGBM, all folds in step: how many trees are best is found on the way.

The number of trees is one setting for all folds, judged by the log-loss over all held-out rows together, so no fold
stops at its own luckiest tree.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import lightgbm
import numpy as np
from joblib import effective_n_jobs

from gallop.additive.columns import Matrix
from gallop.evaluation.metrics import Vector

MOST_TREES: Final = 1600
_STEP, _PATIENCE = 10, 4
EXACT: Final = {"deterministic": True, "force_row_wise": True}
"""The same trees whatever the number of threads."""
_DATASET: Final = {
    "objective": "binary",
    "metric": "binary_logloss",
    "num_threads": 1,
    "verbosity": -1,
    "max_bin": 255,
    # Datasets serve every setting of the search, so none may leave columns out.
    "feature_pre_filter": False,
    **EXACT,
}


@dataclass(frozen=True)
class BoostingFold:
    """Encoded rows of one fold."""

    seen: Matrix
    seen_label: Vector
    held_out: Matrix
    held_out_label: Vector
    demanded: dict[str, Any] = field(default_factory=dict)
    """Parameters that follow from the columns: which way each may move the score."""

    @cached_property
    def datasets(self) -> tuple[lightgbm.Dataset, lightgbm.Dataset]:
        """Binned once, for all settings."""
        seen = lightgbm.Dataset(self.seen, self.seen_label, params=_DATASET, free_raw_data=False)
        held_out = seen.create_valid(self.held_out, self.held_out_label, params=_DATASET)
        return seen.construct(), held_out.construct()


def cross_validate(
    folds: Sequence[BoostingFold],
    parameters: dict[str, Any],
    seed: int,
    report: Callable[[float, int], None] = lambda _loss, _trees: None,
) -> tuple[list[Vector], int]:
    """Grow the folds' models side by side until more trees stop helping.

    Args:
        folds: each with rows it learns from and rows held out.
        parameters: of `lightgbm.LGBMClassifier`.
        seed: of what it draws.
        report: told the log-loss of the held-out rows and the number of trees; may raise to give up.

    Returns:
        Log-odds of each fold's held-out rows, and the number of trees.
    """
    options = {**_DATASET, "seed": seed, **parameters}
    boosters = []
    for fold in folds:
        seen, held_out = fold.datasets
        booster = lightgbm.Booster(options | fold.demanded, seen)
        booster.add_valid(held_out, "held_out")
        boosters.append(booster)
    sizes = np.array([len(fold.held_out_label) for fold in folds])
    best, best_trees = np.inf, 0
    with ThreadPoolExecutor(effective_n_jobs(-1), initializer=_quiet) as pool:
        for trees in range(_STEP, MOST_TREES + 1, _STEP):
            losses = np.array([*pool.map(_grown, boosters)])
            loss = float(losses @ sizes / sizes.sum())
            report(loss, trees)
            if loss < best:
                best, best_trees = loss, trees
            elif trees - best_trees >= _STEP * _PATIENCE:
                break
    of_folds = [
        np.asarray(booster.predict(fold.held_out, raw_score=True, num_iteration=best_trees, num_threads=1))
        for booster, fold in zip(boosters, folds, strict=True)
    ]
    return of_folds, best_trees


def _quiet() -> None:
    """LightGBM keeps how much it says per thread, and learns it with every set of parameters."""
    lightgbm.Dataset(np.zeros((2, 1)), [0.0, 1.0], params=_DATASET).construct()


def _grown(booster: lightgbm.Booster) -> float:
    """Grow some more trees. Returns the log-loss of the held-out rows."""
    for _ in range(_STEP):
        booster.update()
    return booster.eval_valid()[0][2]
