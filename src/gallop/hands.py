"""Hands: copies of this process that do a part of its work beside it.

Threads of one interpreter take turns at everything that is not a library's own loop. A hand is a fork: it has imported
all that this process has, at once, and takes turns with nobody.

A fork copies one thread, and what another thread holds at that moment stays held in the copy. So hands are made on
Linux alone, where this process has no other Python thread, before Polars is imported and any model fitted, which start
the threads of Polars and OpenMP. Where that is not so there are none, and the same work is done here, with the same
result. A hand uses no Polars.
"""

import gc
import os
import queue
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Protocol

from joblib import cpu_count

Tell = Callable[[str], None]
"""Told while the work goes on."""
_TOLD, _DONE, _FAILED = "told", "done", "failed"


class Worker(Protocol):
    """Does one piece of work at a time: a function of a module, with arguments that can be pickled."""

    def begin(self, work: Callable[..., Any], *arguments: object) -> None:
        """Give it work, which begins at once or when the result is asked for. One result is kept: the last one's."""
        ...

    def result(self, tell: Tell = ...) -> Any:
        """Returns what `work(*arguments, tell)` returns, and raises what it raises."""
        ...


class Here:
    """Does it in this process."""

    def begin(self, work: Callable[..., Any], *arguments: object) -> None:
        """See the protocol."""
        self._work = partial(work, *arguments)

    def result(self, tell: Tell = lambda _: None) -> Any:
        """See the protocol."""
        return self._work(tell)


class Hand(Here):
    """Does it in a copy of this process.

    A hand that is killed (where memory runs out, say) costs its work, which is done again here.
    """

    def __init__(self, pid: int, line: Connection) -> None:
        self._pid, self._line = pid, line
        self._lost = False
        self._answers = 0
        """How many are still to come."""

    def begin(self, work: Callable[..., Any], *arguments: object) -> None:
        """See the protocol."""
        super().begin(work, *arguments)
        try:
            self._line.send((work, arguments))
            self._answers += 1
        except ConnectionError:
            self._lost = True

    def result(self, tell: Tell = lambda _: None) -> Any:
        """See the protocol."""
        while not self._lost:
            try:
                kind, said = self._line.recv()
            except (EOFError, ConnectionError):
                self._lost = True
                break
            if kind == _TOLD:
                tell(said)
                continue
            self._answers -= 1
            if not self._answers and kind == _FAILED:
                raise said
            if not self._answers:
                return said
        return super().result(tell)

    def close(self) -> None:
        """End it, whatever it is doing."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._line.close()


@contextmanager
def hands(most: int) -> Generator[list[Hand]]:
    """So many hands, but no more than there are further cores; they end with the block. See above for when."""
    found: list[Hand] = []
    try:
        if sys.platform == "linux" and threading.active_count() == 1 and "polars" not in sys.modules:
            # What is there now stays: a collection would copy page after page of it into each process.
            gc.freeze()
            for _ in range(min(most, cpu_count() - 1)):
                found.append(_forked())
        yield found
    finally:
        for hand in found:
            hand.close()


def _forked() -> Hand:
    here, there = Pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of any thread, also of those that allocators and BLAS start when imported. They hold
        # nothing while nobody works, and know what a fork is.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            _serve(there)
        finally:
            os._exit(1)
    there.close()
    return Hand(pid, here)


def _serve(line: Connection) -> None:
    # Ctrl-C reaches both; the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Pipes to other processes must end when the parent closes them, not when its hands do.
    for opened in map(int, os.listdir("/proc/self/fd")):
        if opened > 2 and opened != line.fileno():
            with suppress(OSError):
                os.close(opened)
    arrived: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(line, arrived), daemon=True).start()
    while True:
        work, arguments = arrived.get()
        try:
            answer = (_DONE, work(*arguments, lambda said: line.send((_TOLD, said))))
        except Exception as error:  # noqa: BLE001 the parent must hear of whatever it is
            error.add_note(f"In a hand: {traceback.format_exc()}")
            answer = (_FAILED, error)
        line.send(answer)


def _listen(line: Connection, arrived: queue.SimpleQueue) -> None:
    """A parent that has ended is known at once, also in the middle of work."""
    with suppress(EOFError, OSError):
        while True:
            arrived.put(line.recv())
    os._exit(0)
