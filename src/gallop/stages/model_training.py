"""model_training: search on training rows, choose, and only then look at the test rows, once.

The winner has the lowest cross-validated log-loss. What is exported as model.pkl is the last step of the best
candidate that meets the export contract; where that is not the winner, or there is none, the result says so.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from gallop.bundle import Manifest
from gallop.calibration import calibration
from gallop.errors import ContractBroken, UnsafeModel
from gallop.evaluation import Estimate, Vector, estimate, evaluate, log_losses, paired_difference
from gallop.evidence import Decided, Evidence
from gallop.features import input_roles
from gallop.modelling.conformal import certainty
from gallop.modelling.decision import decide
from gallop.modelling.families import pipeline
from gallop.modelling.search import Trial, fit, search
from gallop.modelling.steps import frame
from gallop.ports import Run
from gallop.results import Candidate, Facts, Importance, Sides
from gallop.schema import Role
from gallop.settings import Settings
from gallop.slices import slices

_SHUFFLES = 20


@dataclass(frozen=True)
class Trained:
    """The winner, the exported file's content (None where nothing meets the contract), every trial, and the facts."""

    model: Pipeline
    export: bytes | None
    models: dict[str, Pipeline]
    trials: dict[str, list[Trial]]
    example: pd.DataFrame
    facts: Facts

    def record(self, manifest: Manifest, files: Sequence[Path]) -> Run:
        """What to track: one run, in it one per family with its best setting and model, in it one per trial."""
        tags = {
            "data": manifest.data,
            "data_version": manifest.data_version.md5,
            "code_version": manifest.code_version.name,
        }
        families = [
            Run(
                name=each.family,
                parameters=dict(each.parameters),
                metrics={f"cv_{name}": figure.value for name, figure in each.metrics.items()},
                tags=tags | {"family": each.family, "contract": each.contract[:500]},
                children=[
                    Run(f"{each.family} {place}", trial.parameters, {"cv_log_loss": trial.log_loss}, tags)
                    for place, trial in enumerate(self.trials[each.family], 1)
                ],
                model=self.models[each.family],
                example=self.example,
            )
            for each in self.facts.candidates
        ]
        return Run(
            name="model_training",
            parameters={
                "winner": self.facts.winner,
                "exported": self.facts.exported,
                "train_rows": self.facts.train_rows,
            },
            metrics={f"test_{name}": figure.value for name, figure in self.facts.test.metrics.items()},
            tags=tags | {"digest": manifest.digest},
            children=families,
            files=files,
        )


