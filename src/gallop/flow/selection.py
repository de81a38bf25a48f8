"""model_selection and deploy: the two stages that change a registry and a deployment."""

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from gallop.adapters.mlflow import address
from gallop.adapters.tables.polars import read
from gallop.errors import ChecksumError, MissingOutputError, TrackingError
from gallop.files import write_text
from gallop.flow.locks import exclusive
from gallop.flow.project import Project
from gallop.flow.registry import author, lineage_of, open_registry, remember
from gallop.flow.signature import require_signature
from gallop.ports import Registered
from gallop.results.history import SELECTION, History
from gallop.results.run import Decision, Selected
from gallop.settings.params import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from gallop.artifacts.bundle import Bundle, Manifest
    from gallop.evaluation.promotion import Circumstances

_FEWEST = 5
"""Test rows of either outcome, that neither model has learnt from: of fewer, resamples say nothing."""


@exclusive
def run_model_selection(project: Project) -> Selected:
    """models/candidate → the registry; who is champion, and why, goes to reports/selection.json."""
    from gallop.adapters.mlflow.tracking import find_run
    from gallop.artifacts import bundle
    from gallop.artifacts.lineage import Lineage
    from gallop.flow.promotion import circumstances_of
    from gallop.flow.tracking import track
    from gallop.stages.model_selection import model_selection

    settings, paths = project.settings, project.paths
    require_signature(project, paths.candidate)
    registry = open_registry(project)
    track(project)
    # The fits that the test leads judge: both, so that neither is compared on leads that it has learnt from.
    candidate = bundle.load_bundle(paths.candidate, "assessed")
    run_id = find_run(address.tracking_uri(paths.root), settings.project.name, candidate.manifest.digest)
    lineage = lineage_of(project)

    def compare(champion: Registered, history: History) -> Decision:
        with tempfile.TemporaryDirectory() as folder:
            try:
                fetched = registry.fetch(champion.version, Path(folder, "champion"))
                if "project" not in champion.tags:
                    lineage.refuse(Lineage.of_bundle(fetched).tags(), settings.project.model, champion.version)
                other = bundle.load_bundle(fetched, "assessed")
            except (ChecksumError, MissingOutputError, TrackingError) as error:
                return keep_champion(champion.version, f"it cannot be loaded: {error}", settings)

            def circumstances(leads: nw.DataFrame) -> "Circumstances":
                return circumstances_of(project, leads, candidate, champion, history, registry.versions())

            return _compare(project, candidate, other, champion.version, circumstances)

    selected = model_selection(registry, paths.candidate, candidate.manifest, run_id, lineage, compare, author())
    _write_selection(project, _selection_inputs(project, candidate.manifest.digest), selected)
    remember(project, registry.history().head)
    return selected


def _write_selection(project: Project, inputs: dict, selected: Selected) -> None:
    from gallop.reporting.html.decision_page import render_decision

    content = {"inputs": inputs, "selected": selected.model_dump(mode="json")}
    write_text(project.paths.selection, json.dumps(content, indent=2) + "\n")
    write_text(project.paths.decision, render_decision(selected, project.settings))


def note_live(project: Project, history: History, *, decide_anew: bool = False) -> None:
    """Let the last selection's file, and so every summary, say what is live now by a person's command.

    Args:
        decide_anew: whether the next run is to compare the candidate again.
    """
    last = history.last
    if last is None:
        return
    change = last.change
    inputs, selected = _read_selection(project)
    if selected and (selected.champion, selected.pinned) == (change.live, history.pin is not None) and not decide_anew:
        return
    told = Selected(
        decision=Decision(promote=False, because=f"{change.command} by {change.who} at {change.at}: {change.because}"),
        candidate=selected.candidate if selected else change.live,
        champion=change.live,
        previous=change.was,
        pinned=history.pin is not None,
        by_hand=change.command != SELECTION,
    )
    _write_selection(project, {} if decide_anew else inputs, told)


def _selection_inputs(project: Project, digest_of_candidate: str) -> dict:
    """All that a selection depends on, but for the registry itself: equal inputs need no second selection."""
    settings = project.settings
    return {
        "candidate": digest_of_candidate,
        # Relative to the project, so that a project that was moved or copied has not changed.
        "tracking": _tracking(project.paths.root),
        "project": settings.project.model_dump(),
        "selection": settings.selection.model_dump(),
    }


def _tracking(root: Path) -> str:
    uri = address.tracking_uri(root)
    registry = address.registry_uri(uri)
    where = "sqlite:///./mlflow.db" if uri == address.local_uri(root) else address.public(uri)
    return where if registry == uri else f"{where}, {address.public(registry)}"


