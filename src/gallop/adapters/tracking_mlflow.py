"""Runs in MLflow."""

import logging
import os
import socket
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from gallop.adapters import server
from gallop.ports import Run

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LIBRARIES = ("scikit-learn", "numpy", "pandas", "narwhals", "polars", "pydantic", "ruamel-yaml", "joblib")


def requirements() -> list[str]:
    """What a logged model needs, at the versions it was made with. Inferring them would take seconds."""
    xgboost = "xgboost-cpu" if sys.platform == "linux" else "xgboost"
    return [f"{name}=={version(name)}" for name in (*_LIBRARIES, xgboost)]


def client(uri: str) -> "MlflowClient":
    """MLflow's client, with telemetry off and a patience of seconds rather than minutes."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    import mlflow

    # Alembic and the store announce every migration of a new database.
    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    mlflow.set_tracking_uri(uri)
    return mlflow.MlflowClient(uri)


class MlflowTracker:
    """The port `Tracker`."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def check(self) -> None:
        """See the port."""
        server.require(self._uri)

    def record(self, experiment: str, run: Run) -> str:
        """See the port. A run that a killed process left open is closed first."""
        with_client = client(self._uri)
        found = with_client.get_experiment_by_name(experiment)
        experiment_id = found.experiment_id if found else with_client.create_experiment(experiment)
        _close_abandoned(with_client, experiment_id)
        return _record(with_client, experiment_id, run, parent=None)

    def find(self, experiment: str, tag: str, value: str) -> str | None:
        """See the port."""
        with_client = client(self._uri)
        found = with_client.get_experiment_by_name(experiment)
        if found is None:
            return None
        runs = with_client.search_runs([found.experiment_id], f"tags.{tag} = '{value}'", max_results=1)
        return runs[0].info.run_id if runs else None


def _record(with_client: "MlflowClient", experiment_id: str, run: Run, parent: str | None) -> str:
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
    from mlflow.utils.time import get_current_time_millis

    tags = run.tags | {"gallop.host": socket.gethostname(), "gallop.pid": str(os.getpid())}
    if parent:
        tags |= {MLFLOW_PARENT_RUN_ID: parent}
    made = with_client.create_run(experiment_id, tags=tags, run_name=run.name)
    run_id, now = made.info.run_id, get_current_time_millis()
    try:
        with_client.log_batch(
            run_id,
            metrics=[Metric(name, value, now, 0) for name, value in run.metrics.items()],
            params=[Param(name, str(value)) for name, value in run.parameters.items()],
            tags=[RunTag(name, value) for name, value in run.tags.items()],
        )
        for child in run.children:
            _record(with_client, experiment_id, child, parent=run_id)
        for path in run.files:
            with_client.log_artifact(run_id, str(path))
        if run.model is not None:
            _log_model(run_id, run)
    except BaseException:
        with_client.set_terminated(run_id, "FAILED")
        raise
    with_client.set_terminated(run_id, "FINISHED")
    return run_id


def _log_model(run_id: str, run: Run) -> None:
    import mlflow
    from mlflow.models import infer_signature

    answers = run.model.predict_proba(run.example)  # ty: ignore[missing-attribute]
    with mlflow.start_run(run_id=run_id, log_system_metrics=False):
        mlflow.sklearn.log_model(
            run.model,
            name=run.name,
            # skops, the default, cannot write every estimator; the file is for looking at, deployment has its own.
            serialization_format=mlflow.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE,
            signature=infer_signature(run.example, answers),
            input_example=run.example,
            pyfunc_predict_fn="predict_proba",
            pip_requirements=requirements(),
        )


def _close_abandoned(with_client: "MlflowClient", experiment_id: str) -> None:
    """A killed process leaves its runs RUNNING for ever; those of this machine whose process is gone become KILLED."""
    for run in with_client.search_runs([experiment_id], "attributes.status = 'RUNNING'"):
        host, pid = run.data.tags.get("gallop.host"), run.data.tags.get("gallop.pid", "")
        if host == socket.gethostname() and pid.isdigit() and not alive(int(pid)):
            with_client.set_terminated(run.info.run_id, "KILLED")


def alive(pid: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
