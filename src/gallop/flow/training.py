"""model_training: split leads → the candidate's bundle, the exported classifier, metrics, and a run in the outbox."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gallop.adapters.git import code_version
from gallop.adapters.tables.polars import read
from gallop.errors import ChecksumError, MissingOutputError
from gallop.files import digest, write_bytes, write_text
from gallop.flow.data import read_quality
from gallop.flow.locks import exclusive
from gallop.flow.project import Project
from gallop.flow.signature import sign_candidate
from gallop.results.estimates import Estimate
from gallop.results.run import SAMPLE, Candidate, DataVersion, TrainingResult, TrainTestSplit
from gallop.results.tracked_run import TrackedRun

if TYPE_CHECKING:
    from gallop.leakage.finding import Finding
    from gallop.stages.model_training import Trained

RESULT: Final = "result.json"
"""In the bundle: all that training found out."""
_EXPORT, LEAKS = "model.pkl", "leaks.json"
_POINTS = 200
"""Of a curve, at most."""


@exclusive
def run_model_training(project: Project, on_trial: Callable[[str], None] = lambda _: None) -> TrainingResult:
    """data/processed/split → models/candidate, models/model.pkl, reports/metrics.json, and models/outbox."""
    from gallop.artifacts import bundle, outbox
    from gallop.artifacts.golden import GOLDEN, write_golden
    from gallop.leakage.policy import require_none
    from gallop.modelling.uplift_training import train_uplift
    from gallop.stages.data_split import first_tested
    from gallop.stages.model_training import assess, refit, train

    settings, paths = project.settings, project.paths
    _, data = read_quality(project)
    split = read_split(project)
    truth = _truth(project) if data.origin == SAMPLE else None
    leaks = find_project_leaks(project, split)
    require_none(leaks, settings)
    code = code_version(paths.root)
    trained = train(split.train, settings, export=_exporter(project), studies=paths.studies, on_trial=on_trial)
    leads = read(paths.features / "features.parquet")
    live, live_scores = refit(trained, leads, settings)
    result = assess(trained, split.test, settings, all_rows=len(leads), live_scores=live_scores, truth=truth)
    uplift = None
    if settings.table.treatment is not None:
        uplift = train_uplift(split, leads, settings, trained.recipe, trained.model, trained.plan.cutoff)
        result = result.model_copy(update={"uplift": uplift.result})

    files = {RESULT: result.model_dump_json(indent=2).encode(), GOLDEN: write_golden(live, trained.golden)}
    files[LEAKS] = json.dumps([leak.model_dump(mode="json") for leak in leaks], indent=2).encode()
    if trained.export is not None:
        files[_EXPORT] = trained.export
    manifest = bundle.write_bundle(
        paths.candidate,
        live=live,
        assessed=trained.model,
        family=result.winner,
        settings=settings,
        data=data,
        code=code,
        metrics=result.test.metrics,
        first_tested=first_tested(split.test, settings.table, settings.split),
        plan=result.evidence.decision,
        uncertainty=result.evidence.uncertainty,
        uplift=uplift.live if uplift else None,
        uplift_from=uplift.result.contact_from if uplift else None,
        files=files,
    )
    sign_candidate(project)
    tags = {"data": data.kind, "data_version": data.md5, "code_version": code.name}
    models = {_model_name(candidate): trained.models[candidate.family] for candidate in result.candidates}
    outbox.put(paths.outbox, manifest.digest, _tracked(trained, result, tags), models)
    publish_export(project)
    write_text(paths.metrics, _metrics(result, data))
    for name, points in _plots(result).items():
        write_text(paths.plots / f"{name}.json", json.dumps(points, indent=1) + "\n")
    return result


def _truth(project: Project) -> dict[str, float]:
    """The sample's true probabilities, by id."""
    known = read(project.paths.leads / "truth.parquet")
    return dict(zip(known["lead_id"].to_list(), known["probability"].to_list(), strict=True))


def _tracked(trained: "Trained", result: TrainingResult, tags: dict[str, str]) -> TrackedRun:
    """The training as it is tracked: one run, in it one per candidate, in those one per trial."""
    row = trained.example.iloc[0]
    example = {str(name): value if isinstance(value, str) else float(value) for name, value in row.items()}
    candidates = tuple(
        TrackedRun(
            name=candidate.family,
            parameters=candidate.parameters,
            metrics={f"cv_{name}": figure.value for name, figure in candidate.metrics.items()},
            tags={"family": candidate.family, "contract": candidate.contract[:500]},
            children=tuple(
                TrackedRun(
                    name=f"{candidate.family} {number}",
                    parameters=trial.parameters,
                    metrics={"cv_log_loss": trial.log_loss},
                )
                for number, trial in enumerate(trained.trials[candidate.family], 1)
            ),
            model=_model_name(candidate),
            example=example,
        )
        for candidate in result.candidates
    )
    return TrackedRun(
        name="model_training",
        parameters={"winner": result.winner, "exported": result.exported, "train_rows": result.train_rows},
        metrics={f"test_{name}": figure.value for name, figure in result.test.metrics.items()},
        tags=tags,
        children=candidates,
    )


