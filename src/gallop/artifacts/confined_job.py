"""The process that reads a model file for `confined`: takes away what it can from itself, reads, asks, answers.

Run as `python -I -m gallop.artifacts.confined_job`, with the request as standard input and a file for the answer as
standard output. Nothing is made of the model before the last right is gone.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from gallop.artifacts import confinement, safe_pickle
from gallop.artifacts.confinement import Confinement
from gallop.artifacts.safe_pickle import PickledModel
from gallop.errors import ContractError, GallopError

if TYPE_CHECKING:
    import pandas as pd

Told = tuple[str | None, str, bytes]
"""An error's class, or None, its message, and the bytes of the numbers."""


def main() -> None:
    """Answer one request, and end."""
    answer = os.fdopen(os.dup(1), "wb")
    # Libraries print; the answer is no place for it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    head = json.loads(sys.stdin.buffer.readline())
    memory = confinement.limit(head["answer"])
    network, programs = confinement.take_network_and_programs()
    files, (error, message, values) = _answer(head, sys.stdin.buffer)
    taken = Confinement(memory=memory, network=network, programs=programs, files=files)
    told = {"error": error, "message": message, "confinement": taken.model_dump()}
    answer.write(json.dumps(told).encode() + b"\n" + values)
    answer.flush()
    # At once: what a file has brought about is not asked again, not even to tidy up.
    os._exit(0)


def _answer(head: dict[str, Any], request: IO[bytes]) -> tuple[bool, Told]:
    """Whether files were taken away, and what to tell."""
    shape, contract = (head["rows"], len(head["columns"])), head["task"] == "contract"
    rows = np.frombuffer(request.read(8 * shape[0] * shape[1]), np.float64).reshape(shape)
    expected = np.frombuffer(request.read(8 * shape[0]), np.float64) if contract else None
    content, source = request.read(), Path(head["source"])
    files = False
    try:
        pickled = safe_pickle.read_pickle(content, source)
        frame = _imported(content, rows, head["columns"])
        files = confinement.take_files([*sys.path, sys.prefix, sys.base_prefix])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return files, (None, "", _asked(pickled, frame, expected))
    except GallopError as error:
        return files, (type(error).__name__, str(error), b"")
    except MemoryError:
        message = f"{source}: needs more than {confinement.MEMORY // 2**30} GB of memory"
        return files, (ContractError.__name__, message, b"")


def _imported(content: bytes, rows: np.ndarray, columns: list[str]) -> "pd.DataFrame":
    """The rows as a table, once all is imported that may be needed: later there are libraries only."""
    import pandas as pd

    from gallop.artifacts import audit, contract  # noqa: F401

    safe_pickle.import_libraries(content)
    return pd.DataFrame(rows, columns=columns)


def _asked(pickled: PickledModel, rows: "pd.DataFrame", expected: np.ndarray | None) -> bytes:
    from gallop.artifacts.audit import predicted_probabilities
    from gallop.artifacts.contract import Contract, check_answers

    model = pickled.make()
    if expected is not None:
        agreed = Contract(tuple(rows.columns), rows.to_numpy(), expected)
        check_answers(model, agreed, pickled.source)
        return b""
    try:
        return predicted_probabilities(model, rows).tobytes()
    except ContractError as error:
        raise ContractError(f"{pickled.source}: {error}") from None


if __name__ == "__main__":
    main()
