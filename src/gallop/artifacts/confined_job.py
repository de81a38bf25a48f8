"""The process that reads a model file for `confined`: takes away what it can from itself, reads, asks, answers.

Run as `python -I -m gallop.artifacts.confined_job`, with the request as standard input and a file for the answer as
standard output. Nothing of the file is looked at before the last right is gone.
"""

import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gallop.artifacts import confinement
from gallop.artifacts.confinement import Confinement

if TYPE_CHECKING:
    import pandas as pd


def main() -> None:
    """Answer one request, and end."""
    answer = os.fdopen(os.dup(1), "wb")
    # Libraries print; the answer is no place for it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    request = sys.stdin.buffer
    head = json.loads(request.readline())
    memory = confinement.limit(head["answer"])
    network, programs = confinement.take_network_and_programs()
    answering = _prepared(head, request)
    readable = [*sys.path, sys.prefix, sys.base_prefix]
    taken = Confinement(memory=memory, network=network, programs=programs, files=confinement.take_files(readable))
    error, message, values = answering()
    told = {"error": error, "message": message, "confinement": taken.model_dump()}
    answer.write(json.dumps(told).encode() + b"\n" + values)
    answer.flush()
    # At once: what a file has brought about is not asked again, not even to tidy up.
    os._exit(0)


def _prepared(head: dict[str, Any], request: IO[bytes]) -> Callable[[], tuple[str | None, str, bytes]]:
    """Read the request and import all that may be needed; what is returned answers it."""
    import numpy as np
    import pandas as pd

    from gallop.artifacts import (
        audit,  # noqa: F401 whatever is asked later is imported now
        safe_pickle,
    )
    from gallop.artifacts.contract import Contract, check_answers
    from gallop.errors import ContractError, GallopError

    shape = (head["rows"], len(head["columns"]))
    rows = np.frombuffer(request.read(8 * shape[0] * shape[1]), np.float64).reshape(shape)
    contract = head["task"] == "contract"
    expected = np.frombuffer(request.read(8 * shape[0]), np.float64) if contract else np.empty(0)
    content, source = request.read(), Path(head["source"])
    safe_pickle.import_libraries(content)
    frame = pd.DataFrame(rows, columns=head["columns"])

    def answering() -> tuple[str | None, str, bytes]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = safe_pickle.unpickle(content, source)
                if not contract:
                    return None, "", _probabilities(model, frame, source)
                check_answers(model, Contract(tuple(head["columns"]), rows, expected), source)
                return None, "", b""
        except GallopError as error:
            return type(error).__name__, str(error), b""
        except MemoryError:
            return ContractError.__name__, f"{source}: needs more than {confinement.MEMORY // 2**30} GB of memory", b""

    return answering


def _probabilities(model: object, rows: "pd.DataFrame", source: Path) -> bytes:
    from gallop.artifacts.audit import predicted_probabilities
    from gallop.errors import ContractError

    try:
        return predicted_probabilities(model, rows).tobytes()
    except ContractError as error:
        raise ContractError(f"{source}: {error}") from None


if __name__ == "__main__":
    main()
