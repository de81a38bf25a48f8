"""Versions of one model in MLflow's registry.

MLflow's aliases have no history. So every move of one is written into tags of the registered model, newest last
(version, what it replaced, and why).
"""

import json
import shutil
import tempfile
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gallop.adapters.mlflow.client import connect, require, requirements, translated_errors
from gallop.adapters.mlflow.description import read_description
from gallop.adapters.mlflow.registry_lock import registry_lock
from gallop.adapters.mlflow.tracking import open_experiment
from gallop.errors import ChecksumError
from gallop.ports import Registered

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

_SOURCE = Path(__file__).parents[2]
"""Of gallop: it travels with every registered model."""
_HISTORY = "gallop.history"
_DESCRIPTION = (
    "Scores of leads, made by gallop. The alias champion is the version that is live, challenger the newest that was "
    "not good enough; the tags gallop.history say what was champion when, and why."
)
_TAG_LENGTH = 4000
"""MLflow refuses longer tag values on some stores."""


class MlflowRegistry:
    """The port `Registry`, for one model name in one experiment.

    Every method raises `ServerUnreachableError` where nothing answers, and `TrackingError` where MLflow refuses.
    """

    def __init__(self, uri: str, name: str, experiment: str) -> None:
        self._uri, self._name, self._experiment = uri, name, experiment

    @contextmanager
    def _client(self) -> "Generator[MlflowClient]":
        with translated_errors(self._uri):
            yield connect(self._uri)

    def check(self) -> None:
        """See the port."""
        require(self._uri, writing=False)

    def lock(self) -> AbstractContextManager[None]:
        """See the port."""
        return registry_lock(self._uri, self._name)

    def find(self, tag: str, value: str) -> Registered | None:
        """See the port."""
        with self._client() as client:
            versions = client.search_model_versions(f"name = '{self._name}'", max_results=10_000)
        # A version without its files (its writer was killed) is no version.
        same = [version for version in versions if version.tags.get(tag) == value and version.status == "READY"]
        return _registered(max(same, key=lambda version: int(version.version))) if same else None

    def holder(self, alias: str) -> Registered | None:
        """See the port."""
        from mlflow.exceptions import MlflowException

        with self._client() as client:
            try:
                return _registered(client.get_model_version_by_alias(self._name, alias))
            except MlflowException as error:
                if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                    return None
                raise

    def register(self, bundle: Path, run_id: str | None, tags: dict[str, str]) -> Registered:
        """See the port. The registered model takes raw leads and gives probabilities, wherever MLflow loads it."""
        import mlflow
        from mlflow.exceptions import MlflowException

        signature, example, description = read_description(bundle)
        with self._client() as client:
            experiment_id = open_experiment(client, self._uri, self._experiment)
            with mlflow.start_run(run_id, experiment_id, run_name=None if run_id else "registration"):
                logged = mlflow.pyfunc.log_model(
                    name=self._name,
                    python_model=str(Path(__file__).with_name("lead_model.py")),
                    artifacts={"bundle": str(bundle)},
                    code_paths=[str(_SOURCE)],
                    pip_requirements=[*requirements()],
                    signature=signature,
                    input_example=example,
                )
            try:
                client.create_registered_model(
                    self._name,
                    description=_DESCRIPTION,
                )
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            # The tags come with the version, so that a version without them never exists.
            made = client.create_model_version(
                self._name, logged.model_uri, logged.run_id, tags, description=description, model_id=logged.model_id
            )
        return Registered(str(made.version), made.run_id, tags)

    def point(self, alias: str, version: str, because: str) -> None:
        """See the port."""
        before = self.holder(alias)
        if before and before.version == version:
            return
        entry = {"alias": alias, "version": version, "replaced": before.version if before else None, "because": because}
        with self._client() as client:
            client.set_registered_model_alias(self._name, alias, version)
            history = client.get_registered_model(self._name).tags
            number = sum(key.startswith(_HISTORY) for key in history) + 1
            value = json.dumps(entry)[:_TAG_LENGTH]
            client.set_registered_model_tag(self._name, f"{_HISTORY}.{number:05d}", value)

    def release(self, alias: str) -> None:
        """See the port."""
        if self.holder(alias):
            with self._client() as client:
                client.delete_registered_model_alias(self._name, alias)

    def fetch(self, version: str, into: Path) -> Path:
        """See the port. Raises `ChecksumError` where the version has no bundle."""
        import mlflow

        with self._client() as client, tempfile.TemporaryDirectory() as folder:
            source = client.get_model_version_download_uri(self._name, version)
            got = Path(mlflow.artifacts.download_artifacts(source, dst_path=folder, tracking_uri=self._uri))
            bundle = next((path.parent for path in got.rglob("manifest.json")), None)
            if bundle is None:
                raise ChecksumError(f"registry: version {version} of {self._name} holds no bundle")
            shutil.copytree(bundle, into)
        return into


def _registered(version: "ModelVersion") -> Registered:
    return Registered(str(version.version), version.run_id, dict(version.tags))
