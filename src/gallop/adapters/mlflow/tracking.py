"""Runs in MLflow: what waits in the outbox is recorded here, with MLflow's own functions, each exactly once."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallop.adapters.mlflow import additive_flavor
from gallop.adapters.mlflow.address import artifact_location
from gallop.adapters.mlflow.client import connect, requirements, translated_errors
from gallop.adapters.mlflow.interrupted import close_runs, is_left_behind
from gallop.adapters.process import is_this_process, own_marks
from gallop.artifacts.outbox import OutboxEntry
from gallop.errors import TrackingError
from gallop.results.tracked_run import TrackedRun

if TYPE_CHECKING:
    from mlflow import MlflowClient

_DIGEST = "digest"


def record(uri: str, experiment: str, entry: OutboxEntry, files: Sequence[Path] = ()) -> str:
    """Record a run, the runs in it and their models, unless the server has it already; returns its id.

    What an interrupted recording of the same run left is deleted first, so that no trial is there twice.

    Args:
        files: artifacts of the run as a whole.

    Raises:
        TrackingError, ServerUnreachableError: the server did not keep it. ChecksumError: the entry is damaged.
    """
    with translated_errors(uri):
        client = connect(uri)
        experiment_id = open_experiment(client, uri, experiment)
        close_runs(client, experiment_id)
        same = client.search_runs([experiment_id], f"tags.{_DIGEST} = '{entry.digest}'")
        for run in same:
            if run.info.status == "FINISHED":
                return run.info.run_id
        for run in same:
            if is_this_process(run.data.tags) or is_left_behind(run.data.tags, run.info.start_time):
                _delete(client, experiment_id, run.info.run_id)
        recording = _Recording(client, experiment_id, entry)
        run_id = recording.create(entry.run, {_DIGEST: entry.digest}, parent=None)
        try:
            recording.fill(run_id, entry.run, files)
        except BaseException as error:
            # A server that did not answer would not answer now; the next recording finds the run and deletes it.
            if "timed out" not in str(error):
                with suppress(Exception):
                    client.set_terminated(run_id, "FAILED")
            raise
        client.set_terminated(run_id, "FINISHED")
        return run_id


def open_experiment(client: "MlflowClient", uri: str, name: str) -> str:
    """The id of an experiment, which is made where there is none. Raises `TrackingError` where it was deleted."""
    from mlflow.exceptions import MlflowException

    known = client.get_experiment_by_name(name)
    if known is None:
        try:
            return client.create_experiment(name, artifact_location=artifact_location(uri))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS" or not (known := client.get_experiment_by_name(name)):
                raise
    if known.lifecycle_stage == "deleted":
        raise TrackingError(
            f"MLflow: the experiment {name!r} was deleted there. Bring it back with `mlflow experiments restore "
            f"--experiment-id {known.experiment_id}`, or give project.name in params.yaml another name"
        )
    return known.experiment_id


def find_run(uri: str, experiment: str, digest: str) -> str | None:
    """The id of the recorded run of a training, or None. Raises as `record`."""
    with translated_errors(uri):
        client = connect(uri)
        known = client.get_experiment_by_name(experiment)
        if known is None:
            return None
        wanted = f"tags.{_DIGEST} = '{digest}' and attributes.status = 'FINISHED'"
        runs = client.search_runs([known.experiment_id], wanted, max_results=1)
        return runs[0].info.run_id if runs else None


class _Recording:
    """One entry on its way to the server."""

    def __init__(self, client: "MlflowClient", experiment_id: str, entry: OutboxEntry) -> None:
        self._client, self._experiment_id, self._entry = client, experiment_id, entry

    def create(self, run: TrackedRun, tags: Mapping[str, str], parent: str | None) -> str:
        from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

        above = {MLFLOW_PARENT_RUN_ID: parent} if parent else {}
        all_tags = {**self._entry.run.tags, **run.tags, **tags, **own_marks(), **above}
        return self._client.create_run(self._experiment_id, tags=all_tags, run_name=run.name).info.run_id

    def fill(self, run_id: str, run: TrackedRun, files: Iterable[Path] = ()) -> None:
        from mlflow.entities import Metric, Param
        from mlflow.utils.time import get_current_time_millis

        model_id = self._log_model(run_id, run) if run.model is not None else None
        now = get_current_time_millis()
        metrics = [Metric(name, value, now, 0, model_id, run_id=run_id) for name, value in run.metrics.items()]
        params = [Param(name, str(value)) for name, value in run.parameters.items()]
        if metrics or params:
            # One call: each is several transactions of the store.
            self._client.log_batch(run_id, metrics=metrics, params=params)
        for child in run.children:
            child_id = self.create(child, {}, parent=run_id)
            self.fill(child_id, child)
            self._client.set_terminated(child_id, "FINISHED")
        for path in files:
            self._client.log_artifact(run_id, str(path))

    def _log_model(self, run_id: str, run: TrackedRun) -> str:
        import mlflow
        import pandas as pd
        from mlflow.models import infer_signature

        model: Any = self._entry.model(str(run.model))
        example = pd.DataFrame([run.example])
        described: dict[str, Any] = {
            "name": run.name,
            "input_example": example,
            "pip_requirements": [*requirements()],
            "params": {name: str(value) for name, value in run.parameters.items()},
            "tags": self._entry.run.tags | run.tags,
        }
        with mlflow.start_run(run_id=run_id):
            if isinstance(model, Path):
                probabilities = additive_flavor.load(model).predict(example)
                logged = mlflow.pyfunc.log_model(
                    loader_module=additive_flavor.__name__,
                    data_path=str(model),
                    signature=infer_signature(example, probabilities),
                    **described,
                )
            else:
                logged = mlflow.sklearn.log_model(
                    model,
                    # skops, MLflow's default, cannot write every estimator; the file is for looking at.
                    serialization_format="pickle",
                    signature=infer_signature(example, model.predict_proba(example)),
                    pyfunc_predict_fn="predict_proba",
                    **described,
                )
        return logged.model_id


def _delete(client: "MlflowClient", experiment_id: str, run_id: str) -> None:
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

    for child in client.search_runs([experiment_id], f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run_id}'"):
        _delete(client, experiment_id, child.info.run_id)
    client.delete_run(run_id)
