"""The candidates of a search: the best trial of each family and the stack; which one wins, and its model."""

from dataclasses import dataclass

from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from gallop.evaluation.metrics import Vector
from gallop.modelling import assemble
from gallop.modelling.assemble import Assembly
from gallop.modelling.families import Parameters, classifier
from gallop.modelling.search.folds import AllRows
from gallop.modelling.search.run import Searched
from gallop.modelling.search.study import Explored, Trial
from gallop.modelling.stack import Stack
from gallop.settings.training import Training

CandidateModel = Stack | Pipeline


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
    found = []
    for family, explored in searched.families.items():
        if not explored.trials:
            continue
        best, assembly = explored.trials[0], None
        if assemble.additive(family, training):
            assembly = assemble.alone(best, searched, y)
            best = assembly.as_trial
        found.append(Contender(best, explored, assembly))
    stacked = assemble.stacked(searched, y, training)
    if stacked:
        found.append(Contender(stacked.as_trial, Explored((stacked.as_trial,), (), 0), stacked))
    return sorted(found, key=lambda each: each.trial.log_loss)


def winner(ranked: list[Contender]) -> Contender:
    """The best candidate that gives reasons for its scores; the best of all where none does."""
    return next((each for each in ranked if each.assembly), ranked[0])


def fit_candidate(rows: AllRows, contender: Contender, seed: int) -> CandidateModel:
    """The candidate's model, fitted on all the training rows."""
    if contender.assembly:
        return assemble.fit_assembly(rows, contender.assembly, seed)
    return fit_plain(rows, contender.trial.family, contender.trial.parameters, seed)


def fit_plain(rows: AllRows, family: str, parameters: Parameters, seed: int) -> Pipeline:
    """A family that takes the plain encoding, fitted on all the training rows; all such share the fitted encoding."""
    with threadpool_limits(limits=1):
        step, encoded = rows.encoded(family)
        return Pipeline([("encode", step), ("classify", classifier(family, parameters, seed).fit(encoded, rows.y))])
