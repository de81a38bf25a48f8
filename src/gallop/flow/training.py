"""model_training: the candidate, the exported classifier, the report, and the tracked run."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gallop.adapters.git import code_version
from gallop.adapters.mlflow import client
from gallop.errors import NothingThere
from gallop.files import digest, write_bytes, write_text
from gallop.flow.project import Project
from gallop.ports import Recorder, Run
from gallop.results.run import SAMPLE, CodeVersion, DataVersion, Facts, Quality, Sides
from gallop.settings.params import Settings

if TYPE_CHECKING:
    from gallop.hands import Tell, Worker
    from gallop.leakage.finding import Finding

_FACTS, _EXPORT, _LEAKS = "facts.json", "model.pkl", "leaks.json"


def model_training(project: Project, on_trial: Callable[[str], None] = lambda _: None) -> Facts:
    """data/processed/sides → models/candidate, models/model.pkl, reports/, and a tracked run."""
    from gallop.adapters.mlflow.tracking import MlflowTracker

    tracker = MlflowTracker(client.tracking_uri(project.places.root))
    tracker.check()
    with tracker.recording(project.settings.project.name) as recorder:
        return _train(project, recorder, on_trial)


def _train(project: Project, recorder: Recorder, on_trial: Callable[[str], None]) -> Facts:
    # While these are imported, the recorder imports MLflow.
    from gallop.hands import hands
    from gallop.modelling.search.run import ENCODINGS

    # Before Polars is imported or any table is read: see there.
    with hands(len(ENCODINGS) - 1) as helping:
        return _train_helped(helping, project, recorder, on_trial)


def _train_helped(
    helping: "Sequence[Worker]", project: Project, recorder: Recorder, on_trial: Callable[[str], None]
) -> Facts:
    from gallop.artifacts import bundle
    from gallop.flow.data import TABLES, quality_of
    from gallop.hands import Here
    from gallop.leakage.policy import require_none
    from gallop.reporting.markdown import model_card
    from gallop.stages.model_training import model_training

    drawer = helping[0] if helping else Here()
    drawer.begin(_prepare_report)
    settings, places = project.settings, project.places
    quality, data = quality_of(project)
    sides = sides_of(project)
    truth = None
    if data.origin == SAMPLE:
        known = TABLES.read(places.leads / "truth.parquet")
        truth = dict(zip(known["lead_id"].to_list(), known["probability"].to_list(), strict=True))
    found = leaks_of(project, sides)
    require_none(found, settings)
    code = code_version(places.root)
    tags = {"data": data.kind, "data_version": data.md5, "code_version": code.name}
    recorder.begin(Run("model_training", {}, {}, tags))

    def tried(family: str) -> None:
        # A store that cannot be written to ends the search, not the hours after it.
        recorder.check()
        on_trial(family)

    trained = model_training(
        sides,
        settings,
        export=_exporter(project),
        truth=truth,
        studies=places.studies,
        on_trial=tried,
        on_explored=recorder.open,
        on_candidate=recorder.add,
        hands=helping,
    )
    drawer.begin(_draw_report, trained.facts, quality, data, code, settings)
    described = model_card.render(trained.facts, quality, data, code, settings)
    # Nothing is written before all candidates are kept.
    recorder.settle()
    page = drawer.result()

    files = {_FACTS: trained.facts.model_dump_json(indent=2).encode()}
    files[_LEAKS] = json.dumps([each.model_dump(mode="json") for each in found], indent=2).encode()
    if trained.export is not None:
        files[_EXPORT] = trained.export
    manifest = bundle.write(
        places.candidate,
        model=trained.model,
        family=trained.facts.winner,
        settings=settings,
        data=data,
        code=code,
        metrics=trained.facts.test.metrics,
        decided=trained.facts.evidence.decision,
        sure=trained.facts.evidence.sureness,
        files=files,
    )
    publish_export(project)
    write_text(places.metrics, _metrics(trained.facts, data))
    write_text(places.report, page)
    write_text(places.card, described)
    recorder.finish(trained.record(manifest, files=[places.report, places.metrics, places.card]))
    return trained.facts


def _prepare_report(_: "Tell") -> None:
    from gallop.reporting.html import page

    page.prepare()


def _draw_report(
    facts: Facts, quality: Quality, data: DataVersion, code: CodeVersion, settings: Settings, _: "Tell"
) -> str:
    from gallop.reporting.html import page

    return page.render(facts, quality, data, code, settings)


def sides_of(project: Project) -> Sides:
    """What data_split made. Raises `NothingThere`, `DamagedFile`."""
    from gallop.flow.data import TABLES

    names = ("train", "test", "assignment")
    return Sides(*(TABLES.read(project.places.sides / f"{name}.parquet") for name in names))


def leaks_of(project: Project, sides: Sides) -> "tuple[Finding, ...]":
    """What the leak guard finds on the training leads. Raises `NothingThere`, `DamagedFile`."""
    from gallop.flow.data import TABLES
    from gallop.leakage.policy import findings

    return findings(TABLES.read(project.places.leads / "leads.parquet"), sides, project.settings)


def _exporter(project: Project) -> Callable[[object], bytes]:
    from gallop.artifacts import contract

    place = project.settings.export.contract
    agreed = contract.read_contract(project.places.root / place) if place else None

    def export(model: object) -> bytes:
        content = contract.dump(model)
        if agreed is not None:
            contract.check(content, agreed, project.places.export)
        return content

    return export


def publish_export(project: Project) -> None:
    """Let models/model.pkl be the candidate's exported classifier, or be absent where it has none."""
    made, shown = project.places.candidate / _EXPORT, project.places.export
    if not made.is_file():
        shown.unlink(missing_ok=True)
    elif not shown.is_file() or digest(shown) != digest(made):
        write_bytes(shown, made.read_bytes())


def facts_of(project: Project) -> Facts:
    """What model_training found out. Raises `NothingThere`."""
    path = project.places.candidate / _FACTS
    if not path.is_file():
        raise NothingThere(f"{path}: not there; run `gallop model-training` first, or everything with `gallop run`")
    return Facts.model_validate_json(path.read_bytes())


def _metrics(facts: Facts, data: DataVersion) -> str:
    def rounded(estimates: dict) -> dict:
        # Six decimals: enough for anyone, few enough to be equal on every machine.
        return {name: {key: round(value, 6) for key, value in each} for name, each in estimates.items()}

    content = {
        "data": data.kind,
        "data_version": data.md5,
        "winner": facts.winner,
        "exported": facts.exported,
        "rows": {"train": facts.train_rows, "test": facts.test.rows, "test_digest": facts.test_digest},
        "test": rounded(facts.test.metrics),
        "baseline": rounded(facts.baseline),
        "ahead_of_baseline": rounded({"log_loss": facts.ahead})["log_loss"],
        "best_possible": rounded(facts.best_possible) if facts.best_possible else None,
    }
    return json.dumps(content, indent=2) + "\n"
