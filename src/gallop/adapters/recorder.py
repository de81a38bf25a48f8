"""Records a run in a process of its own: importing MLflow and writing to its store take seconds of another core.

The parent writes orders to the child's standard input and reads answers from its standard output, both pickled: the
two are one program, and nothing else writes to the pipes between them. No file, no socket.

- An end of the orders without an end of the run means that the parent was killed: the child closes the run as KILLED.
- An end of the answers without an answer means that the child was killed: the parent says so.
- What goes wrong in the child is its last answer, and is raised in the parent.
"""

import gc
import importlib
import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import IO, Any, Final

from gallop.adapters.mlflow import client
from gallop.adapters.pickled import pickled
from gallop.errors import GallopError, TrackingError
from gallop.ports import Run

_BEGIN, _OPEN, _ADD, _SETTLE, _FINISH, _ABANDON = "begin", "open", "add", "settle", "finish", "abandon"
_LENGTH: Final = struct.Struct(">Q")
_PATIENCE: Final = 120.0
"""Seconds in which the child must end once it has nothing left to do."""
_NEEDED: Final = ("mlflow.pyfunc", "mlflow.store.tracking.sqlalchemy_store")
"""Imported while the parent imports and searches, not when the first candidate comes."""


@contextmanager
def recorder(uri: str, experiment: str) -> Generator["ChildRecorder"]:
    """The port `Recorder`, by a child process that ends with the block."""
    # Examples are single rows: more threads would only wait for each other, and for the parent's.
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-m", "gallop.adapters.recorder"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    found = ChildRecorder(child, uri, experiment)
    try:
        yield found
    finally:
        found.close()


class ChildRecorder:
    """The parent's side."""

    def __init__(self, child: subprocess.Popen, uri: str, experiment: str) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._child, self._orders, self._answers = child, child.stdin, child.stdout
        self._uri, self._experiment = uri, experiment
        self._open = False
        self._failure: GallopError | None = None
        self._lock = threading.Lock()

    def begin(self, run: Run) -> None:
        """See the port."""
        self._open = True
        self._send(_BEGIN, (self._uri, self._experiment, run))

    def open(self, run: Run) -> None:
        """See the port."""
        self._send(_OPEN, run)

    def add(self, run: Run) -> None:
        """See the port."""
        self._send(_ADD, run if run.model is None else replace(run, model=pickled(run.model, run.example)))

    def check(self) -> None:
        """See the port."""
        if self._child.poll() is not None:
            self._answer()

    def settle(self) -> None:
        """See the port."""
        self._send(_SETTLE, None)
        self._answer()

    def finish(self, run: Run) -> str:
        """See the port."""
        self._send(_FINISH, run)
        run_id = self._answer()
        self._open = False
        return run_id

    def close(self) -> None:
        """End the child; a run that was begun and not finished is closed as failed."""
        with suppress(BrokenPipeError):
            if self._open:
                _write(self._orders, (_ABANDON, None))
        with suppress(BrokenPipeError):
            self._orders.close()
        try:
            self._child.wait(_PATIENCE)
        finally:
            self._child.kill()
            self._answers.close()

    def _send(self, order: str, content: object) -> None:
        try:
            _write(self._orders, (order, content))
        except BrokenPipeError:
            self._answer()

    def _answer(self) -> Any:
        # Checked by the threads of a search too, of which one alone reads the answer.
        with self._lock:
            if self._failure is None:
                frame = _read(self._answers.fileno())
                found = self._ended() if frame is None else pickle.loads(frame)
                if not isinstance(found, GallopError):
                    return found
                self._failure = found
            raise self._failure

    def _ended(self) -> TrackingError:
        code = self._child.wait(_PATIENCE)
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        return TrackingError(f"the process that records the run in MLflow {how}; run the stage again")


def main() -> None:
    """The child's side: do what the parent orders, until it orders no more."""
    # Ctrl-C reaches parent and child; the parent decides what becomes of the run.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever a library prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    orders: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders,), daemon=True).start()
    _import()
    from gallop.adapters.mlflow.tracking import Recording

    recording, uri = None, ""
    try:
        while (frame := orders.get()) is not None:
            order, content = pickle.loads(frame)
            if order == _BEGIN:
                uri = content[0]
                recording = Recording(*content)
                continue
            assert recording is not None
            if order == _OPEN:
                recording.open(content)
            elif order == _ADD:
                recording.add(content)
            elif order == _SETTLE:
                _write(answers, None)
            elif order == _FINISH:
                _write(answers, recording.finish(content))
                return
            else:
                recording.abandon("FAILED")
                return
        if recording:
            recording.abandon("KILLED")
    except Exception as error:  # noqa: BLE001 the parent must hear of whatever it is
        if recording:
            with suppress(Exception):
                recording.abandon("FAILED")
        with suppress(BrokenPipeError):
            _write(answers, _told(error, uri))


def _import() -> None:
    # The collector would look at a million new objects again and again, none of which can go: a quarter of the time.
    gc.set_threshold(100_000, 50, 100)
    for name in _NEEDED:
        importlib.import_module(name)
    gc.freeze()
    from mlflow.utils import environment

    # A model's requirements are this process's own versions: to compare the two takes a second, and can find nothing.
    environment.warn_dependency_requirement_mismatches = lambda _: None  # ty: ignore[invalid-assignment]


def _listen(orders: queue.SimpleQueue) -> None:
    frame = _read(0)
    if frame is None:
        # Nothing was begun, so nothing needs to be closed; the main thread may still be importing.
        os._exit(0)
    while frame is not None:
        orders.put(frame)
        frame = _read(0)
    orders.put(None)


def _told(error: Exception, uri: str) -> GallopError:
    """The error for the parent: a sentence where the store said no, and the traceback where it is a bug."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(error, GallopError):
        return error
    try:
        client.require(uri)
    except GallopError as gone:
        return gone
    if not isinstance(error, MlflowException | SQLAlchemyError | OSError):
        traceback.print_exception(error)
    root: BaseException = error
    while root.__cause__ is not None:
        root = root.__cause__
    said = str(root).partition("\n")[0]
    return TrackingError(f"MLflow did not keep the run at {client.public(uri)}: {type(root).__name__}: {said}")


def _write(pipe: IO[bytes], content: object) -> None:
    frame = pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(_LENGTH.pack(len(frame)) + frame)
    pipe.flush()


def _read(pipe: int) -> bytes | None:
    """The next frame; None at the end of the pipe, also where it ends within a frame."""
    head = _exactly(pipe, _LENGTH.size)
    return None if head is None else _exactly(pipe, _LENGTH.unpack(head)[0])


def _exactly(pipe: int, length: int) -> bytes | None:
    # Not through a buffered file, whose lock a thread that still reads would keep when the process ends.
    parts = []
    while length:
        part = os.read(pipe, min(length, 1 << 20))
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


if __name__ == "__main__":
    main()
    # All is kept and answered. To take a thousand modules apart would only let the parent wait.
    os._exit(0)
