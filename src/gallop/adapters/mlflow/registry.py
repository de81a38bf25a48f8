"""Versions of one model in MLflow's registry.

MLflow's aliases have no history and no compare-and-swap. So what is live is first written into the history, where of
two that write at once one counts, and then the alias follows.
"""

import shutil
import tempfile
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gallop.adapters.mlflow.client import connect, require, requirements, translated_errors
from gallop.adapters.mlflow.description import read_description
from gallop.adapters.mlflow.history_log import (
    HEAD,
    ensure_model,
    mark_done,
    mark_void,
    read_entries,
    versions_of,
    write_entry,
)
from gallop.adapters.mlflow.interrupted import close_interrupted
from gallop.adapters.mlflow.registry_lock import registry_lock
from gallop.adapters.mlflow.tracking import open_experiment
from gallop.adapters.process import own_marks
from gallop.errors import ChecksumError, TrackingError
from gallop.ports import CHAMPION, Registered
from gallop.results.history import Change, Entry, History, read_history

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

_SOURCE = Path(__file__).parents[2]
"""Of gallop: it travels with every registered model."""
_DECISION = "decision"
"""Tag of a version: why it was promoted, or not."""
_TAG_LENGTH = 4000
"""Some stores cut or refuse longer values."""
_DESCRIPTION = (
    "Scores of leads, made by gallop. The alias champion is the version that is live, challenger the newest that was "
    "not good enough. `gallop history` shows what was live when, and why; it is kept in NAME.history."
)


class MlflowRegistry:
    """The port `Registry`, for one model name in one experiment.

    Every method raises `ServerUnreachableError` where nothing answers, and `TrackingError` where MLflow refuses.
    """

    def __init__(self, uri: str, name: str, experiment: str, remembered: str | None = None) -> None:
        """Of `remembered`: digest of the newest entry of the history that this project has seen."""
        self._uri, self._name, self._experiment, self._remembered = uri, name, experiment, remembered

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

    def settle(self) -> tuple[str, ...]:
        """See the port."""
        finished: tuple[str, ...] = ()
        history = self.history()
        last = history.last
        if last is not None and not last.done and not history.open_faults:
            self._follow(last)
            finished = (f"an interrupted {last.change.command} was finished: version {last.change.live} is live",)
        with self._client() as client:
            return finished + close_interrupted(client, self._experiment, self._name)

    def versions(self) -> tuple[Registered, ...]:
        """See the port."""
        with self._client() as client:
            # A version without its files (its writer was killed) is no version.
            return tuple(
                _registered(version) for version in versions_of(client, self._name) if version.status == "READY"
            )

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

        signature, example, description = read_description(bundle)
        with self._client() as client:
            experiment_id = open_experiment(client, self._uri, self._experiment)
            name = None if run_id else "registration"
            with mlflow.start_run(run_id, experiment_id, run_name=name, tags=own_marks()):
                logged = mlflow.pyfunc.log_model(
                    name=self._name,
                    python_model=str(Path(__file__).with_name("lead_model.py")),
                    artifacts={"bundle": str(bundle)},
                    code_paths=[str(_SOURCE)],
                    pip_requirements=[*requirements()],
                    signature=signature,
                    input_example=example,
                )
            ensure_model(client, self._name, _DESCRIPTION)
            # The tags come with the version, so that a version without them never exists.
            made = client.create_model_version(
                self._name, logged.model_uri, logged.run_id, tags, description=description, model_id=logged.model_id
            )
        return Registered(str(made.version), made.run_id, tags)

    def history(self) -> History:
        """See the port."""
        with self._client() as client:
            entries = read_entries(client, self._name)
            models = client.search_registered_models(f"name = '{self._name}'")
        if not models:
            # A new registry, or one that was emptied: what was in another one is not missing here.
            return read_history(entries)
        known = {"the registered model": models[0].tags.get(HEAD), "this project": self._remembered}
        return read_history(entries, {who: digest for who, digest in known.items() if digest})

    def append(self, change: Change) -> bool:
        """See the port."""
        with self._client() as client:
            written = write_entry(client, self._name, change)
        last = self.history().last
        if last is None or last.digest != written.digest:
            with self._client() as client:
                mark_void(client, self._name, written)
            return False
        self._follow(last)
        if change.candidate is not None:
            with self._client() as client:
                client.set_model_version_tag(self._name, change.candidate, _DECISION, change.because[:_TAG_LENGTH])
        return True

    def _follow(self, entry: Entry) -> None:
        """Let the alias point where the history says, and note that it does.

        MLflow moves an alias for whoever asks. So the history is read once more afterwards: where another command has
        written meanwhile, whose alias this one may have moved back, the alias follows that.
        """
        while True:
            self.point(CHAMPION, entry.change.live)
            last = self.history().last
            if last is None or last.digest == entry.digest:
                break
            entry = last
        with self._client() as client:
            mark_done(client, self._name, entry)

    def point(self, alias: str, version: str) -> None:
        """See the port."""
        for tries_left in (2, 1, 0):
            before = self.holder(alias)
            if before is not None and before.version == version:
                return
            try:
                with self._client() as client:
                    client.set_registered_model_alias(self._name, alias, version)
                return
            except TrackingError:
                # Of two that make an alias at the same time, the database refuses one.
                if not tries_left:
                    raise

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
