"""The search: every family's settings, each judged by cross-validation on training rows.

Judged by log-loss of the out-of-fold probabilities, because a lead's score is used as a probability. All families see
the same folds, so their differences are paired. Every fitted step is fitted inside each fold; since the steps before
the classifier are the same for all trials of a family, each fold is encoded once.
"""

import hashlib
import queue
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, cast

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from scipy.special import logit
from threadpoolctl import threadpool_limits

from gallop.errors import SingleClassError
from gallop.evaluation.metrics import Vector
from gallop.hands import Here, Worker
from gallop.modelling.contributions import Additive, log_loss, log_odds
from gallop.modelling.families import ENCODERS, PLAIN, Parameters, classifier
from gallop.modelling.search import racing
from gallop.modelling.search.folds import Fold, Rows, forward, stratified
from gallop.modelling.search.lightgbm_cv import cross_validate
from gallop.modelling.search.study import Budget, Explored, GivenUp, ReportLoss, Trial, explore
from gallop.schema import Role
from gallop.settings.training import Family, FamilySearch, Training

ENCODINGS: Final = ("trees", PLAIN, "splines")
"""The parts of a search: families of one encoding are together, so that a fold is encoded once. The longest first."""
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
    on_explored: Callable[[str, Explored], None] = lambda _family, _explored: None,
    hands: Sequence[Worker] = (),
) -> Searched:
    """Try every family's settings on the training rows.

    Args:
        X: model inputs of the training rows.
        y: shape (n,), 0 or 1.
        days: the rows' days, to hold out later days only; None for stratified folds.
        folder: where studies are kept while the search runs, so that a killed one goes on; None to keep nothing.
        on_trial: told the family's name after each trial.
        on_explored: told each family with what became of its trials, in whatever order they end.
        hands: processes that take a part of the families; without any, threads do.

    Raises:
        SettingsError: a combination is invalid. OneClass: too few rows of a label for the folds.
    """
    places = forward(days, training.folds) if days is not None else stratified(y, training.folds, seed)
    if any(len(np.unique(y[part])) < 2 for pair in places for part in pair):
        raise SingleClassError(
            "training: a fold has leads of one label only; use fewer training.folds, or split.by: random"
        )
    folds = [Fold(X, y, seen, held_out, roles, training) for seen, held_out in places]
    rows = np.sort(np.concatenate([held_out for _, held_out in places]))
    budget = Budget(training.budget, time.monotonic() + training.seconds if training.seconds else None)
    kept = None if folder is None else folder / _identity(X, y, roles, training, places, seed)
    if folder is not None:
        _forget(folder, but=kept)
    trial = _Search(training.families, budget, seed, folds, rows, y, kept)
    # Without hands, as many threads as there are cores; they take turns.
    free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    workers = [Here(), *hands] if hands else [Here() for _ in range(cpu_count())]
    for worker in workers:
        free.put(worker)

    def part(families: list[Family]) -> dict[str, Explored]:
        worker = free.get()
        try:
            worker.begin(_explore, trial, families, None)
            return worker.result(on_trial)
        finally:
            free.put(worker)

    now = [family for family in training.families if family not in racing.LAST]
    parts = [[family for family in now if ENCODERS.get(family, PLAIN) == encoding] for encoding in ENCODINGS]
    explored: dict[str, Explored] = {}

    def keep(found: dict[str, Explored]) -> None:
        explored.update(found)
        for family, trials in found.items():
            on_explored(family, trials)

    side_by_side = Parallel(n_jobs=len(workers), prefer="threads", return_as="generator_unordered")
    for found in side_by_side(delayed(part)(families) for families in parts if families):
        keep(found)
    ahead = racing.leader(explored[family] for family in now)
    late = [family for family in training.families if family in racing.LAST]
    keep(_explore(trial, late, ahead, on_trial))
    if folder is not None:
        _forget(folder, but=None)
    seen, held_out = (tuple(side) for side in zip(*places, strict=True))
    return Searched({family: explored[family] for family in training.families}, rows, held_out, seen)


@dataclass(frozen=True)
class _Search:
    """What all families have in common."""

    wanted: dict[Family, FamilySearch]
    budget: Budget
    seed: int
    folds: list[Fold]
    rows: Rows
    y: Vector
    folder: Path | None


def _explore(
    search: _Search, families: Sequence[Family], ahead: Trial | None, on_trial: Callable[[str], None]
) -> dict[str, Explored]:
    """Families one after the other, in whatever thread or process."""
    # OpenMP counts its threads per calling thread, so the limit belongs here and not around the pool.
    with threadpool_limits(limits=1):
        places = [np.searchsorted(search.rows, fold.held_out) for fold in search.folds]
        to_beat = [ahead.log_odds[place] for place in places] if ahead else None

        def judged(family: Family, parameters: Parameters, report: ReportLoss) -> tuple[Parameters, Vector, float]:
            fitted, odds = _judge(family, parameters, search.folds, search.seed, report, to_beat)
            place = np.concatenate(places)
            ordered = np.empty(len(search.rows))
            ordered[place] = np.concatenate(odds)
            return fitted, ordered, log_loss(ordered, search.y[search.rows])

        return {
            family: explore(
                family,
                search.wanted[family],
                search.budget,
                search.seed,
                partial(judged, family),
                search.folder,
                on_trial,
            )
            for family in families
        }


def _judge(
    family: str, parameters: Parameters, folds: list[Fold], seed: int, report: ReportLoss, to_beat: list[Vector] | None
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
            if to_beat and racing.lost(so_far, np.concatenate(to_beat[:step]), label[: len(so_far)]):
                raise GivenUp
    return parameters, found


def _boosted(
    parameters: Parameters, folds: list[Fold], seed: int, report: ReportLoss
) -> tuple[Parameters, list[Vector]]:
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
