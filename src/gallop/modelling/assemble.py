"""From trials to the model that is deployed: which trials go into the stack, with which weights, fitted on all rows."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from gallop.evaluation.metrics import Vector
from gallop.modelling.calibrator import Calibrator, fit_calibrator
from gallop.modelling.contributions import log_loss, losses
from gallop.modelling.families import ENCODERS, Parameters, classifier, directions
from gallop.modelling.search.folds import AllRows
from gallop.modelling.search.run import Searched
from gallop.modelling.search.study import Trial
from gallop.modelling.stack import LEAST_GAIN, Member, Stack, StackWeights, choose_members, fit_weights
from gallop.settings.training import Training

STACK: Final = "stack"
_ALL_ROWS: Final = 1.1
"""More boosted trees when all rows are learnt from than when some are held out."""


@dataclass(frozen=True)
class Assembly:
    """What a deployed model is made of."""

    trials: tuple[Trial, ...]
    weights: StackWeights
    as_trial: Trial
    """The whole, as a trial among others."""
    calibrator: Calibrator | None = None


def additive(family: str, training: Training) -> bool:
    """Whether a family's scores can be taken apart, and keep the directions that the settings demand."""
    return family in ENCODERS and not (training.monotone and family != "lightgbm")


def alone(trial: Trial, searched: Searched, y: Vector) -> Assembly:
    """One trial by itself, calibrated where that helps. y: shape (training rows,)."""
    return _calibrated(Assembly((trial,), StackWeights(0.0, np.ones(1)), trial), searched, y)


def stacked(searched: Searched, y: Vector, training: Training) -> Assembly | None:
    """The best weighted sum of additive trials; None where there is nothing to add up.

    Its own log-odds are those of weights fitted without the fold they are for.

    Args:
        y: shape (training rows,), 0 or 1.
    """
    trials = [
        trial
        for family, explored in searched.families.items()
        if additive(family, training)
        for trial in explored.trials
    ]
    if training.stack < 2 or len(trials) < 2 or len(searched.folds) < 2:
        return None
    seen = np.column_stack([trial.log_odds for trial in trials])
    label = y[searched.rows]
    chosen = [trials[place] for place in choose_members(seen, label, training.stack)]
    if len(chosen) < 2:
        return None
    together = np.column_stack([trial.log_odds for trial in chosen])
    log_odds = np.empty(len(label))
    for held_out in searched.folds:
        inside = np.isin(searched.rows, held_out)
        log_odds[inside] = fit_weights(together[~inside], label[~inside]).apply(together[inside])
    weights = fit_weights(together, label)
    said: Parameters = {}
    for trial, weight in zip(chosen, weights.of, strict=True):
        place = searched.families[trial.family].trials.index(trial) + 1
        said[f"{trial.family} {place}"] = round(float(weight), 4)
    whole = Assembly(tuple(chosen), weights, Trial(STACK, said, log_odds, log_loss(log_odds, label)))
    return _calibrated(whole, searched, y)


def _calibrated(assembly: Assembly, searched: Searched, y: Vector) -> Assembly:
    """With a calibrator where that lowers the cross-validated log-loss.

    By as much as another member would have to, and by more than chance (a standard error), which alone bends the
    calibrator of few leads.
    """
    log_odds, label = assembly.as_trial.log_odds, y[searched.rows]
    bent = np.empty(len(label))
    for held_out in searched.folds:
        inside = np.isin(searched.rows, held_out)
        if inside.all():
            return assembly
        bent[inside] = fit_calibrator(log_odds[~inside], label[~inside]).apply(log_odds[inside])
    gain = losses(log_odds, label) - losses(bent, label)
    if gain.mean() < max(LEAST_GAIN, gain.std() / np.sqrt(len(gain))):
        return assembly
    as_trial = replace(assembly.as_trial, log_odds=bent, log_loss=log_loss(bent, label))
    return replace(assembly, as_trial=as_trial, calibrator=fit_calibrator(log_odds, label))


def fit_assembly(rows: AllRows, assembly: Assembly, seed: int) -> Stack:
    """Fit every member on all the training rows."""
    steps, members = {}, []
    with threadpool_limits(limits=1):
        for trial, weight in zip(assembly.trials, assembly.weights.of, strict=True):
            kind = ENCODERS[trial.family]
            steps[kind], encoded = rows.encoded(trial.family)
            demanded = directions(trial.family, steps[kind].sources_, rows.training.monotone)
            made = classifier(trial.family, _for_all_rows(trial) | demanded, seed).fit(encoded, rows.y)
            members.append(Member(kind, made, float(weight)))
    return Stack(list(rows.roles), steps, tuple(members), assembly.weights.base, assembly.calibrator)


def _for_all_rows(trial: Trial) -> Parameters:
    if trial.family != "lightgbm":
        return dict(trial.parameters)
    return trial.parameters | {"n_estimators": round(trial.parameters["n_estimators"] * _ALL_ROWS)}
