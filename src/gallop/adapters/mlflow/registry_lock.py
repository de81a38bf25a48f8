"""One selection at a time: the registry's lock.

MLflow's aliases have no compare-and-swap, so whoever moves one holds a lock. A registry in a SQLite file is used by one
machine, whose system lets go of a lock where its holder ends. At a server the lock is a registered model of another
name, which MLflow lets one process alone create, on whatever machine; one whose process has died, or that is older than
any selection takes, is broken.
"""

import os
import socket
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gallop.adapters.mlflow import address
from gallop.adapters.mlflow.client import connect, translated_errors
from gallop.adapters.mlflow.tracking import is_alive
from gallop.errors import RegistryBusyError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

_TIMEOUT_S, _STALE_S = 300.0, 900.0
"""How long a selection waits for the lock, and how old a lock is broken."""


@contextmanager
def registry_lock(uri: str, model: str, timeout_s: float = _TIMEOUT_S) -> Generator[None]:
    """Hold the lock of a registered model. Raises `RegistryBusyError` where another selection keeps it."""
    path = address.sqlite_path(address.registry_uri(uri))
    with file_lock(path, model, timeout_s) if path is not None else server_lock(uri, model, timeout_s):
        yield


@contextmanager
def file_lock(database: Path, model: str, timeout_s: float = _TIMEOUT_S) -> Generator[None]:
    """A lock beside a SQLite file."""
    from filelock import FileLock, Timeout

    path = database.with_name(f"{database.name}.{model}.lock")
    try:
        lock = FileLock(path).acquire(timeout=timeout_s)
    except Timeout:
        raise RegistryBusyError(f"{path}: another selection has held it for {timeout_s:.0f} s") from None
    with lock:
        yield


@contextmanager
def server_lock(uri: str, model: str, timeout_s: float = _TIMEOUT_S) -> Generator[None]:
    """A lock in the registry itself."""
    name, owner = f"{model}.lock", uuid.uuid4().hex
    with translated_errors(uri):
        client = connect(uri)
        deadline = time.monotonic() + timeout_s
        while not _acquired(client, name, owner):
            if time.monotonic() > deadline:
                raise RegistryBusyError(
                    f"registry: another selection has held {name} for {timeout_s:.0f} s; delete the registered models "
                    f"{name} and {name}.breaking if no selection is running"
                )
            time.sleep(0.5)
    try:
        yield
    finally:
        with translated_errors(uri):
            held = _read(client, name)
            # One that was broken for its age may be another's by now.
            if held is not None and held.tags.get("owner") == owner:
                client.delete_registered_model(name)


def _acquired(client: "MlflowClient", name: str, owner: str) -> bool:
    if _created(client, name, owner):
        return True
    held = _read(client, name)
    if held is not None and _is_dead(held):
        _break(client, held)
    return False


def _created(client: "MlflowClient", name: str, owner: str) -> bool:
    from mlflow.exceptions import MlflowException

    tags = {"host": socket.gethostname(), "pid": str(os.getpid()), "owner": owner}
    try:
        client.create_registered_model(name, tags=tags)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return False
    return True


def _read(client: "MlflowClient", name: str) -> "RegisteredModel | None":
    from mlflow.exceptions import MlflowException

    try:
        return client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None  # released in between


def _is_dead(held: "RegisteredModel") -> bool:
    pid = held.tags.get("pid", "")
    gone = held.tags.get("host") == socket.gethostname() and pid.isdigit() and not is_alive(int(pid))
    return gone or time.time() - held.creation_timestamp / 1000 > _STALE_S


def _break(client: "MlflowClient", dead: "RegisteredModel") -> None:
    """Delete a dead lock, and no other: MLflow deletes by name, and another waiter may have replaced it just now.

    So whoever breaks holds a second lock, under which nobody else deletes the first, and looks again.
    """
    guard = f"{dead.name}.breaking"
    if not _created(client, guard, uuid.uuid4().hex):
        return
    try:
        now = _read(client, dead.name)
        if now is not None and (now.tags, now.creation_timestamp) == (dead.tags, dead.creation_timestamp):
            client.delete_registered_model(dead.name)
    finally:
        client.delete_registered_model(guard)
