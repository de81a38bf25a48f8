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
from functools import partial
from pathlib import Path
from typing import Final, cast

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from optuna import TrialPruned
from scipy.special import logit
from threadpoolctl import threadpool_limits

from gallop.errors import SingleClassError
from gallop.evaluation.metrics import Vector, mean_log_loss
from gallop.modelling.additive_form import AdditiveEstimator, log_odds
from gallop.modelling.families import ENCODERS, PLAIN, Parameters, classifier
from gallop.modelling.search import racing
from gallop.modelling.search.folds import Fold, Rows, forward, searched_rows, stratified
from gallop.modelling.search.grouped_folds import InTime, forward_apart
from gallop.modelling.search.lightgbm_cv import cross_validate
from gallop.modelling.search.study import Budget, Explored, ReportLoss, Trial, explore
from gallop.schema import Role
from gallop.settings.training import Family, FamilySearch, Training

ENCODINGS: Final = ("trees", PLAIN, "splines")
"""The parts of a search: families of one encoding are together, so that a fold is encoded once. The longest first."""
_CLIP = 1e-6
"""Probabilities of 0 and 1, which a forest may give, are pulled in by this before they become log-odds."""


@dataclass(frozen=True)
class Searched:
    """What every family's search found."""

    families: dict[str, Explored]
    rows: Rows
    """Indices of the training rows that some fold held out, sorted: those that the trials' log-odds are of."""
    folds: tuple[Rows, ...]
    """Indices of each fold's held-out rows."""
    seen: tuple[Rows, ...]
    """Indices of the rows that each fold learnt from."""
    forward: bool = False
    """Whether each fold is later than the rows it learnt from, and than the folds before it."""

    def calibrated_on(self, fold: int) -> Rows:
        """Indices of the rows to calibrate on what is held out in a fold; after the last fold, what comes later.

        All other folds; forward in time the latest fold of rows that were known by then.
        """
        if not self.forward:
            return np.concatenate([rows for index, rows in enumerate(self.folds) if index != fold] or [self.rows[:0]])
        for rows in reversed(self.folds[:fold]):
            known = np.intersect1d(rows, self.seen[fold]) if fold < len(self.folds) else rows
            if len(known):
                return known
        return self.rows[:0]


def search(
    X: pd.DataFrame,
    y: Vector,
    roles: dict[str, Role],
    training: Training,
    seed: int,
    *,
    at: Rows | None = None,
    in_time: InTime | None = None,
    folder: Path | None = None,
    on_trial: Callable[[str], None] = lambda _: None,
) -> Searched:
    """Try every family's settings on the training rows.

    Args:
        X: model inputs of the training rows.
        y: shape (n,), 0 or 1.
        at: when the rows were, to hold out later ones only; None for stratified folds.
        in_time: instead of `at`: to keep leads together and a gap before the days held out.
        folder: where Optuna's journals are kept while the search runs; None to keep nothing.
        on_trial: called with the family's name after each trial.

    Raises:
        SettingsError: a combination is invalid. SingleClassError: too few rows of a label for the folds.
    """
    drawn = searched_rows(y, len(roles), training.search_rows, seed)
    pairs = _pairs(y, training.folds, seed, at, in_time, drawn)
    if not pairs:
        raise SingleClassError(
            "training: every fold has leads of one label only; use fewer training.folds, or split.by: random"
        )
    folds = [Fold(X, y, seen, held_out, roles, training) for seen, held_out in pairs]
    rows = np.sort(np.concatenate([held_out for _, held_out in pairs]))
    budget = Budget(training.budget, time.monotonic() + training.seconds if training.seconds else None)
    journals = None if folder is None else folder / _identity(X, y, roles, training, pairs, seed)
    if folder is not None:
        _remove_journals(folder, but=journals)
    job = _Search(training.families, budget, seed, folds, rows, y, journals)

    first = [family for family in training.families if family not in racing.LAST]
    last = [family for family in training.families if family in racing.LAST]
    parts = [[family for family in first if ENCODERS.get(family, PLAIN) == encoding] for encoding in ENCODINGS]
    side_by_side = Parallel(n_jobs=-1, prefer="threads")
    explored: dict[str, Explored] = {}
    for part in side_by_side(delayed(_explore)(job, part, None, on_trial) for part in parts if part):
        explored.update(part)
    leader = racing.leader(explored[family] for family in first)
    if len(drawn) < len(y) and leader is not None:
        # What is tried must be fitted on all rows in the end, which takes them minutes.
        explored |= dict.fromkeys(last, Explored((), (), 0))
    else:
        explored |= _explore(job, last, leader, on_trial)
    if folder is not None:
        _remove_journals(folder, but=None)
    seen, held_out = (tuple(rows_of_folds) for rows_of_folds in zip(*pairs, strict=True))
    by_family: dict[str, Explored] = {family: explored[family] for family in training.families}
    return Searched(by_family, rows, held_out, seen, forward=in_time is not None or at is not None)


