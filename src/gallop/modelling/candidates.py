"""The candidates of a search: the best trial of each family and the stack; which one wins, and its fitted model."""

from dataclasses import dataclass, replace
from typing import Final, cast

import numpy as np
from joblib import Parallel, delayed
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from gallop.additive.calibrator import Calibrator
from gallop.additive.columns import Matrix
from gallop.additive.model import AdditiveModel, Member
from gallop.evaluation.metrics import Vector, log_losses_of_log_odds, mean_log_loss
from gallop.modelling.additive_form import AdditiveEstimator, additive_form
from gallop.modelling.families import ENCODERS, Parameters, classifier, directions
from gallop.modelling.search.folds import AllRows
from gallop.modelling.search.run import Searched
from gallop.modelling.search.study import Explored, Trial
from gallop.modelling.stack import LEAST_GAIN, StackWeights, choose_members, fit_calibrator, fit_weights
from gallop.settings.training import Training

CandidateModel = AdditiveModel | Pipeline

STACK: Final = "stack"
_ALL_ROWS, _MORE_ROWS = 1.1, 0.4
"""More boosted trees when all rows are learnt from than when some are held out; and where the search saw a sample, as
many times more as there are rows to this power."""
_MOST_LEAVES: Final = 5_000
"""Of a member's fits together, if there are several: each costs time at every score."""


@dataclass(frozen=True)
class Assembly:
    """What a deployed model is made of."""

    trials: tuple[Trial, ...]
    weights: StackWeights
    as_trial: Trial
    """The whole, as a trial among others."""
    calibrator: Calibrator | None = None


@dataclass(frozen=True)
class Contender:
    """One candidate for deployment."""

    trial: Trial
    explored: Explored
    """The search it came from; of the stack, itself alone."""
    assembly: Assembly | None
    """What its model is made of where its scores can be taken apart; None where they cannot."""


def ranked_contenders(searched: Searched, y: Vector, training: Training) -> list[Contender]:
    """All candidates, the lowest log-loss first. y: shape (training rows,)."""
    contenders = []
    for family, explored in searched.families.items():
        if not explored.trials:
            continue
        best, assembly = explored.trials[0], None
        if additive(family, training):
            assembly = alone(best, searched, y)
            best = assembly.as_trial
        contenders.append(Contender(best, explored, assembly))
    stack = stacked(searched, y, training)
    if stack:
        contenders.append(Contender(stack.as_trial, Explored((stack.as_trial,), (), 0), stack))
    return sorted(contenders, key=lambda contender: contender.trial.log_loss)


def winner(ranked: list[Contender]) -> tuple[Contender, Assembly]:
    """The best candidate that gives reasons for its scores, and what it is made of."""
    # There is one: the settings have such a family, and only one that is behind another of them is given up.
    return next((contender, contender.assembly) for contender in ranked if contender.assembly is not None)


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
    of_trials = np.column_stack([trial.log_odds for trial in trials])
    label = y[searched.rows]
    members = [trials[index] for index in choose_members(of_trials, label, training.stack)]
    if len(members) < 2:
        return None
    of_members = np.column_stack([trial.log_odds for trial in members])
    log_odds = np.empty(len(label))
    for held_out in searched.folds:
        inside = np.isin(searched.rows, held_out)
        log_odds[inside] = fit_weights(of_members[~inside], label[~inside]).apply(of_members[inside])
    weights = fit_weights(of_members, label)
    parameters: Parameters = {}
    for trial, weight in zip(members, weights.of, strict=True):
        number = searched.families[trial.family].trials.index(trial) + 1
        parameters[f"{trial.family} {number}"] = round(float(weight), 4)
    as_trial = Trial(STACK, parameters, log_odds, mean_log_loss(label, log_odds))
    return _calibrated(Assembly(tuple(members), weights, as_trial), searched, y)


