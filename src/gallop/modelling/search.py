"""The search: a seeded draw of valid settings per family, each judged by cross-validation on training rows.

Judged by log-loss of the out-of-fold probabilities, because a lead's score is used as a probability. All families see
the same folds, so their differences are paired. Every fitted step is fitted inside each fold; since the steps before
the classifier are the same for all trials, each fold is encoded once.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.metrics import log_loss
from sklearn.model_selection import ParameterGrid, StratifiedKFold
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from gallop.errors import OneClass
from gallop.evaluation import Vector
from gallop.modelling.families import Parameters, check, classifier, pipeline
from gallop.modelling.steps import encoder
from gallop.schema import Role
from gallop.settings import Encoding, FamilySearch, Training


@dataclass(frozen=True)
class Trial:
    """One setting of one family and the probabilities it gave to rows it had not seen."""

    family: str
    parameters: Parameters
    out_of_fold: Vector
    """Shape (training rows,)."""
    log_loss: float


def draw(family: str, search: FamilySearch, seed: int) -> list[Parameters]:
    """The settings to try: drawn without repetition from all combinations of the grids, and checked.

    Raises:
        SettingsError: a drawn combination is not valid in its library.
    """
    combinations = [dict(sorted(each.items())) for grid in search.space for each in ParameterGrid(grid)]
    # Grids may overlap; a combination that two of them hold is one.
    every = list({repr(each): each for each in combinations}.values())
    # Seeded by the family too, so that adding a family does not change what the others try.
    drawn = random.Random(f"{seed}:{family}").sample(every, min(search.trials, len(every)))
    for parameters in drawn:
        check(family, parameters)
    return drawn


def search(
    X: pd.DataFrame,
    y: Vector,
    roles: dict[str, Role],
    training: Training,
    seed: int,
    on_trial: Callable[[str], None] = lambda _: None,
) -> dict[str, list[Trial]]:
    """Try every family's settings on the training rows.

    Args:
        X: model inputs of the training rows.
        y: shape (n,), 0 or 1.
        on_trial: told the family's name after each trial.

    Returns:
        Family → its trials, the best (lowest log-loss) first.

    Raises:
        SettingsError: a combination is invalid. OneClass: too few rows of a label for the folds.
    """
    if (fewest := int(min(np.sum(y == 0), np.sum(y == 1)))) < training.folds:
        raise OneClass(f"training rows have {fewest} leads of one label, fewer than training.folds = {training.folds}")
    drawn = [(family, each) for family, wanted in training.families.items() for each in draw(family, wanted, seed)]
    folds = [
        _Fold(seen, held_out, *_encoded(X.iloc[seen], y[seen], X.iloc[held_out], roles, training))
        for seen, held_out in StratifiedKFold(training.folds, shuffle=True, random_state=seed).split(X, y)
    ]
    jobs = (delayed(_try)(family, each, y, folds, seed) for family, each in drawn)
    trials: dict[str, list[Trial]] = {family: [] for family in training.families}
    for trial in Parallel(n_jobs=-1, prefer="threads", return_as="generator")(jobs):
        trials[trial.family].append(trial)
        on_trial(trial.family)
    return {family: sorted(tried, key=lambda trial: trial.log_loss) for family, tried in trials.items()}


def fit(
    X: pd.DataFrame,
    y: Vector,
    roles: dict[str, Role],
    trial: Trial,
    clip_sd: float,
    seed: int,
    encoding: Encoding | None = None,
) -> Pipeline:
    """The model of a trial, fitted on all the training rows."""
    with threadpool_limits(limits=1):
        return pipeline(trial.family, trial.parameters, roles, clip_sd, seed, encoding).fit(X, y)


@dataclass(frozen=True)
class _Fold:
    seen: np.ndarray
    held_out: np.ndarray
    seen_encoded: pd.DataFrame
    held_out_encoded: pd.DataFrame


def _encoded(
    seen: pd.DataFrame, y: Vector, held_out: pd.DataFrame, roles: dict[str, Role], training: Training
) -> tuple[pd.DataFrame, ...]:
    step = encoder(roles, training.clip_sd, training.encoding)
    # Not fit and then transform: a target encoding of the rows it was fitted on would leak their own labels.
    return step.fit_transform(seen, y), step.transform(held_out)


def _try(family: str, parameters: Parameters, y: Vector, folds: list[_Fold], seed: int) -> Trial:
    probability = np.empty(len(y))
    # OpenMP counts its threads per calling thread, so the limit belongs here and not around the pool.
    with threadpool_limits(limits=1):
        for fold in folds:
            model = classifier(family, parameters, seed).fit(fold.seen_encoded, y[fold.seen])
            probability[fold.held_out] = model.predict_proba(fold.held_out_encoded)[:, 1]
    return Trial(family, parameters, probability, float(log_loss(y, probability)))
