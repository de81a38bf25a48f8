"""Runs in MLflow."""

import os
import socket
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from gallop.adapters.mlflow import client as address
from gallop.adapters.mlflow.client import connect, requirements
from gallop.adapters.pickled import Pickled
from gallop.adapters.recorder import recorder
from gallop.ports import Recorder, Run

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import Model

_SAVED = "model"


class MlflowTracker:
    """The port `Tracker`."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def check(self) -> None:
        """See the port."""
        address.require(self._uri)

    @contextmanager
    def recording(self, experiment: str) -> Generator[Recorder]:
        """See the port. MLflow is imported and written to in a process of its own, next to the work."""
        with recorder(self._uri, experiment) as found:
            yield found

    def find(self, experiment: str, tag: str, value: str) -> str | None:
        """See the port."""
        with_client = connect(self._uri)
        found = with_client.get_experiment_by_name(experiment)
        if found is None:
            return None
        runs = with_client.search_runs([found.experiment_id], f"tags.{tag} = '{value}'", max_results=1)
        return runs[0].info.run_id if runs else None


class Recording:
    """A run that is being kept: opened, filled, and closed. What `recorder` drives, in its process.

    Runs that a killed process left open are closed first.
    """

    def __init__(self, uri: str, experiment: str, run: Run) -> None:
        self._client = connect(uri)
        found = self._client.get_experiment_by_name(experiment)
        self._experiment = found.experiment_id if found else self._client.create_experiment(experiment)
        _close_abandoned(self._client, self._experiment)
        self._run = run
        self._id: str | None = None
        self._open: dict[str, str] = {}
        """Name → id of the runs within this one that are not closed."""

    def open(self, run: Run) -> None:
        """Keep a run within this one, with all in it, and leave it open."""
        self._open[run.name] = run_id = self._create(run, parent=self._opened())
        self._fill(run_id, run)

    def add(self, run: Run) -> None:
        """Keep a run within this one, with all in it that is not kept yet."""
        if run.name in self._open:
            self._fill(self._open[run.name], replace(run, children=()))
            self._client.set_terminated(self._open.pop(run.name), "FINISHED")
        else:
            self._record(run, parent=self._opened())

    def finish(self, run: Run) -> str:
        """Fill in what was found out in the end, and close the run; returns its id."""
        run_id = self._opened()
        self._fill(run_id, run)
        self._client.set_terminated(run_id, "FINISHED")
        return run_id

    def abandon(self, status: str) -> None:
        """Close the run as FAILED or KILLED, if it was opened, and what is open within it."""
        for run_id in (*self._open.values(), *([self._id] if self._id is not None else ())):
            self._client.set_terminated(run_id, status)

    def _opened(self) -> str:
        # Not before there is something in it: a search that cannot be begun is no run.
        if self._id is None:
            self._id = self._create(self._run, parent=None)
        return self._id

    def _record(self, run: Run, parent: str) -> None:
        run_id = self._create(run, parent)
        try:
            self._fill(run_id, run)
        except BaseException:
            self._client.set_terminated(run_id, "FAILED")
            raise
        self._client.set_terminated(run_id, "FINISHED")

    def _create(self, run: Run, parent: str | None) -> str:
        from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

        tags = self._run.tags | run.tags | {"gallop.host": socket.gethostname(), "gallop.pid": str(os.getpid())}
        if parent:
            tags |= {MLFLOW_PARENT_RUN_ID: parent}
        return self._client.create_run(self._experiment, tags=tags, run_name=run.name).info.run_id

    def _fill(self, run_id: str, run: Run) -> None:
        from mlflow.entities import Metric, Param, RunTag
        from mlflow.utils.time import get_current_time_millis

        model_id = self._log_model(run_id, run) if run.model is not None else None
        now = get_current_time_millis()
        metrics = [Metric(name, value, now, 0, model_id, run_id=run_id) for name, value in run.metrics.items()]
        params = [Param(name, str(value)) for name, value in run.parameters.items()]
        # Those of a run that is recorded at once came with it.
        later = run_id == self._id or run_id in self._open.values()
        tags = [RunTag(name, value) for name, value in run.tags.items()] if later else []
        if metrics or params or tags:
            # One call: each is several transactions of the store.
            self._client.log_batch(run_id, metrics=metrics, params=params, tags=tags)
        for child in run.children:
            self._record(child, parent=run_id)
        for path in run.files:
            self._client.log_artifact(run_id, str(path))

    def _log_model(self, run_id: str, run: Run) -> str:
        """As `mlflow.sklearn.log_model`, of a model that is already pickled and has answered for its example."""
        from mlflow.entities import LoggedModelOutput
        from mlflow.models import Model

        assert isinstance(run.model, Pickled)
        made = self._client.create_logged_model(
            self._experiment,
            name=run.name,
            source_run_id=run_id,
            params={name: str(value) for name, value in run.parameters.items()},
            tags=self._run.tags | run.tags,
        )
        about = Model(
            artifact_path=made.artifact_location, run_id=run_id, model_uuid=made.model_id, model_id=made.model_id
        )
        with tempfile.TemporaryDirectory() as folder:
            _save(run.model, run.example, about, Path(folder))
            self._client.log_model_artifacts(made.model_id, f"{folder}/{_SAVED}")
        self._client.finalize_logged_model(made.model_id, "READY")
        self._client.log_outputs(run_id, [LoggedModelOutput(made.model_id, step=0)])
        return made.model_id


def _save(model: Pickled, example: object, about: "Model", folder: Path) -> None:
    """A model of MLflow's flavours sklearn and python_function in `folder/_SAVED`.

    `mlflow.sklearn.save_model` would do, were the model not pickled: it imports scikit-learn. So python_function's own
    `save_model` writes example, signature, requirements and the pickle, and both flavours are pointed at that.
    """
    from mlflow import pyfunc
    from mlflow.models import infer_signature

    pickled = folder / "model.pkl"
    pickled.write_bytes(model.content)
    pyfunc.save_model(
        str(folder / _SAVED),
        loader_module="mlflow.sklearn",
        data_path=str(pickled),
        mlflow_model=about,
        signature=infer_signature(example, model.answers),
        input_example=example,
        pip_requirements=[*requirements()],
    )
    written = about.flavors[pyfunc.FLAVOR_NAME]
    place = written.pop(pyfunc.DATA)
    written |= {"model_path": place, "predict_fn": "predict_proba"}
    # skops, MLflow's default, cannot write every estimator; the file is for looking at, deployment has its own.
    about.add_flavor(
        "sklearn",
        pickled_model=place,
        sklearn_version=version("scikit-learn"),
        serialization_format="pickle",
        code=None,
    )
    about.save(str(folder / _SAVED / "MLmodel"))


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
