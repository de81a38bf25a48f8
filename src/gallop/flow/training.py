"""model_training: the candidate, the exported classifier, the report, and the tracked run."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gallop.adapters.git import code_version
from gallop.adapters.mlflow import client
from gallop.errors import MissingOutputError
from gallop.files import digest, write_bytes, write_text
from gallop.flow.project import Project
from gallop.ports import Recorder, Run
from gallop.results.run import SAMPLE, CodeVersion, DataVersion, Quality, TrainingResult, TrainTestSplit
from gallop.settings.params import Settings

if TYPE_CHECKING:
    from gallop.hands import Tell, Worker
    from gallop.leakage.finding import Finding

_RESULT, _EXPORT, _LEAKS = "result.json", "model.pkl", "leaks.json"


def run_model_training(project: Project, on_trial: Callable[[str], None] = lambda _: None) -> TrainingResult:
    """data/processed/split → models/candidate, models/model.pkl, reports/, and a tracked run."""
    from gallop.adapters.mlflow.tracking import MlflowTracker

    tracker = MlflowTracker(client.tracking_uri(project.paths.root))
    tracker.check()
    with tracker.recording(project.settings.project.name) as recorder:
        return _train(project, recorder, on_trial)


def _train(project: Project, recorder: Recorder, on_trial: Callable[[str], None]) -> TrainingResult:
    # While these are imported, the recorder imports MLflow.
    from gallop.hands import hands
    from gallop.modelling.search.run import ENCODINGS

    # Before Polars is imported or any table is read: see there.
    with hands(len(ENCODINGS) - 1) as helping:
        return _train_helped(helping, project, recorder, on_trial)


def _train_helped(
    helping: "Sequence[Worker]", project: Project, recorder: Recorder, on_trial: Callable[[str], None]
) -> TrainingResult:
    from gallop.artifacts import bundle
    from gallop.flow.data import TABLES, read_quality
    from gallop.hands import Here
    from gallop.leakage.policy import require_none
    from gallop.reporting.markdown import model_card
    from gallop.stages.model_training import model_training

    drawer = helping[0] if helping else Here()
    drawer.begin(_prepare_report)
    settings, paths = project.settings, project.paths
    quality, data = read_quality(project)
    split = read_split(project)
    truth = None
    if data.origin == SAMPLE:
        known = TABLES.read(paths.leads / "truth.parquet")
        truth = dict(zip(known["lead_id"].to_list(), known["probability"].to_list(), strict=True))
    found = find_project_leaks(project, split)
    require_none(found, settings)
    code = code_version(paths.root)
    tags = {"data": data.kind, "data_version": data.md5, "code_version": code.name}
    recorder.begin(Run("model_training", {}, {}, tags))

    def tried(family: str) -> None:
        # A store that cannot be written to ends the search, not the hours after it.
        recorder.check()
        on_trial(family)

    trained = model_training(
        split,
        settings,
        export=_exporter(project),
        truth=truth,
        studies=paths.studies,
        on_trial=tried,
        on_explored=recorder.open,
        on_candidate=recorder.add,
        hands=helping,
    )
    drawer.begin(_draw_report, trained.result, quality, data, code, settings)
    described = model_card.render_card(trained.result, quality, data, code, settings)
    # Nothing is written before all candidates are kept.
    recorder.settle()
    page = drawer.result()

    files = {_RESULT: trained.result.model_dump_json(indent=2).encode()}
    files[_LEAKS] = json.dumps([each.model_dump(mode="json") for each in found], indent=2).encode()
    if trained.export is not None:
        files[_EXPORT] = trained.export
    manifest = bundle.write_bundle(
        paths.candidate,
        model=trained.model,
        family=trained.result.winner,
        settings=settings,
        data=data,
        code=code,
        metrics=trained.result.test.metrics,
        plan=trained.result.evidence.decision,
        uncertainty=trained.result.evidence.uncertainty,
        files=files,
    )
    publish_export(project)
    write_text(paths.metrics, _metrics(trained.result, data))
    write_text(paths.report, page)
    write_text(paths.card, described)
    recorder.finish(trained.record(manifest, files=[paths.report, paths.metrics, paths.card]))
    return trained.result


def _prepare_report(_: "Tell") -> None:
    from gallop.reporting.html import page

    page.prepare()


def _draw_report(
    result: TrainingResult, quality: Quality, data: DataVersion, code: CodeVersion, settings: Settings, _: "Tell"
) -> str:
    from gallop.reporting.html import page

    return page.render_report(result, quality, data, code, settings)


def read_split(project: Project) -> TrainTestSplit:
    """What data_split made. Raises `NothingThere`, `DamagedFile`."""
    from gallop.flow.data import TABLES

    names = ("train", "test", "assignment")
    return TrainTestSplit(*(TABLES.read(project.paths.split / f"{name}.parquet") for name in names))


def find_project_leaks(project: Project, split: TrainTestSplit) -> "tuple[Finding, ...]":
    """What the leak guard finds on the training leads. Raises `NothingThere`, `DamagedFile`."""
    from gallop.flow.data import TABLES
    from gallop.leakage.policy import findings

    return findings(TABLES.read(project.paths.leads / "leads.parquet"), split, project.settings)


def _exporter(project: Project) -> Callable[[object], bytes]:
    from gallop.artifacts import contract

    place = project.settings.export.contract
    agreed = contract.read_contract(project.paths.root / place) if place else None

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
    """What model_training found out. Raises `NothingThere`."""
    path = project.paths.candidate / _RESULT
    if not path.is_file():
        raise MissingOutputError(
            f"{path}: not there; run `gallop model-training` first, or everything with `gallop run`"
        )
    return TrainingResult.model_validate_json(path.read_bytes())


def _metrics(result: TrainingResult, data: DataVersion) -> str:
    def rounded(estimates: dict) -> dict:
        # Six decimals: enough for anyone, few enough to be equal on every machine.
        return {name: {key: round(value, 6) for key, value in each} for name, each in estimates.items()}

    content = {
        "data": data.kind,
        "data_version": data.md5,
        "winner": result.winner,
        "exported": result.exported,
        "rows": {"train": result.train_rows, "test": result.test.rows, "test_digest": result.test_digest},
        "test": rounded(result.test.metrics),
        "baseline": rounded(result.baseline),
        "ahead_of_baseline": rounded({"log_loss": result.ahead})["log_loss"],
        "best_possible": rounded(result.best_possible) if result.best_possible else None,
    }
    return json.dumps(content, indent=2) + "\n"
