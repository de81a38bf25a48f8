"""Would more data help: the winner's setting, learning from fewer leads, judged on the same held-out rows."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from gallop.evaluation.metrics import Vector, log_losses_of_log_odds, mean_of
from gallop.modelling.candidates import Assembly, fit_assembly
from gallop.modelling.search.folds import AllRows, Rows
from gallop.modelling.search.run import Searched
from gallop.results.evidence import LearningPoint
from gallop.schema import Role
from gallop.settings.params import Settings
from gallop.settings.training import Training

_SHARES: Final = (0.25, 0.5)
_FEWEST_OF_LABEL = 20


def learning_points(
    X: pd.DataFrame,
    y: Vector,
    roles: dict[str, Role],
    recipe: Assembly,
    searched: Searched,
    settings: Settings,
) -> tuple[LearningPoint, ...]:
    """The learning curve of a candidate, the fewest leads first."""
    label = y[searched.rows]
    folds = list(zip(searched.seen, searched.folds, strict=True))
    curve = _log_odds_of_fewer(X, y, roles, recipe, folds, settings.training, settings.seed)
    curve[round(np.mean([len(seen) for seen in searched.seen]))] = recipe.as_trial.log_odds
    return tuple(
        LearningPoint(rows=size, log_loss=mean_of(log_losses_of_log_odds(label, log_odds), **settings.resampling))
        for size, log_odds in sorted(curve.items())
    )


def _log_odds_of_fewer(
    X: pd.DataFrame,
    y: Vector,
    roles: dict[str, Role],
    assembly: Assembly,
    folds: Sequence[tuple[Rows, Rows]],
    training: Training,
    seed: int,
) -> dict[int, Vector]:
    """Cross-validate with a quarter and with half of each fold's leads.

    Args:
        X: model inputs of the training rows, n of them; y: shape (n,).
        folds: indices of the rows that each fold learns from, and of those it holds out.

    Returns:
        Leads learnt from → log-odds of the held-out rows, in their order. Shares with too few leads of a label are left
        out.
    """
    draw = np.random.default_rng(seed)
    jobs, sizes = [], []
    for share in _SHARES:
        for others, held_out in folds:
            seen = np.concatenate([_part(others[y[others] == label], share, draw) for label in (0, 1)])
            sizes.append((share, len(seen), min(np.sum(y[seen] == label) for label in (0, 1))))
            jobs.append(delayed(_predict)(X, y, roles, assembly, np.sort(seen), held_out, training, seed))
    enough = {share: min(few for at, _, few in sizes if at == share) >= _FEWEST_OF_LABEL for share in _SHARES}
    wanted = [job for job, (share, _, _) in zip(jobs, sizes, strict=True) if enough[share]]
    answers = iter(Parallel(n_jobs=-1, prefer="threads")(wanted))
    rows = np.sort(np.concatenate([held_out for _, held_out in folds]))
    log_odds_of_sizes = {}
    for share in (share for share in _SHARES if enough[share]):
        log_odds = np.empty(len(rows))
        for _, held_out in folds:
            log_odds[np.searchsorted(rows, held_out)] = next(answers)
        log_odds_of_sizes[round(np.mean([size for at, size, _ in sizes if at == share]))] = log_odds
    return log_odds_of_sizes


def _part(rows: Rows, share: float, draw: np.random.Generator) -> Rows:
    return draw.choice(rows, round(share * len(rows)), replace=False)


def _predict(X, y, roles, assembly, seen, held_out, training, seed) -> Vector:
    # Once, as in the search whose result is the curve's last point.
    model = fit_assembly(AllRows(X.iloc[seen], y[seen], roles, training), assembly, seed, repeats=1)
    return model.log_odds(X.iloc[held_out])
