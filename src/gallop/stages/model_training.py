"""model_training: search on training rows, choose, and only then look at the test rows, once.

`train` sees no test row. It chooses the winner (the lowest cross-validated log-loss of those that give reasons for
their scores), its cut-offs, and what is exported as model.pkl: the last step of the best candidate that meets the
export contract. `assess` measures what was chosen on the test rows, and decides nothing. `refit` fits the winner's
recipe again on all leads: that fit goes live, since nothing is gained by keeping leads from it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from gallop.additive.model import AdditiveModel
from gallop.errors import ContractError, SettingsError, UnsafeModelError
from gallop.evaluation.metrics import Vector, estimate, evaluate, paired_difference
from gallop.modelling.assessment import gather_evidence
from gallop.modelling.candidates import (
    Assembly,
    CandidateModel,
    Contender,
    fit_assembly,
    fit_candidate,
    fit_plain,
    ranked_contenders,
    winner,
)
from gallop.modelling.learning_curve import learning_points
from gallop.modelling.made_up import made_up_leads, typical_lead
from gallop.modelling.over_time import latest_rows, rows_in_time, training_over_time, with_test_leads
from gallop.modelling.permutation_importance import importances
from gallop.modelling.preprocessing import frame
from gallop.modelling.search.folds import AllRows
from gallop.modelling.search.run import search
from gallop.modelling.search.study import Trial
from gallop.modelling.thresholds import choose_cutoffs, measure_cutoffs
from gallop.modelling.uncertainty import score_uncertainty
from gallop.modelling.unlike import learnt_scores
from gallop.results.evidence import DecisionPlan, LearningPoint, ScoreUncertainty
from gallop.results.over_time import OverTime
from gallop.results.run import Candidate, TrainingResult
from gallop.results.unlike import LearntScores
from gallop.settings.params import Settings
from gallop.tables.features import input_roles

Exporter = Callable[[object], bytes]
"""Fitted classifier → content of model.pkl; raises `ContractError` or `UnsafeModelError` where it is not exported."""


@dataclass(frozen=True)
class Trained:
    """What was chosen and fitted on training rows alone."""

    winner: str
    recipe: Assembly
    """What the winner is made of: families, settings, weights, calibrator."""
    model: AdditiveModel
    """The winner, as the test rows judge it."""
    models: dict[str, CandidateModel]
    """Family → the candidate fitted on all training rows, the lowest log-loss first."""
    baseline: CandidateModel
    """An untuned logistic regression."""
    exported: str | None
    """The family whose classifier is exported; None where none meets the contract."""
    export: bytes | None
    trials: dict[str, Sequence[Trial]]
    candidates: tuple[Candidate, ...]
    given_up: tuple[str, ...]
    plan: DecisionPlan
    uncertainty: ScoreUncertainty
    learning: tuple[LearningPoint, ...]
    over_time: OverTime | None
    rows: int
    positives: int
    example: pd.DataFrame
    """One made-up row of typical values, which is nobody's."""
    golden: dict[str, list]
    """Model input → its values in a few made-up leads, None where missing."""