# On a busy machine trees predict a hundred times slower with a thread per core than with one.
@threadpool_limits.wrap(limits=1)
def model_training(
    sides: Sides,
    settings: Settings,
    *,
    export: Callable[[object], bytes],
    truth: Mapping[str, float] | None = None,
    on_trial: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Search, choose, fit, evaluate.

    Args:
        sides: training and test leads, as `data_split` makes them.
        export: fitted classifier → content of model.pkl; raises `ContractBroken` or `UnsafeModel` where it would
            break the contract.
        truth: id → true probability, for the sample.
        on_trial: told the family's name after each trial.

    Raises:
        SettingsError, OneClass: see `search`.
    """
    roles, seed = input_roles(settings.table, settings.features), settings.seed
    clip_sd, label = settings.training.clip_sd, settings.table.label.column
    encoding = settings.training.encoding
    X, y = frame(sides.train, roles), _labels(sides.train[label])
    trials = search(X, y, roles, settings.training, seed, on_trial)
    ranked = sorted((tried[0] for tried in trials.values()), key=lambda trial: trial.log_loss)
    models = {trial.family: fit(X, y, roles, trial, clip_sd, seed, encoding) for trial in ranked}
    exports = {family: _export(model, export) for family, model in models.items()}
    exported = next((trial.family for trial in ranked if isinstance(exports[trial.family], bytes)), None)
    winner, out_of_fold = ranked[0].family, ranked[0].out_of_fold

    # From here on the test rows are looked at; nothing above depends on them and nothing below decides anything.
    X_test, y_test = frame(sides.test, roles), _labels(sides.test[label])
    probability = models[winner].predict_proba(X_test)[:, 1]
    baseline = pipeline("logistic_regression", {}, roles, clip_sd, seed, encoding).fit(X, y)
    untuned = baseline.predict_proba(X_test)[:, 1]
    ids = sides.test[settings.table.id].to_list()
    decided = decide(y, out_of_fold, y_test, probability, settings.decision, **_resampling(settings))
    measure: dict = {"threshold": decided.cutoff.probability} | _resampling(settings)
    facts = Facts(
        winner=winner,
        exported=exported,
        train_rows=len(y),
        train_positives=int(y.sum()),
        candidates=tuple(
            _summary(trial, len(trials[trial.family]), y, ranked[0], exports[trial.family], settings, measure)
            for trial in ranked
        ),
        test=evaluate(y_test, probability, **measure),
        test_digest=hashlib.sha256("\n".join(sorted(map(str, ids))).encode()).hexdigest(),
        baseline=estimate(y_test, untuned, **measure),
        ahead=paired_difference(y_test, probability, untuned, **_resampling(settings))[0],
        best_possible=None if truth is None else estimate(y_test, np.array([truth[key] for key in ids]), **measure),
        importances=_importances(models[winner], X_test, y_test, settings),
        evidence=_evidence(decided, y, out_of_fold, X_test, y_test, probability, roles, settings),
    )
    content = exports[exported] if exported else None
    return Trained(
        models[winner],
        content if isinstance(content, bytes) else None,
        models,
        trials,
        _example(X, roles),
        facts,
    )


def _labels(column) -> Vector:
    return column.to_numpy().astype(np.float64)


def _export(model: Pipeline, export: Callable[[object], bytes]) -> bytes | str:
    try:
        return export(model[-1])
    except (ContractBroken, UnsafeModel) as error:
        return str(error)


def _resampling(settings: Settings) -> dict:
    return {
        "resamples": settings.evaluation.resamples,
        "confidence": settings.evaluation.confidence,
        "seed": settings.seed,
    }


def _evidence(
    decided: Decided,
    y: Vector,
    out_of_fold: Vector,
    X_test: pd.DataFrame,
    y_test: Vector,
    probability: Vector,
    roles: dict[str, Role],
    settings: Settings,
) -> Evidence:
    categories = {
        name: [None if pd.isna(level) else str(level) for level in X_test[name]]
        for name, role in roles.items()
        if role is not Role.NUMBER
    }
    confidence = settings.evaluation.confidence
    return Evidence(
        decision=decided,
        calibration=calibration(y_test, probability, **_resampling(settings)),
        slices=slices(categories, y_test, probability, confidence=confidence),
        learning=(),
        effects=(),
        hits=(),
        misses=(),
        certainty=certainty(y, out_of_fold, y_test, probability, confidence),
    )


def _summary(
    trial: Trial, tried: int, y: Vector, best: Trial, exported: bytes | str, settings: Settings, measure: dict
) -> Candidate:
    metrics = estimate(y, trial.out_of_fold, **measure)
    behind, _ = paired_difference(y, trial.out_of_fold, best.out_of_fold, **_resampling(settings))
    kept = "kept" if settings.export.contract else "none"
    return Candidate(
        family=trial.family,
        parameters=trial.parameters,
        trials=tried,
        metrics=metrics,
        behind=behind,
        contract=kept if isinstance(exported, bytes) else exported,
    )


def _importances(model: Pipeline, X: pd.DataFrame, y: Vector, settings: Settings) -> tuple[Importance, ...]:
    """Permutation importance (Breiman 2001) of each model input, with the spread over the shuffles.

    All shuffled copies of a column are predicted in one call: a model is asked once per column, not once per shuffle.
    """
    draw = np.random.default_rng(settings.seed)
    whole = log_losses(y, model.predict_proba(X)[:, 1]).mean()
    tail = (1 - settings.evaluation.confidence) / 2
    found = []
    for name in X.columns:
        order = np.concatenate([draw.permutation(len(X)) for _ in range(_SHUFFLES)])
        copies = pd.concat([X] * _SHUFFLES, ignore_index=True)
        copies[name] = X[name].to_numpy()[order]
        losses = log_losses(np.tile(y, _SHUFFLES), model.predict_proba(copies)[:, 1])
        increases = losses.reshape(_SHUFFLES, len(X)).mean(axis=1) - whole
        low, high = np.quantile(increases, [tail, 1 - tail])
        increase = Estimate(value=float(increases.mean()), low=float(low), high=float(high))
        found.append(Importance(column=name, increase=increase))
    return tuple(sorted(found, key=lambda importance: -importance.increase.value))


def _example(X: pd.DataFrame, roles: dict[str, Role]) -> pd.DataFrame:
    """One made-up row of typical values: an example for the registry that is nobody's."""
    typical = {name: [X[name].median() if role is Role.NUMBER else X[name].mode()[0]] for name, role in roles.items()}
    return pd.DataFrame(typical)