def _calibrated(assembly: Assembly, searched: Searched, y: Vector) -> Assembly:
    """With a calibrator where that lowers the cross-validated log-loss.

    By as much as another member would have to, and by more than chance (a standard error), which alone bends the
    calibrator of few leads. Forward in time it is learnt from the latest fold, as it was for each fold that judged it.
    """
    log_odds, label = assembly.as_trial.log_odds, y[searched.rows]
    calibrated, judged = log_odds.copy(), np.zeros(len(label), dtype=bool)
    for index, held_out in enumerate(searched.folds):
        learnt = np.isin(searched.rows, searched.calibrated_on(index))
        if len(np.unique(label[learnt])) == 2:
            inside = np.isin(searched.rows, held_out)
            judged |= inside
            calibrated[inside] = fit_calibrator(log_odds[learnt], label[learnt]).apply(log_odds[inside])
    if not judged.any():
        return assembly
    gain = (log_losses_of_log_odds(label, log_odds) - log_losses_of_log_odds(label, calibrated))[judged]
    if gain.mean() < max(LEAST_GAIN, gain.std() / np.sqrt(len(gain))):
        return assembly
    as_trial = replace(assembly.as_trial, log_odds=calibrated, log_loss=mean_log_loss(label, calibrated))
    latest = np.isin(searched.rows, searched.calibrated_on(len(searched.folds)))
    return replace(assembly, as_trial=as_trial, calibrator=fit_calibrator(log_odds[latest], label[latest]))


def fit_candidate(rows: AllRows, contender: Contender, seed: int) -> CandidateModel:
    """The candidate's model, fitted on all the training rows."""
    if contender.assembly:
        return fit_assembly(rows, contender.assembly, seed)
    return fit_plain(rows, contender.trial.family, contender.trial.parameters, seed)


def fit_assembly(rows: AllRows, assembly: Assembly, seed: int, *, repeats: int | None = None) -> AdditiveModel:
    """Fit every member on all the training rows.

    Args:
        repeats: fits of each boosted member, which share its weight: what each draws by itself averages out. None for
            as many as the settings say, and reasons have time for.
    """
    encodings, members = {}, []
    with threadpool_limits(limits=1):
        for trial, weight in zip(assembly.trials, assembly.weights.of, strict=True):
            kind = ENCODERS[trial.family]
            step, encoded = rows.encoded(trial.family)
            encodings[kind] = step.fitted
            demanded = directions(trial.family, step.fitted.sources, rows.training.monotone)
            parameters = _for_all_rows(rows, trial) | demanded
            seeds = [seed + number for number in range(repeats or _repeats(rows, trial))]
            jobs = [delayed(_fitted)(trial.family, parameters, drawn, encoded, rows.y) for drawn in seeds]
            for estimator in Parallel(n_jobs=-1, prefer="threads")(jobs):
                members.append(Member(kind, additive_form(estimator), float(weight) / len(seeds)))
    return AdditiveModel(tuple(rows.roles), encodings, tuple(members), assembly.weights.base, assembly.calibrator)


def _repeats(rows: AllRows, trial: Trial) -> int:
    """How often a member is fitted: once where nothing is drawn, or rows are so many that the draws hardly differ."""
    if trial.family != "lightgbm" or len(rows.y) > 2 * rows.searched:
        return 1
    leaves = trial.parameters["n_estimators"] * trial.parameters.get("num_leaves", 31)
    return max(1, min(rows.training.repeats, _MOST_LEAVES // leaves))


def _fitted(family: str, parameters: Parameters, seed: int, encoded: Matrix, y: Vector) -> AdditiveEstimator:
    # OpenMP counts its threads per calling thread.
    with threadpool_limits(limits=1):
        return cast(AdditiveEstimator, classifier(family, parameters, seed).fit(encoded, y))


def fit_plain(rows: AllRows, family: str, parameters: Parameters, seed: int) -> Pipeline:
    """A family that takes the plain encoding, fitted on all the training rows; all such share the fitted encoding."""
    with threadpool_limits(limits=1):
        step, encoded = rows.encoded(family)
        return Pipeline([("encode", step), ("classify", classifier(family, parameters, seed).fit(encoded, rows.y))])


def _for_all_rows(rows: AllRows, trial: Trial) -> Parameters:
    if trial.family != "lightgbm":
        return dict(trial.parameters)
    more = _ALL_ROWS * (len(rows.y) / rows.searched) ** _MORE_ROWS
    return trial.parameters | {"n_estimators": round(trial.parameters["n_estimators"] * more)}