# On a busy machine trees predict a hundred times slower with a thread per core than with one.
@threadpool_limits.wrap(limits=1)
def train(
    leads: nw.DataFrame,
    settings: Settings,
    *,
    export: Exporter,
    studies: Path | None = None,
    on_trial: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Search, choose and fit.

    Args:
        leads: the training leads, as `data_split` gives them.
        studies: where searches are kept while they run, so that a killed one goes on; None to keep nothing.
        on_trial: called with the family's name after each trial.

    Raises:
        SettingsError, SingleClassError: see `search`. SettingsError also where the model ignores a forced input.
    """
    roles, seed, training = input_roles(settings.table, settings.features), settings.seed, settings.training
    X, y = frame(leads, roles), _labels(leads[settings.table.label.column])
    at, in_time = rows_in_time(leads, settings)
    searched = search(X, y, roles, training, seed, at=at, in_time=in_time, folder=studies, on_trial=on_trial)
    ranked = ranked_contenders(searched, y, training)
    best, recipe = winner(ranked)
    rows = AllRows(X, y, roles, training)
    model = fit_assembly(rows, recipe, seed)
    models = {
        contender.trial.family: model if contender is best else fit_candidate(rows, contender, seed)
        for contender in ranked
    }
    _require_forced(model, X, training.forced)
    exports = {family: _exported(model, export) for family, model in models.items()}
    exported = next((family for family, content in exports.items() if isinstance(content, bytes)), None)
    content = exports[exported] if exported else None
    held_out, intervals = y[searched.rows], settings.resampling
    latest = latest_rows(at, held_out, searched, training.folds)
    plan = choose_cutoffs(held_out[latest], best.trial.out_of_fold[latest], settings.decision, **intervals)
    return Trained(
        winner=best.trial.family,
        recipe=recipe,
        model=model,
        models=models,
        baseline=fit_plain(rows, "logistic_regression", {}, seed),
        exported=exported,
        export=content if isinstance(content, bytes) else None,
        trials={contender.trial.family: contender.explored.trials for contender in ranked},
        candidates=tuple(
            _candidate(contender, held_out, best.trial, exports[contender.trial.family], plan, settings)
            for contender in ranked
        ),
        given_up=tuple(family for family, explored in searched.families.items() if not explored.trials),
        plan=plan,
        uncertainty=score_uncertainty(held_out[latest], best.trial.out_of_fold[latest]),
        learning=learning_points(X, y, roles, recipe, searched, settings),
        over_time=training_over_time(leads[searched.rows.tolist()], held_out, best.trial.out_of_fold, settings),
        rows=len(y),
        positives=int(y.sum()),
        example=typical_lead(X, roles),
        golden=made_up_leads(X, roles, seed),
    )


@threadpool_limits.wrap(limits=1)
def assess(
    trained: Trained,
    leads: nw.DataFrame,
    settings: Settings,
    *,
    all_rows: int,
    live_scores: LearntScores | None = None,
    truth: Mapping[str, float] | None = None,
) -> TrainingResult:
    """Measure what was trained on the test leads, which had no say in it.

    Args:
        leads: the test leads, as `data_split` gives them.
        all_rows, live_scores: how many leads the live fit learns from, and how it scores them.
        truth: id → true probability, for the sample.
    """
    roles, model = input_roles(settings.table, settings.features), trained.model
    X, y = frame(leads, roles), _labels(leads[settings.table.label.column])
    ids = leads[settings.table.id].to_list()
    probability, untuned = (fitted.predict_proba(X)[:, 1] for fitted in (model, trained.baseline))
    intervals = settings.resampling
    measure: dict = {"threshold": trained.plan.cutoff.probability} | intervals
    plan = measure_cutoffs(trained.plan, y, probability, settings.decision, **intervals)
    return TrainingResult(
        winner=trained.winner,
        exported=trained.exported,
        train_rows=trained.rows,
        train_positives=trained.positives,
        live_rows=all_rows,
        live_scores=live_scores,
        candidates=trained.candidates,
        given_up=trained.given_up,
        test=evaluate(y, probability, **measure),
        test_digest=hashlib.sha256("\n".join(sorted(map(str, ids))).encode()).hexdigest(),
        baseline=estimate(y, untuned, **measure),
        ahead=paired_difference(y, probability, untuned, **intervals)[0],
        best_possible=None if truth is None else estimate(y, np.array([truth[key] for key in ids]), **measure),
        importances=importances(model, X, y, settings),
        over_time=with_test_leads(trained.over_time, leads, y, probability, settings),
        evidence=gather_evidence(model, plan, trained.uncertainty, trained.learning, X, y, roles, settings),
    )


@threadpool_limits.wrap(limits=1)
def refit(trained: Trained, leads: nw.DataFrame, settings: Settings) -> tuple[AdditiveModel, LearntScores]:
    """The winner's recipe, fitted on all leads, test rows and those that the split left out included; and its scores.

    Args:
        leads: as `data_preprocess` gives them.
    """
    roles, ordered = input_roles(settings.table, settings.features), leads.sort(settings.table.id)
    rows = AllRows(frame(ordered, roles), _labels(ordered[settings.table.label.column]), roles, settings.training)
    model = fit_assembly(rows, trained.recipe, settings.seed)
    return model, learnt_scores(model.predict_proba(rows.X)[:, 1], trained.plan.bands, trained.uncertainty.ranges)


def _labels(column: nw.Series) -> Vector:
    return column.to_numpy().astype(np.float64)


def _exported(model: CandidateModel, export: Exporter) -> bytes | str:
    """The content of model.pkl, or why there is none."""
    if isinstance(model, AdditiveModel):
        return "own"
    try:
        return export(model[-1])
    except (ContractError, UnsafeModelError) as error:
        return str(error)


def _require_forced(model: AdditiveModel, X: pd.DataFrame, forced: Sequence[str]) -> None:
    if not forced:
        return
    parts, _ = model.contributions(X)
    for name in forced:
        if not np.ptp(parts[:, list(X.columns).index(name)]):
            raise SettingsError(
                f"training.forced: {name} makes no difference to any score of the winning model; accepted are inputs "
                "that tell leads apart"
            )


def _candidate(
    contender: Contender, y: Vector, best: Trial, exported: bytes | str, plan: DecisionPlan, settings: Settings
) -> Candidate:
    trial, explored, intervals = contender.trial, contender.explored, settings.resampling
    behind, _ = paired_difference(y, trial.out_of_fold, best.out_of_fold, **intervals)
    kept = "kept" if settings.export.contract else "none"
    return Candidate(
        family=trial.family,
        parameters=trial.parameters,
        trials=len(explored.trials) + explored.pruned + len(explored.failed),
        pruned=explored.pruned,
        failed=tuple(f"{failure.parameters}: {failure.because}" for failure in explored.failed),
        explains=contender.assembly is not None,
        calibrated=contender.assembly is not None and contender.assembly.calibrator is not None,
        metrics=estimate(y, trial.out_of_fold, threshold=plan.cutoff.probability, **intervals),
        behind=behind,
        contract=kept if isinstance(exported, bytes) else exported,
    )
