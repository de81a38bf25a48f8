"""What killed processes have left in MLflow: runs that stay RUNNING, models and versions that never got ready."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from gallop.adapters.mlflow.history_log import versions_of
from gallop.adapters.process import HOST, is_gone, is_this_process

if TYPE_CHECKING:
    from mlflow import MlflowClient

_FORGOTTEN_MS: Final = 6 * 3600 * 1000
"""How old a run of another machine must be to count as left behind: recording one takes minutes."""


def is_left_behind(tags: Mapping[str, str], began_ms: int | None) -> bool:
    """Whether the process of a run has ended: it was of this machine and is gone, or the run began long ago."""
    if is_gone(tags):
        return True
    long_ago = began_ms is not None and time.time() * 1000 - began_ms > _FORGOTTEN_MS
    return HOST in tags and not is_this_process(tags) and long_ago


def close_interrupted(client: "MlflowClient", experiment: str, model: str) -> tuple[str, ...]:
    """Close what processes that are gone have left; returns a sentence for each kind of it."""
    closed = []
    known = client.get_experiment_by_name(experiment)
    if known is not None and known.lifecycle_stage == "active":
        if runs := close_runs(client, known.experiment_id):
            closed.append(f"{runs} interrupted runs were closed")
        if models := _close_models(client, known.experiment_id):
            closed.append(f"{models} models without files were closed")
    if versions := _remove_versions(client, model):
        closed.append(f"{versions} versions without files were removed")
    return tuple(closed)


def close_runs(client: "MlflowClient", experiment_id: str) -> int:
    """A killed process leaves its runs RUNNING for ever; those of such a process become KILLED. Returns how many."""
    closed = 0
    for run in client.search_runs([experiment_id], "attributes.status = 'RUNNING'"):
        if is_left_behind(run.data.tags, run.info.start_time):
            # A run that had ended, and to which a version was being added, is as complete as it was.
            client.set_terminated(run.info.run_id, "FINISHED" if run.info.end_time else "KILLED")
            closed += 1
    return closed


def _close_models(client: "MlflowClient", experiment_id: str) -> int:
    """Models that are not ready though their run has ended: nobody will finish them."""
    closed = 0
    for model in client.search_logged_models([experiment_id]):
        if str(model.status) != "PENDING" or not model.source_run_id:
            continue
        if client.get_run(model.source_run_id).info.status != "RUNNING":
            client.finalize_logged_model(model.model_id, "FAILED")
            closed += 1
    return closed


def _remove_versions(client: "MlflowClient", model: str) -> int:
    """Versions that a store has not made ready within hours, and on which nothing can stand."""
    removed, now = 0, time.time() * 1000
    for version in versions_of(client, model):
        if version.status != "READY" and now - version.creation_timestamp > _FORGOTTEN_MS:
            client.delete_model_version(model, version.version)
            removed += 1
    return removed
