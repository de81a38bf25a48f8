"""model_selection and deploy: the two stages that change a registry and a deployment."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from gallop.adapters.mlflow import client
from gallop.adapters.tables.polars import read
from gallop.errors import ChecksumError, UnsafeModelError
from gallop.files import write_text
from gallop.flow.project import Project
from gallop.results.run import Decision, Selected

if TYPE_CHECKING:
    from gallop.artifacts.bundle import Bundle, Manifest


def run_model_selection(project: Project) -> Selected:
    """models/candidate → the registry; who is champion, and why, goes to reports/selection.json."""
    from gallop.adapters.mlflow.registry import MlflowRegistry
    from gallop.adapters.mlflow.tracking import find_run
    from gallop.artifacts import bundle
    from gallop.flow.tracking import track
    from gallop.ports import Registered
    from gallop.stages.model_selection import model_selection

    settings, paths = project.settings, project.paths
    uri = client.tracking_uri(paths.root)
    registry = MlflowRegistry(uri, settings.project.model, settings.project.name)
    track(project)
    candidate = bundle.load_bundle(paths.candidate)
    run_id = find_run(uri, settings.project.name, candidate.manifest.digest)

    def compare(champion: Registered) -> Decision:
        with tempfile.TemporaryDirectory() as folder:
            try:
                other = bundle.load_bundle(registry.fetch(champion.version, Path(folder, "champion")))
            except (ChecksumError, UnsafeModelError) as error:
                # A champion that cannot be loaded cannot score, and would stand in the way of every candidate.
                return Decision(promote=True, because=f"the champion cannot be loaded: {error}")
            return _compare(project, candidate, other)

    selected = model_selection(registry, paths.candidate, candidate.manifest, run_id, compare)
    content = {"inputs": _selection_inputs(project, candidate.manifest.digest), "selected": selected.model_dump()}
    write_text(paths.selection, json.dumps(content, indent=2) + "\n")
    return selected


def _selection_inputs(project: Project, digest_of_candidate: str) -> dict:
    """All that a selection depends on, but for the registry itself: equal inputs need no second selection."""
    settings = project.settings
    return {
        "candidate": digest_of_candidate,
        # Relative to the project, so that a project that was moved or copied has not changed.
        "tracking": client.public(client.tracking_uri(project.paths.root)).replace(str(project.paths.root), "."),
        "project": settings.project.model_dump(),
        "selection": settings.selection.model_dump(),
    }


def last_selection(project: Project) -> Selected | None:
    """The last selection, whatever it was about; None where there was none."""
    path = project.paths.selection
    if not path.is_file():
        return None
    return Selected.model_validate(json.loads(path.read_text(encoding="utf-8"))["selected"])


def current_selection(project: Project) -> Selected | None:
    """The last selection, if it was of today's candidate under today's settings and its champion is deployed."""
    from gallop.artifacts import bundle

    paths = project.paths
    selected = last_selection(project)
    if selected is None or not (paths.candidate / bundle.MANIFEST).is_file():
        return None
    inputs = json.loads(paths.selection.read_text(encoding="utf-8"))["inputs"]
    if inputs != _selection_inputs(project, bundle.read_manifest(paths.candidate).digest):
        return None
    deployed = paths.deployed / bundle.MANIFEST
    if not deployed.is_file() or bundle.read_manifest(paths.deployed).version != selected.champion:
        return None
    return selected


def _compare(project: Project, candidate: "Bundle", champion: "Bundle") -> Decision:
    import numpy as np
    from narwhals.exceptions import NarwhalsError

    from gallop.scoring import predict
    from gallop.stages.model_selection import decide_promotion

    table = project.settings.table
    test = read(project.paths.split / "test.parquet")
    leads = read(project.paths.leads / "leads.parquet").sort(table.id)
    leads = leads.filter(nw.col(table.id).is_in(test[table.id].to_list()))
    label = leads[table.label.column].to_numpy().astype(np.float64)
    try:
        theirs = predict(leads, champion)
    except (NarwhalsError, KeyError, ValueError) as error:
        reason = str(error).splitlines()[0]
        return Decision(promote=True, because=f"the champion cannot score today's leads: {reason}")
    return decide_promotion(label, predict(leads, candidate), theirs, project.settings)


def run_deploy(project: Project) -> "Manifest":
    """The registry's champion → models/deployed."""
    from gallop.adapters.mlflow.registry import MlflowRegistry
    from gallop.stages.deploy import deploy

    settings = project.settings
    uri = client.tracking_uri(project.paths.root)
    registry = MlflowRegistry(uri, settings.project.model, settings.project.name)
    registry.check()
    return deploy(registry, project.paths.deployed)
