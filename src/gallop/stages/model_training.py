"""model_training: search on training rows, choose, and only then look at the test rows, once.

The winner has the lowest cross-validated log-loss of those that give reasons for their scores. What is exported as
model.pkl is the last step of the best candidate that meets the export contract; where that is not the winner, or there
is none, the result says so.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from gallop.artifacts.bundle import Manifest
from gallop.errors import ContractError, SettingsError, UnsafeModelError
from gallop.evaluation.metrics import Vector, estimate, evaluate, paired_difference
from gallop.hands import Here, Tell, Worker
from gallop.modelling.assessment import evidence, importances, learning, resampling
from gallop.modelling.candidates import CandidateModel, Contender, fit_candidate, fit_plain, ranked_contenders, winner
from gallop.modelling.conformal import score_uncertainty
from gallop.modelling.preprocessing import frame
from gallop.modelling.search.folds import AllRows
from gallop.modelling.search.run import Searched, search
from gallop.modelling.search.study import Explored, Trial
from gallop.modelling.stack import Stack
from gallop.modelling.thresholds import choose_cutoffs
from gallop.ports import Run
from gallop.results.evidence import LearningPoint
from gallop.results.run import Candidate, TrainingResult, TrainTestSplit
from gallop.schema import Role
from gallop.settings.params import Settings
from gallop.tables.features import input_roles


@dataclass(frozen=True)
class Trained:
    """The winner, the exported file's content (None where nothing meets the contract), every trial, and the result."""

    model: CandidateModel
    export: bytes | None
    models: dict[str, CandidateModel]
    trials: dict[str, Sequence[Trial]]
    example: pd.DataFrame
    result: TrainingResult

    def record(self, manifest: Manifest, files: Sequence[Path]) -> Run:
        """What to track of the whole; the candidates were told of while it went on."""
        return Run(
            name="model_training",
            parameters={
                "winner": self.result.winner,
                "exported": self.result.exported,
                "train_rows": self.result.train_rows,
            },
            metrics={f"test_{name}": figure.value for name, figure in self.result.test.metrics.items()},
            tags={"digest": manifest.digest},
            files=files,
        )


# On a busy machine trees predict a hundred times slower with a thread per core than with one.
@threadpool_limits.wrap(limits=1)
def model_training(
    split: TrainTestSplit,
    settings: Settings,
    *,
    export: Callable[[object], bytes],
    truth: Mapping[str, float] | None = None,
    studies: Path | None = None,
    on_trial: Callable[[str], None] = lambda _: None,
    on_explored: Callable[[Run], None] = lambda _: None,
    on_candidate: Callable[[Run], None] = lambda _: None,
    hands: Sequence[Worker] = (),
) -> Trained:
    """Search, choose, fit, evaluate.

    Args:
        split: training and test leads, as `data_split` makes them.
        export: fitted classifier → content of model.pkl; raises `ContractBroken` or `UnsafeModel` where it would
            break the contract.
        truth: id → true probability, for the sample.
        studies: where searches are kept while they run, so that a killed one goes on; None to keep nothing.
        on_trial: told the family's name after each trial.
        on_explored: given the trials of each family that will be a candidate, as soon as they are over.
        on_candidate: given each candidate to track, with its trials and its model.
        hands: processes that help with the search, and with the learning curve.

    Raises:
        SettingsError, OneClass: see `search`. SettingsError also where the model makes no use of a forced input.
    """
    roles, seed, training = input_roles(settings.table, settings.features), settings.seed, settings.training
    label = settings.table.label.column
    X, y = frame(split.train, roles), _labels(split.train[label])
    days = split.train[str(settings.table.day)].to_list() if settings.split.by == "day" else None

    def explored(family: str, found: Explored) -> None:
        if found.trials:
            on_explored(Run(family, {}, {}, children=_runs(family, found.trials)))

    searched = search(
        X, y, roles, training, seed, days=days, folder=studies, on_trial=on_trial, on_explored=explored, hands=hands
    )
    ranked = ranked_contenders(searched, y, training)
    best = winner(ranked)
    rows = AllRows(X, y, roles, training)
    models = {each.trial.family: fit_candidate(rows, each, seed) for each in ranked}
    model = models[best.trial.family]
    _require_forced(model, X, training.forced)
    exports = {family: _export(each, export) for family, each in models.items()}
    exported = next((each.trial.family for each in ranked if isinstance(exports[each.trial.family], bytes)), None)
    # While the candidates are measured.
    beside = hands[0] if hands else Here()
    beside.begin(_learned, X, y, roles, best, searched, settings)
    held_out = y[searched.rows]
    uncertainty = score_uncertainty(held_out, best.trial.out_of_fold)

    # From here on the test rows are looked at; nothing above depends on them and nothing below decides anything.
    X_test, y_test = frame(split.test, roles), _labels(split.test[label])
    probability = model.predict_proba(X_test)[:, 1]
    baseline = fit_plain(rows, "logistic_regression", {}, seed)
    untuned = baseline.predict_proba(X_test)[:, 1]
    ids = split.test[settings.table.id].to_list()
    intervals = resampling(settings)
    plan = choose_cutoffs(held_out, best.trial.out_of_fold, y_test, probability, settings.decision, **intervals)
    measure: dict = {"threshold": plan.cutoff.probability} | intervals
    candidates, example = [], _example(X, roles)
    for each in ranked:
        family = each.trial.family
        candidates.append(_summary(each, held_out, best.trial, exports[family], settings, measure))
        on_candidate(_run(candidates[-1], each.explored.trials, models[family], example))
    result = TrainingResult(
        winner=best.trial.family,
        exported=exported,
        train_rows=len(y),
        train_positives=int(y.sum()),
        candidates=tuple(candidates),
        given_up=tuple(family for family, explored in searched.families.items() if not explored.trials),
        test=evaluate(y_test, probability, **measure),
        test_digest=hashlib.sha256("\n".join(sorted(map(str, ids))).encode()).hexdigest(),
        baseline=estimate(y_test, untuned, **measure),
        ahead=paired_difference(y_test, probability, untuned, **intervals)[0],
        best_possible=None if truth is None else estimate(y_test, np.array([truth[key] for key in ids]), **measure),
        importances=importances(model, X_test, y_test, settings),
        evidence=evidence(model, plan, uncertainty, beside.result(), X_test, y_test, roles, settings),
    )
    content = exports[exported] if exported else None
    return Trained(
        model,
        content if isinstance(content, bytes) else None,
        models,
        {each.trial.family: each.explored.trials for each in ranked},
        example,
        result,
    )


