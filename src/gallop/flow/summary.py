"""The results of the last run, read back from the files that hold them."""

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gallop.adapters.mlflow import address
from gallop.errors import MissingOutputError
from gallop.flow.data import read_quality
from gallop.flow.project import Project
from gallop.flow.training import read_training_result
from gallop.results.run import Selected

if TYPE_CHECKING:
    from gallop.reporting.terminal.summary import RunSummary


def run_summary(
    project: Project, source: str, selected: Selected | None, gallop: str = "gallop", make: str = "make"
) -> "RunSummary":
    """What `gallop run` shows at its end.

    Args:
        source: who gave the data.
        selected: the decision on this training, if there is one.
        gallop, make: what to type for these commands where the person is.

    Raises:
        MissingOutputError: nothing has been trained.
    """
    from gallop.reporting.terminal.summary import RunSummary

    quality, data = read_quality(project)
    paths = project.paths
    shown = {
        "report": paths.report,
        "card": paths.card,
        "model": paths.export,
        "deployed": paths.deployed,
    }
    return RunSummary(
        result=read_training_result(project),
        quality=quality,
        data=data,
        source=source,
        selected=selected,
        paths={name: str(path.relative_to(paths.root)) for name, path in shown.items() if path.exists()}
        | {"registry": address.public(address.tracking_uri(paths.root))},
        next_steps=tuple(_next_steps(project, gallop, make)),
    )


def _next_steps(project: Project, gallop: str, make: str) -> Iterator[str]:
    yield f"{gallop} serve"
    yield f"{gallop} score LEADS.csv -o scores.csv"
    if project.settings.export.contract:
        yield f"{gallop} validate {shlex.quote(os.path.relpath(project.paths.export))} --isolated"
    yield f"{make} ui"


def metrics_of(project: Project) -> dict:
    """The test metrics of the last training, and the decision on it if there is one. Raises `MissingOutputError`."""
    from gallop.flow.selection import last_selection

    selected = last_selection(project)
    decision = None
    if selected:
        decision = {
            "promote": selected.decision.promote,
            "because": selected.decision.because,
            "by_hand": selected.by_hand,
            "version": selected.candidate,
            "champion": selected.champion,
        }
    return read_metrics(project.paths.metrics) | {"decision": decision}


def read_metrics(path: Path) -> dict:
    """A metrics.json. Raises `MissingOutputError`."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MissingOutputError(f"{path}: no metrics of a training: {error}") from None
