"""One selection at a time: the registry's lock.

A registry in a SQLite file is used by one machine, whose system lets go of a file lock where its holder ends. At a
server the lock is a queue of tickets: versions of the registered model NAME.lock, to which MLflow gives numbers in one
order and none twice. The lowest ticket holds the lock. To release or to break it is to delete that ticket by its
number, and so nobody can delete the lock of another who came later.

A ticket is renewed as long as its process lives, and the server's clock says when. One that has not been renewed for a
minute, or whose process on this machine has ended, is broken. A process that was stopped for longer and wakes up may
believe that it still holds the lock; it changes nothing, since its entry in the history does not count any more
(`gallop.results.history`).
"""

import random
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gallop.adapters.mlflow import address
from gallop.adapters.mlflow.client import connect, translated_errors
from gallop.adapters.mlflow.history_log import ensure_model, patiently, versions_of
from gallop.adapters.process import is_gone, own_marks, who
from gallop.errors import RegistryBusyError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

_TIMEOUT_S, _RENEW_S, _STALE_S = 300.0, 10.0, 60.0
"""How long a command waits for the lock, how often a holder renews its ticket, and how old a ticket is broken."""
_OWNER: Final = "gallop.owner"
_SOURCE: Final = "gallop:/lock"
"""Every version has a source; a ticket has none that exists."""
_DESCRIPTION: Final = "The queue of gallop's commands that change {model}. Its versions are tickets, and come and go."


@contextmanager
def registry_lock(uri: str, model: str, timeout_s: float = _TIMEOUT_S) -> Generator[None]:
    """Hold the lock of a registered model. Raises `RegistryBusyError` where another command keeps it."""
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
        raise RegistryBusyError(f"{path}: another command has held it for {timeout_s:.0f} s") from None
    with lock:
        yield


@contextmanager
def server_lock(
    uri: str, model: str, timeout_s: float = _TIMEOUT_S, *, renew_s: float = _RENEW_S, stale_s: float = _STALE_S
) -> Generator[None]:
    """A lock in the registry itself."""
    with translated_errors(uri):
        queue = _Queue(connect(uri), model)
        queue.join()
        try:
            queue.wait(timeout_s, stale_s)
        except BaseException:
            queue.leave()
            raise
    ended = threading.Event()
    renewing = threading.Thread(target=queue.keep, args=(ended, renew_s), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        with translated_errors(uri):
            queue.leave()


class _Queue:
    """The tickets of a registered model's lock, as one that waits among them sees them."""

    def __init__(self, client: "MlflowClient", model: str) -> None:
        self._client, self._model, self._name = client, model, f"{model}.lock"
        self._owner = uuid.uuid4().hex

    def join(self) -> None:
        """Take a ticket."""
        ensure_model(self._client, self._name, _DESCRIPTION.format(model=self._model))
        tags = own_marks() | {_OWNER: self._owner, "gallop.who": who()}
        patiently(lambda: self._client.create_model_version(self._name, _SOURCE, tags=tags))

    def wait(self, timeout_s: float, stale_s: float) -> None:
        """Until no ticket is before one's own. Raises `RegistryBusyError`."""
        deadline = time.monotonic() + timeout_s
        while True:
            tickets = list(versions_of(self._client, self._name))
            own = [ticket for ticket in tickets if ticket.tags.get(_OWNER) == self._owner]
            if not own:  # taken for dead, after a long sleep of this machine say
                self.join()
                continue
            if own[0] is tickets[0]:
                return
            now = self._renew(own[0])
            ahead = tickets[: tickets.index(own[0])]
            for ticket in ahead:
                if is_gone(ticket.tags) or now - (ticket.last_updated_timestamp or now) > stale_s * 1000:
                    self._delete(ticket)
            if time.monotonic() > deadline:
                raise RegistryBusyError(
                    f"registry: {ahead[0].tags.get('gallop.who', 'another command')} has held {self._name} for "
                    f"{timeout_s:.0f} s, and is still at work; wait until it has ended"
                )
            time.sleep(random.uniform(0.1, 0.3))

    def keep(self, ended: threading.Event, renew_s: float) -> None:
        """Renew one's tickets until the work has ended."""
        while not ended.wait(renew_s):
            # A server that does not answer now may do so the next time.
            with suppress(Exception):
                for ticket in self._own():
                    self._renew(ticket)

    def leave(self) -> None:
        """Give back every ticket of one's own: a request that was sent twice may have taken two."""
        for ticket in self._own():
            self._delete(ticket)

    def _own(self) -> "list[ModelVersion]":
        tickets = versions_of(self._client, self._name)
        return [ticket for ticket in tickets if ticket.tags.get(_OWNER) == self._owner]

    def _renew(self, ticket: "ModelVersion") -> int:
        """Renew a ticket; returns the server's time, in milliseconds."""
        from mlflow.exceptions import MlflowException

        try:
            renewed = self._client.update_model_version(self._name, ticket.version, description="in use")
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return 0
        return renewed.last_updated_timestamp or 0

    def _delete(self, ticket: "ModelVersion") -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client.delete_model_version(self._name, ticket.version)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