def _learned(
    X, y, roles, best: Contender, searched: Searched, settings: Settings, _: Tell
) -> tuple[LearningPoint, ...]:
    return learning(X, y, roles, best, searched, settings)


def _labels(column) -> Vector:
    return column.to_numpy().astype(np.float64)


def _export(model: CandidateModel, export: Callable[[object], bytes]) -> bytes | str:
    if isinstance(model, Stack):
        return "own"
    try:
        return export(model[-1])
    except (ContractError, UnsafeModelError) as error:
        return str(error)


def _require_forced(model: CandidateModel, X: pd.DataFrame, forced: Sequence[str]) -> None:
    if not forced or not isinstance(model, Stack):
        return
    parts, _ = model.contributions(X)
    for name in forced:
        if not np.ptp(parts[:, list(X.columns).index(name)]):
            raise SettingsError(
                f"training.forced: {name} makes no difference to any score of the winning model; accepted are inputs "
                "that tell leads apart"
            )


def _summary(
    contender: Contender, y: Vector, best: Trial, exported: bytes | str, settings: Settings, measure: dict
) -> Candidate:
    trial, explored = contender.trial, contender.explored
    metrics = estimate(y, trial.out_of_fold, **measure)
    behind, _ = paired_difference(y, trial.out_of_fold, best.out_of_fold, **resampling(settings))
    kept = "kept" if settings.export.contract else "none"
    return Candidate(
        family=trial.family,
        parameters=trial.parameters,
        trials=len(explored.trials) + explored.pruned + len(explored.failed),
        pruned=explored.pruned,
        failed=tuple(f"{each.parameters}: {each.because}" for each in explored.failed),
        explains=contender.assembly is not None,
        calibrated=contender.assembly is not None and contender.assembly.calibrator is not None,
        metrics=metrics,
        behind=behind,
        contract=kept if isinstance(exported, bytes) else exported,
    )


def _run(candidate: Candidate, trials: Sequence[Trial], model: CandidateModel, example: pd.DataFrame) -> Run:
    """What to track of a candidate: its best setting and model, and in it one run per trial."""
    return Run(
        name=candidate.family,
        parameters=dict(candidate.parameters),
        metrics={f"cv_{name}": figure.value for name, figure in candidate.metrics.items()},
        tags={"family": candidate.family, "contract": candidate.contract[:500]},
        children=_runs(candidate.family, trials),
        model=model,
        example=example,
    )


def _runs(family: str, trials: Sequence[Trial]) -> list[Run]:
    return [
        Run(f"{family} {place}", trial.parameters, {"cv_log_loss": trial.log_loss})
        for place, trial in enumerate(trials, 1)
    ]


def _example(X: pd.DataFrame, roles: dict[str, Role]) -> pd.DataFrame:
    """One made-up row of typical values: an example for the registry that is nobody's."""
    typical = {name: [X[name].median() if role is Role.NUMBER else X[name].mode()[0]] for name, role in roles.items()}
    return pd.DataFrame(typical)
