"""Asking a model file in a process of its own, since the file may be hostile: what it gives back is numbers.

The process has none of this one's environment, an empty folder to stand in, limits on memory, time and what it may
write, and no network where the system can take it away (`confinement`). It is given
the file's bytes, reads them as `safe_pickle` does, and answers with JSON and an array. However it ends, this one gets a
sentence.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal

import numpy as np

from gallop.artifacts.confinement import MEMORY, SECONDS, Confinement
from gallop.errors import ContractError, GallopError, UnsafeModelError
from gallop.evaluation.metrics import Vector

if TYPE_CHECKING:
    import pandas as pd

_JOB: Final = ("-m", "gallop.artifacts.confined_job")
LONGEST_HEAD: Final = 64 * 1024
"""Bytes of the answer's first line, which is JSON; its numbers follow."""
_LONGEST_MESSAGE: Final = 2000
_KEPT: Final = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_SINGLE: Final = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), "1"),
    "JOBLIB_MULTIPROCESSING": "0",
    # Arrow's allocator starts a thread when it is imported.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""One thread: what a process takes away, it takes from the thread that asks."""
_ERRORS: Final[dict[str, type[GallopError]]] = {error.__name__: error for error in (ContractError, UnsafeModelError)}

Task = Literal["probabilities", "contract"]


@dataclass(frozen=True)
class ConfinedAnswer:
    """What the process found out."""

    values: Vector
    """Shape (rows,): the probabilities of a yes; empty where nothing was asked but whether the contract is met."""
    confinement: Confinement


def ask_confined(
    task: Task, content: bytes, rows: "pd.DataFrame", expected: Vector | None, source: Path
) -> ConfinedAnswer:
    """Have a model file read and asked, in a process of its own.

    Args:
        task: `probabilities` of a yes, or whether the file meets its `contract`.
        content: the file's bytes.
        rows: shape (n, columns), numbers.
        expected: shape (n,), what the contract wants; None for `probabilities`.
        source: the file's name for errors.

    Raises:
        UnsafeModelError: it is no accepted model, or it crashed the process. ContractError: it does not meet its
            contract, gives no probabilities, or takes too long or too much memory.
    """
    count = len(rows) if task == "probabilities" else 0
    head = {
        "task": task,
        "source": str(source),
        "columns": [str(name) for name in rows.columns],
        "rows": len(rows),
        "answer": LONGEST_HEAD + 8 * count,
    }
    parts = (
        json.dumps(head).encode() + b"\n",
        np.ascontiguousarray(rows.to_numpy(dtype=np.float64)).tobytes(),
        b"" if expected is None else np.asarray(expected, dtype=np.float64).tobytes(),
        content,
    )
    try:
        with (
            tempfile.TemporaryDirectory(prefix="gallop-confined-") as folder,
            tempfile.TemporaryFile() as request,
            tempfile.TemporaryFile() as answer,
        ):
            request.writelines(parts)
            request.seek(0)
            run_confined(_JOB, Path(folder), request, answer, source)
            answer.seek(0)
            return read_answer(answer.read(LONGEST_HEAD + 8 * count + 1), count, source)
    except OSError as error:
        raise ContractError(f"{source}: cannot be handed to a process of its own: {error.strerror}") from None


def run_confined(command: Sequence[str], folder: Path, request: IO[bytes], answer: IO[bytes], source: Path) -> None:
    """Run Python on its own: without this process's environment, in an empty folder, for so long and no longer.

    Args:
        command: what Python is to run, after its options.
        folder: where it stands.
        request, answer: files that it may read from, and write to.
        source: the model file's name for errors.

    Raises:
        UnsafeModelError: it crashed. ContractError: it took too long, or was killed.
    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", *command],
        stdin=request,
        stdout=answer,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=environment | _SINGLE | {"HOME": str(folder), "TMPDIR": str(folder)},
        start_new_session=True,
    )
    try:
        code = process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        raise ContractError(f"{source}: has not answered within {SECONDS} s") from None
    finally:
        # Also when this process is interrupted; and what the other has started, where it could.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code:
        raise _ended(code, source)


def _ended(code: int, source: Path) -> GallopError:
    if code == -signal.SIGXCPU:
        return ContractError(f"{source}: has not answered within {SECONDS} s")
    if code == -signal.SIGKILL:
        return ContractError(f"{source}: the process that read it was killed; the system may be out of memory")
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return UnsafeModelError(f"{source}: the process that read it crashed ({name})")
    return UnsafeModelError(f"{source}: the process that read it ended with exit code {code} and no answer")


def read_answer(content: bytes, count: int, source: Path) -> ConfinedAnswer:
    """Take an answer for what it is: bytes of a process that a hostile file may have spoken through.

    Args:
        count: how many probabilities it must hold.

    Raises:
        UnsafeModelError, ContractError: what the answer says, or that it is none.
    """
    first, _, rest = content.partition(b"\n")
    try:
        head: Any = json.loads(first)
        confinement = Confinement.model_validate(head["confinement"])
        error, message = head["error"], head["message"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UnsafeModelError(f"{source}: the process that read it gave no answer") from None
    if error is not None:
        raise _ERRORS.get(str(error), UnsafeModelError)(_plain(str(message)))
    values = np.frombuffer(rest, np.float64) if len(rest) == 8 * count else np.full(1, np.nan)
    if not np.all((values >= 0) & (values <= 1)):
        raise UnsafeModelError(f"{source}: the process that read it gave no answer")
    return ConfinedAnswer(values, confinement)


def _plain(message: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in message[:_LONGEST_MESSAGE])


def described_confinement(confinement: Confinement) -> str:
    """How the file was read, and what this system left to the process."""
    said = f"Read in a process of its own: {SECONDS} s"
    said += f", {MEMORY // 2**30} GB" if confinement.memory else ""
    said += ", without network." if confinement.network else "."
    return said + (f" This system does not take away: {', '.join(confinement.left)}." if confinement.left else "")
