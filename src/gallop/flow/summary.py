"""The results of the last run, read back from the files that hold them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from gallop.adapters.mlflow import client
from gallop.errors import NothingThere
from gallop.flow.data import quality_of
from gallop.flow.project import Project
from gallop.flow.training import facts_of
from gallop.results.run import Selected

if TYPE_CHECKING:
    from gallop.reporting.terminal.summary import RunSummary


def run_summary(project: Project, source: str, selected: Selected | None) -> "RunSummary":
    """What `gallop run` shows at its end. Raises `NothingThere`."""
    from gallop.reporting.terminal.summary import RunSummary

    quality, data = quality_of(project)
    places = project.places
    shown = {
        "report": places.report,
        "card": places.card,
        "model": places.export,
        "deployed": places.deployed,
    }
    return RunSummary(
        facts=facts_of(project),
        quality=quality,
        data=data,
        source=source,
        selected=selected,
        places={name: str(path.relative_to(places.root)) for name, path in shown.items() if path.exists()}
        | {"registry": client.public(client.tracking_uri(places.root))},
        next_steps=(
            "gallop score LEADS.csv -o scores.csv",
            "gallop validate models/model.pkl --isolated",
            "make ui",
        ),
    )


def metrics_of(project: Project) -> dict:
    """The test metrics of the last training, and the decision on it if there is one. Raises `NothingThere`."""
    from gallop.flow.selection import last_selection

    selected = last_selection(project)
    decision = None
    if selected:
        decision = {
            "promote": selected.decision.promote,
            "because": selected.decision.because,
            "version": selected.candidate,
            "champion": selected.champion,
        }
    return read_metrics(project.places.metrics) | {"decision": decision}


def read_metrics(path: Path) -> dict:
    """A metrics.json. Raises `NothingThere`."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NothingThere(f"{path}: no metrics of a training: {error}") from None
