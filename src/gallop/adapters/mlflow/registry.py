"""Versions of one model in MLflow's registry.

MLflow's aliases have no history and no compare-and-swap. So every move of one is written into tags of the registered
model, newest last (version, what it replaced, and why), and there is a lock: a registered model of another name, which
MLflow lets one process alone create, on whatever machine. It is deleted at the end; one whose process has died, or
that is older than any selection takes, is broken.
"""

import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gallop.adapters.mlflow import client as address
from gallop.adapters.mlflow.client import connect, requirements
from gallop.adapters.mlflow.tracking import is_alive
from gallop.errors import ChecksumError, RegistryBusyError
from gallop.ports import Registered

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

_SOURCE = Path(__file__).parents[2]
"""Of gallop: it travels with every registered model."""
_HISTORY = "gallop.history"
_PATIENCE, _STALE = 300.0, 900.0
"""Seconds: how long a selection waits for the lock, and how old a lock is broken."""
_TAG_LENGTH = 4000
"""MLflow refuses longer tag values on some stores."""


class MlflowRegistry:
    """The port `Registry`, for one model name in one experiment."""

    def __init__(self, uri: str, name: str, experiment: str) -> None:
        self._uri, self._name, self._experiment = uri, name, experiment

    def check(self) -> None:
        """See the port."""
        address.require(self._uri)

    @contextmanager
    def lock(self) -> Generator[None]:
        """See the port."""
        with_client, name = connect(self._uri), f"{self._name}.lock"
        deadline = time.monotonic() + _PATIENCE
        while not _acquired(with_client, name):
            if time.monotonic() > deadline:
                raise RegistryBusyError(
                    f"registry: another selection has held {name} for {_PATIENCE:.0f} s; delete that registered model "
                    "if no selection is running"
                )
            time.sleep(0.5)
        try:
            yield
        finally:
            with_client.delete_registered_model(name)

    def find(self, tag: str, value: str) -> Registered | None:
        """See the port."""
        versions = connect(self._uri).search_model_versions(f"name = '{self._name}'", max_results=10_000)
        # A version without its files (its writer was killed) is no version.
        found = [each for each in versions if each.tags.get(tag) == value and each.status == "READY"]
        return _registered(max(found, key=lambda each: int(each.version))) if found else None

    def holder(self, alias: str) -> Registered | None:
        """See the port."""
        from mlflow.exceptions import MlflowException

        try:
            return _registered(connect(self._uri).get_model_version_by_alias(self._name, alias))
        except MlflowException as error:
            if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                return None
            raise

    def register(self, bundle: Path, run_id: str | None, tags: dict[str, str]) -> Registered:
        """See the port. The registered model takes raw leads and gives probabilities, wherever MLflow loads it."""
        import mlflow
        from mlflow.exceptions import MlflowException

        with_client = connect(self._uri)
        mlflow.set_experiment(self._experiment)
        with mlflow.start_run(run_id=run_id) if run_id else mlflow.start_run(run_name="registration"):
            logged = mlflow.pyfunc.log_model(
                name=self._name,
                python_model=str(Path(__file__).with_name("lead_model.py")),
                artifacts={"bundle": str(bundle)},
                code_paths=[str(_SOURCE)],
                pip_requirements=[*requirements()],
            )
        try:
            with_client.create_registered_model(self._name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        # The tags come with the version, so that a version without them never exists.
        made = with_client.create_model_version(
            self._name, logged.model_uri, logged.run_id, tags=tags, model_id=logged.model_id
        )
        return Registered(str(made.version), made.run_id, tags)

    def point(self, alias: str, version: str, because: str) -> None:
        """See the port."""
        with_client = connect(self._uri)
        before = self.holder(alias)
        if before and before.version == version:
            return
        with_client.set_registered_model_alias(self._name, alias, version)
        entry = {"alias": alias, "version": version, "replaced": before.version if before else None, "because": because}
        history = with_client.get_registered_model(self._name).tags
        number = sum(key.startswith(_HISTORY) for key in history) + 1
        value = json.dumps(entry)[:_TAG_LENGTH]
        with_client.set_registered_model_tag(self._name, f"{_HISTORY}.{number:05d}", value)

    def release(self, alias: str) -> None:
        """See the port."""
        if self.holder(alias):
            connect(self._uri).delete_registered_model_alias(self._name, alias)

    def fetch(self, version: str, into: Path) -> Path:
        """See the port. Raises `ChecksumError` where the version has no bundle."""
        import mlflow

        with_client = connect(self._uri)
        source = with_client.get_model_version_download_uri(self._name, version)
        with tempfile.TemporaryDirectory() as folder:
            got = Path(mlflow.artifacts.download_artifacts(source, dst_path=folder, tracking_uri=self._uri))
            found = next((path.parent for path in got.rglob("manifest.json")), None)
            if found is None:
                raise ChecksumError(f"registry: version {version} of {self._name} holds no bundle")
            shutil.copytree(found, into)
        return into


def _acquired(with_client: "MlflowClient", name: str) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        with_client.create_registered_model(name, tags={"host": socket.gethostname(), "pid": str(os.getpid())})
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    else:
        return True
    try:
        held = with_client.get_registered_model(name)
    except MlflowException:
        return False  # released in between
    local = held.tags.get("host") == socket.gethostname()
    if time.time() - held.creation_timestamp / 1000 > _STALE or (local and not is_alive(int(held.tags["pid"]))):
        with_client.delete_registered_model(name)
    return False


def _registered(version: "ModelVersion") -> Registered:
    return Registered(str(version.version), version.run_id, dict(version.tags))
