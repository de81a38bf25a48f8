"""The process that reads a model file for `confined`: takes away what it can from itself, reads, asks, answers.

Run as `python -I -m gallop.artifacts.confined_job`, with the request as standard input and a file for the answer as
standard output. Nothing is made of the model before the last right is gone.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import IO, Any

import numpy as np

from gallop.artifacts.confinement import confine
from gallop.errors import ContractError, GallopError


def main() -> None:
    """Answer one request, and end."""
    answer = os.fdopen(os.dup(1), "wb")
    # Libraries print; the answer is no place for it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    head = json.loads(sys.stdin.buffer.readline())
    confinement = confine(head["answer"])
    error, message, values = None, "", b""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = _asked(head, sys.stdin.buffer)
    except GallopError as refusal:
        error, message = type(refusal).__name__, str(refusal)
    except MemoryError:
        error, message = ContractError.__name__, f"{head['source']}: needs more memory than it may have"
    reply = {"error": error, "message": message, "confinement": confinement.model_dump()}
    answer.write(json.dumps(reply).encode() + b"\n" + values)
    answer.flush()
    # At once: what a file has brought about is not asked again, not even to tidy up.
    os._exit(0)


def _asked(head: dict[str, Any], request: IO[bytes]) -> bytes:
    """The bytes of the probabilities; none where only the contract was asked for, and is met. Raises `GallopError`."""
    import pandas as pd

    from gallop.artifacts.audit import predicted_probabilities
    from gallop.artifacts.contract import Contract, check_answers
    from gallop.artifacts.safe_pickle import unpickle

    count, columns, source = head["rows"], head["columns"], Path(head["source"])
    rows = np.frombuffer(request.read(8 * count * len(columns)), np.float64).reshape(count, len(columns))
    contract = head["task"] == "contract"
    expected = np.frombuffer(request.read(8 * count), np.float64) if contract else None
    model = unpickle(request.read(), source)
    if expected is not None:
        check_answers(model, Contract(tuple(columns), rows, expected), source)
        return b""
    try:
        return predicted_probabilities(model, pd.DataFrame(rows, columns=columns)).tobytes()
    except ContractError as error:
        raise ContractError(f"{source}: {error}") from None


if __name__ == "__main__":
    main()