def _pairs(
    y: Vector, folds: int, seed: int, at: Rows | None, in_time: InTime | None, drawn: Rows
) -> list[tuple[Rows, Rows]]:
    """Indices of rows seen and held out, per fold, among the rows drawn for the search."""
    label = y[drawn]
    if in_time is not None:
        pairs = forward_apart(in_time.of(drawn), label, folds, seed)
    elif at is not None:
        pairs = [pair for pair in forward(at[drawn], folds) if all(len(np.unique(label[part])) == 2 for part in pair)]
    else:
        pairs = stratified(label, folds, seed)
    return [(drawn[seen], drawn[held_out]) for seen, held_out in pairs]


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
    search: _Search, families: Sequence[Family], leader: Trial | None, on_trial: Callable[[str], None]
) -> dict[str, Explored]:
    """Families one after the other; those that race against `leader` are given up once they are clearly behind."""
    # OpenMP counts its threads per calling thread, so the limit belongs here and not around the pool.
    with threadpool_limits(limits=1):
        indices = [np.searchsorted(search.rows, fold.held_out) for fold in search.folds]
        to_beat = [leader.log_odds[index] for index in indices] if leader else None

        def judge(family: Family, parameters: Parameters, report: ReportLoss) -> tuple[Parameters, Vector, float]:
            fitted, of_folds = _cross_validate(family, parameters, search.folds, search.seed, report, to_beat)
            odds = np.empty(len(search.rows))
            odds[np.concatenate(indices)] = np.concatenate(of_folds)
            return fitted, odds, mean_log_loss(search.y[search.rows], odds)

        return {
            family: explore(
                family,
                search.wanted[family],
                search.budget,
                search.seed,
                partial(judge, family),
                search.folder,
                on_trial,
            )
            for family in families
        }


def _cross_validate(
    family: str, parameters: Parameters, folds: list[Fold], seed: int, report: ReportLoss, to_beat: list[Vector] | None
) -> tuple[Parameters, list[Vector]]:
    """The setting as it is to be fitted, and the log-odds of each fold's held-out rows."""
    if family == "lightgbm":
        return _boosted(parameters, folds, seed, report)
    of_folds: list[Vector] = []
    label = np.concatenate([fold.y[fold.held_out] for fold in folds])
    for step, fold in enumerate(folds, 1):
        seen, held_out = fold.encoded(family)
        model = classifier(family, parameters, seed).fit(seen, fold.y[fold.seen])
        if family in ENCODERS:
            odds = log_odds(cast(AdditiveEstimator, model), held_out)
        else:
            odds = logit(np.clip(np.asarray(model.predict_proba(held_out), dtype=np.float64)[:, 1], _CLIP, 1 - _CLIP))
        of_folds.append(odds)
        if step < len(folds):
            so_far = np.concatenate(of_folds)
            report(mean_log_loss(label[: len(so_far)], so_far), step)
            if to_beat and racing.clearly_behind(so_far, np.concatenate(to_beat[:step]), label[: len(so_far)]):
                raise TrialPruned
    return parameters, of_folds


def _boosted(
    parameters: Parameters, folds: list[Fold], seed: int, report: ReportLoss
) -> tuple[Parameters, list[Vector]]:
    of_folds, trees = cross_validate(
        [fold.boosting for fold in folds],
        parameters,
        seed,
        lambda loss, trees: report(loss, trees // 50) if trees % 50 == 0 else None,
    )
    return parameters | {"n_estimators": trees}, of_folds


def _identity(
    X: pd.DataFrame, y: Vector, roles: dict[str, Role], training: Training, pairs: list[tuple[Rows, Rows]], seed: int
) -> str:
    """The same for the same search only: its rows, folds, spaces and seed."""
    digest = hashlib.sha256(pd.util.hash_pandas_object(X, index=False).to_numpy().tobytes())
    digest.update(y.tobytes())
    for seen, held_out in pairs:
        digest.update(seen.tobytes() + b"|" + held_out.tobytes())
    settings = training.model_dump_json(exclude={"budget", "seconds", "stack", "forced"})
    digest.update(repr((sorted(roles.items()), settings, seed)).encode())
    return digest.hexdigest()[:16]


def _remove_journals(folder: Path, but: Path | None) -> None:
    """Remove journals: of other searches, or of one that is over."""
    for journals in folder.iterdir() if folder.is_dir() else ():
        if journals != but:
            shutil.rmtree(journals)
