"""The search: every family's settings, each judged by cross-validation on training rows.

Judged by log-loss of the out-of-fold probabilities, because a lead's score is used as a probability. All families see
the same folds, so their differences are paired. Every fitted step is fitted inside each fold; since the steps before
the classifier are the same for all trials of a family, each fold is encoded once.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.special import logit
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from gallop.errors import OneClass
from gallop.evaluation import Vector
from gallop.modelling import race
from gallop.modelling.additive import Additive, log_loss, log_odds
from gallop.modelling.boosting import cross_validate
from gallop.modelling.families import ENCODERS, Parameters, classifier, pipeline
from gallop.modelling.folds import Fold, Rows, forward, stratified
from gallop.modelling.study import Budget, Explored, GivenUp, Report, Trial, explore
from gallop.schema import Role
from gallop.settings import Encoding, FamilySearch, Training

_SURE = 1e-6
"""Probabilities of 0 and 1, which a forest may give, are pulled in by this before they become log-odds."""


@dataclass(frozen=True)
class Searched:
    """What every family's search found."""

    families: dict[str, Explored]
    rows: Rows
    """Places of the training rows that some fold held out, sorted: those that the trials' log-odds are of."""
    folds: tuple[Rows, ...]
    """Places of each fold's held-out rows."""
    seen: tuple[Rows, ...]
    """Places of the rows that each fold learnt from."""


def search(
    X: pd.DataFrame,
    y: Vector,
    roles: dict[str, Role],
    training: Training,
    seed: int,
    *,
    days: Sequence[str] | None = None,
    folder: Path | None = None,
    on_trial: Callable[[str], None] = lambda _: None,
) -> Searched:
    """Try every family's settings on the training rows.

    Args:
        X: model inputs of the training rows.
        y: shape (n,), 0 or 1.
        days: the rows' days, to hold out later days only; None for stratified folds.
        folder: where studies are kept while the search runs, so that a killed one goes on; None to keep nothing.
        on_trial: told the family's name after each trial.

    Raises:
        SettingsError: a combination is invalid. OneClass: too few rows of a label for the folds.
    """
    places = forward(days, training.folds) if days is not None else stratified(y, training.folds, seed)
    if any(len(np.unique(y[part])) < 2 for pair in places for part in pair):
        raise OneClass("training: a fold has leads of one label only; use fewer training.folds, or split.by: random")
    folds = [Fold(X, y, seen, held_out, roles, training) for seen, held_out in places]
    rows = np.sort(np.concatenate([held_out for _, held_out in places]))
    budget = Budget(training.budget, time.monotonic() + training.seconds if training.seconds else None)
    kept = None if folder is None else folder / _identity(X, y, roles, training, places, seed)
    if folder is not None:
        _forget(folder, but=kept)
    wanted = training.families
    jobs = (
        delayed(_explore)(family, wanted[family], budget, seed, folds, rows, y, kept, on_trial)
        # The longest first, so that no core waits at the end.
        for family in sorted(wanted, key=lambda name: name != "lightgbm")
        if family not in race.LAST
    )
    explored = dict(Parallel(n_jobs=-1, prefer="threads")(jobs))
    ahead = race.leader(explored.values())
    for family in (name for name in wanted if name in race.LAST):
        _, explored[family] = _explore(family, wanted[family], budget, seed, folds, rows, y, kept, on_trial, ahead)
    if folder is not None:
        _forget(folder, but=None)
    seen, held_out = (tuple(side) for side in zip(*places, strict=True))
    return Searched({family: explored[family] for family in training.families}, rows, held_out, seen)


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


def _explore(
    family: str,
    wanted: FamilySearch,
    budget: Budget,
    seed: int,
    folds: list[Fold],
    rows: Rows,
    y: Vector,
    folder: Path | None,
    on_trial: Callable[[str], None],
    ahead: Trial | None = None,
) -> tuple[str, Explored]:
    # OpenMP counts its threads per calling thread, so the limit belongs here and not around the pool.
    with threadpool_limits(limits=1):
        places = [np.searchsorted(rows, fold.held_out) for fold in folds]
        to_beat = [ahead.log_odds[place] for place in places] if ahead else None

        def judged(parameters: Parameters, report: Report) -> tuple[Parameters, Vector, float]:
            fitted, odds = _judge(family, parameters, folds, seed, report, to_beat)
            place = np.concatenate(places)
            ordered = np.empty(len(rows))
            ordered[place] = np.concatenate(odds)
            return fitted, ordered, log_loss(ordered, y[rows])

        return family, explore(family, wanted, budget, seed, judged, folder, on_trial)


def _judge(
    family: str, parameters: Parameters, folds: list[Fold], seed: int, report: Report, to_beat: list[Vector] | None
) -> tuple[Parameters, list[Vector]]:
    if family == "lightgbm":
        return _boosted(parameters, folds, seed, report)
    found: list[Vector] = []
    label = np.concatenate([fold.y[fold.held_out] for fold in folds])
    for step, fold in enumerate(folds, 1):
        seen, held_out = fold.encoded(family)
        model = classifier(family, parameters, seed).fit(seen, fold.y[fold.seen])
        if family in ENCODERS:
            odds = log_odds(cast(Additive, model), held_out)
        else:
            odds = logit(np.clip(np.asarray(model.predict_proba(held_out), dtype=np.float64)[:, 1], _SURE, 1 - _SURE))
        found.append(odds)
        if step < len(folds):
            so_far = np.concatenate(found)
            report(log_loss(so_far, label[: len(so_far)]), step)
            if to_beat and race.lost(so_far, np.concatenate(to_beat[:step]), label[: len(so_far)]):
                raise GivenUp
    return parameters, found


def _boosted(parameters: Parameters, folds: list[Fold], seed: int, report: Report) -> tuple[Parameters, list[Vector]]:
    found, trees = cross_validate(
        [fold.boosting for fold in folds],
        parameters,
        seed,
        lambda loss, trees: report(loss, trees // 50) if trees % 50 == 0 else None,
    )
    return parameters | {"n_estimators": trees}, found


def _identity(
    X: pd.DataFrame, y: Vector, roles: dict[str, Role], training: Training, places: list[tuple[Rows, Rows]], seed: int
) -> str:
    """The same for the same search only: its rows, folds, spaces and seed."""
    digest = hashlib.sha256(pd.util.hash_pandas_object(X, index=False).to_numpy().tobytes())
    digest.update(y.tobytes())
    for seen, held_out in places:
        digest.update(seen.tobytes() + b"|" + held_out.tobytes())
    said = training.model_dump_json(exclude={"budget", "seconds", "stack", "forced"})
    digest.update(repr((sorted(roles.items()), said, seed)).encode())
    return digest.hexdigest()[:16]


def _forget(folder: Path, but: Path | None) -> None:
    """Remove studies: of other searches, or of one that is over."""
    for study in folder.iterdir() if folder.is_dir() else ():
        if study != but:
            shutil.rmtree(study)