def last_selection(project: Project) -> Selected | None:
    """The last selection, whatever it was about; None where there was none, or where its file is damaged."""
    return _read_selection(project)[1]


def _read_selection(project: Project) -> tuple[dict, Selected | None]:
    """What the last selection depended on, and its outcome. A damaged file says as little as none."""
    try:
        content = json.loads(project.paths.selection.read_bytes())
        return dict(content["inputs"]), Selected.model_validate(content["selected"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}, None


def current_selection(project: Project) -> Selected | None:
    """The last selection, if it was of today's candidate under today's settings and its champion is deployed."""
    from gallop.artifacts import bundle

    paths = project.paths
    inputs, selected = _read_selection(project)
    if selected is None or not (paths.candidate / bundle.MANIFEST).is_file():
        return None
    if inputs != _selection_inputs(project, bundle.read_manifest(paths.candidate).digest):
        return None
    try:
        deployed = bundle.verify_bundle(paths.deployed)
    except (ChecksumError, MissingOutputError):
        return None  # to be deployed anew
    return selected if deployed.version == selected.champion else None


def _compare(
    project: Project,
    candidate: "Bundle",
    champion: "Bundle",
    version: str,
    circumstances: "Callable[[nw.DataFrame], Circumstances]",
) -> Decision:
    import numpy as np

    from gallop.scoring import predict
    from gallop.stages.model_selection import decide_promotion

    table = project.settings.table
    test = read(project.paths.split / "test.parquet")
    leads = read(project.paths.leads / "leads.parquet").sort(table.id)
    leads = leads.filter(nw.col(table.id).is_in(test[table.id].to_list()))
    if lacking := sorted(_needed_columns(champion.settings) - set(table.columns)):
        return keep_champion(
            version, f"it needs the columns {lacking}, which the table does not have", project.settings
        )
    tested = len(leads)
    leads = leads.filter(_never_learnt(leads, champion, candidate).tolist())
    label = leads[table.label.column].to_numpy().astype(np.float64)
    if min(np.sum(label == 0), np.sum(label == 1)) < _FEWEST:
        return keep_champion(
            version,
            f"of the {tested} test rows it has not learnt from {len(leads)}, too few to tell (accepted are "
            f"{_FEWEST} of either outcome)",
            project.settings,
        )
    ours = predict(leads, candidate)
    try:
        theirs = predict(leads, champion)
    except Exception as error:  # noqa: BLE001 whatever a model of other settings raises, it has not been compared
        reason = next(iter(str(error).splitlines()), "")
        return keep_champion(version, f"it cannot score this table: {type(error).__name__}: {reason}", project.settings)
    if not np.isfinite(theirs).all():
        return keep_champion(version, "it gives no probability for some of the test rows", project.settings)
    return decide_promotion(label, ours, theirs, project.settings, circumstances(leads))


def _needed_columns(settings: Settings) -> set[str]:
    """What a model needs of a table to be compared: its inputs, and what its split went by."""
    split, table = settings.split, settings.table
    by = {str(table.day)} if split.by == "day" else {split.by} & set(table.columns)
    return {*settings.features.used, *by, *([table.group] if table.group else [])}


def _never_learnt(leads: nw.DataFrame, champion: "Bundle", candidate: "Bundle") -> "NDArray[np.bool_]":
    from gallop.stages.data_split import never_learnt

    settings, manifest = champion.settings, champion.manifest
    return never_learnt(
        leads,
        settings.table,
        settings.split,
        settings.seed,
        manifest.first_tested,
        same_file=manifest.data_version.md5 == candidate.manifest.data_version.md5,
    )


def keep_champion(version: str, reason: str, settings: Settings) -> Decision:
    """The champion could not be compared: it stays, unless the settings name this very version as replaceable."""
    if settings.selection.replace_champion == int(version):
        because = f"selection.replace_champion names version {version}, which could not be compared: {reason}"
        return Decision(promote=True, because=because)
    return Decision(
        promote=False,
        because=f"the champion, version {version}, cannot be compared: {reason}. It stays champion; to replace it "
        f"without a comparison, set selection.replace_champion: {version} in params.yaml",
    )


@exclusive
def run_deploy(project: Project) -> "Manifest":
    """The registry's champion → models/deployed."""
    from gallop.stages.deploy import deploy

    registry = open_registry(project)
    registry.check()
    with registry.lock():
        registry.settle()
        manifest = deploy(registry, project.paths.deployed, project.settings, partial(require_signature, project))
        history = registry.history()
    if history.live == manifest.version:
        note_live(project, history)
    return manifest