def _model_name(candidate: Candidate) -> str:
    """In the outbox: of a folder of files, or of a pickle."""
    return candidate.family if candidate.explains else f"{candidate.family}.pkl"


def read_split(project: Project) -> TrainTestSplit:
    """What data_split made. Raises `MissingOutputError`, `ChecksumError`."""
    names = ("train", "test", "assignment")
    return TrainTestSplit(*(read(project.paths.split / f"{name}.parquet") for name in names))


def find_project_leaks(project: Project, split: TrainTestSplit) -> "tuple[Finding, ...]":
    """What the leak guard finds on the training leads. Raises `MissingOutputError`, `ChecksumError`."""
    from gallop.leakage.policy import findings

    return findings(read(project.paths.leads / "leads.parquet"), split, project.settings)


def _exporter(project: Project) -> Callable[[object], bytes]:
    from gallop.artifacts import contract

    path = project.settings.export.contract
    agreed = contract.read_contract(project.paths.root / path) if path else None

    def export(model: object) -> bytes:
        content = contract.dump(model)
        if agreed is not None:
            contract.check_contract(content, agreed, project.paths.export)
        return content

    return export


def publish_export(project: Project) -> None:
    """Let models/model.pkl be the candidate's exported classifier, or be absent where it has none."""
    made, shown = project.paths.candidate / _EXPORT, project.paths.export
    if not made.is_file():
        shown.unlink(missing_ok=True)
    elif not shown.is_file() or digest(shown) != digest(made):
        write_bytes(shown, made.read_bytes())


def read_training_result(project: Project) -> TrainingResult:
    """What model_training found out. Raises `MissingOutputError`, `ChecksumError`."""
    path = project.paths.candidate / RESULT
    if not path.is_file():
        raise MissingOutputError(
            f"{path}: not there; run `gallop model-training` first, or everything with `gallop run`"
        )
    try:
        return TrainingResult.model_validate_json(path.read_bytes())
    except ValueError:
        raise ChecksumError(
            f"{path}: damaged, or of another version of gallop; run `gallop model-training` again"
        ) from None


def _metrics(result: TrainingResult, data: DataVersion) -> str:
    def rounded(estimates: dict[str, Estimate]) -> dict:
        # Six decimals: enough for anyone, few enough to be equal on every machine.
        return {name: {key: round(value, 6) for key, value in estimate} for name, estimate in estimates.items()}

    content = {
        "data": data.kind,
        "data_version": data.md5,
        "winner": result.winner,
        "exported": result.exported,
        "rows": {
            "train": result.train_rows,
            "test": result.test.rows,
            "test_digest": result.test_digest,
            "live": result.live_rows,
        },
        "test": rounded(result.test.metrics),
        "baseline": rounded(result.baseline),
        "ahead_of_baseline": rounded({"log_loss": result.ahead})["log_loss"],
        "best_possible": rounded(result.best_possible) if result.best_possible else None,
        "over_time": rounded(_over_time(result)),
    }
    return json.dumps(content, indent=2) + "\n"


def _over_time(result: TrainingResult) -> dict[str, Estimate]:
    """How well time alone ranks leads by outcome (AUC), and the log-loss of later leads; what is known of the two."""
    if result.over_time is None:
        return {}
    later = {"later_log_loss": result.over_time.later} if result.over_time.later else {}
    return {"outcome_roc_auc": result.over_time.drift.outcome.figure} | later


def _plots(result: TrainingResult) -> dict[str, list[dict[str, float]]]:
    """The curves of the test rows, as `dvc plots` takes them: name → points. The report draws them with intervals."""
    roc = result.test.roc
    # Enough points for any screen, both ends among them.
    indices = sorted({round(index * (len(roc) - 1) / _POINTS) for index in range(_POINTS + 1)})
    return {
        "roc": [
            {"false_positive_rate": round(roc[index][0], 6), "true_positive_rate": round(roc[index][1], 6)}
            for index in indices
        ],
        "calibration": [
            {"probability": round(group.probability, 6), "conversion_rate": round(group.rate, 6), "leads": group.rows}
            for group in result.test.calibration
        ],
    }
