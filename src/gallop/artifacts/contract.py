"""The contract of the exported file, models/model.pkl.

The file is loaded and judged by somebody else's program, in which nothing of gallop is installed. So it is the last
step of the model alone: a plain pickle of a library's own classifier, over encoded columns that are named in the
contract, that gives the contract's rows the contract's answers. The contract is a CSV: the encoded columns, in order,
and a column `expected`.
"""

import csv
import pickle
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from gallop.artifacts.confined import ask_confined
from gallop.artifacts.confinement import Confinement
from gallop.artifacts.safe_pickle import unpickle
from gallop.errors import ContractError, SettingsError

EXPECTED: Final = "expected"

ISOLATED_LIBRARIES: Final = (
    "scikit-learn",
    "pandas",
    "joblib",
    "xgboost-cpu" if sys.platform == "linux" else "xgboost",
)
"""All that the judging program has installed."""

_JUDGE: Final = """
import sys, joblib, pandas
rows = pandas.read_csv(sys.argv[2])
answers = joblib.load(sys.argv[1]).predict(rows.drop(columns="expected"))
wrong = [i + 1 for i, (a, b) in enumerate(zip(answers, rows["expected"])) if float(a) != float(b)]
sys.exit(f"rows {wrong} get another answer than expected: {list(map(float, answers))}" if wrong else 0)
"""


@dataclass(frozen=True)
class Contract:
    """Encoded columns, rows of them, and the answer each row must get."""

    columns: tuple[str, ...]
    rows: np.ndarray
    expected: np.ndarray


def read_contract(path: Path) -> Contract:
    """Read a contract's CSV. Raises `SettingsError` where it is missing or malformed."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file, strict=True))
        values = np.array([[float(value) for value in row] for row in rows])
    except (OSError, ValueError, csv.Error) as error:
        raise SettingsError(f"export.contract: {path}: {error}") from None
    if header[-1:] != [EXPECTED] or values.shape[1:] != (len(header),):
        raise SettingsError(f"export.contract: {path}: needs rows of numbers and a last column named {EXPECTED!r}")
    return Contract(tuple(header[:-1]), values[:, :-1], values[:, -1])


def read_model(path: Path) -> bytes:
    """The bytes of an exported classifier. Raises `ContractError` where they cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContractError(f"{path}: cannot be read: {error.strerror}") from None


def check_contract(content: bytes, contract: Contract, source: Path) -> None:
    """Hold a pickled classifier of our own making to the contract, in this process.

    Raises:
        ContractError: with what is wrong. UnsafeModelError: it is no accepted model.
    """
    check_answers(unpickle(content, source), contract, source)


def check_foreign(content: bytes, contract: Contract, source: Path) -> Confinement:
    """Hold anybody's pickled classifier to the contract, in a process that has as little as possible.

    Returns:
        What that process had not.

    Raises:
        ContractError: with what is wrong. UnsafeModelError: it is no accepted model, or it crashed the process.
    """
    import pandas as pd

    rows = pd.DataFrame(contract.rows, columns=list(contract.columns))
    return ask_confined("contract", content, rows, contract.expected, source).confinement


def check_answers(model: object, contract: Contract, source: Path) -> None:
    """Hold a loaded classifier to the contract. Raises `ContractError`."""
    import pandas as pd

    predict = getattr(model, "predict", None)
    if not callable(predict):
        raise ContractError(f"{source}: holds a {type(model).__name__}, which has no predict")
    try:
        named = tuple(getattr(model, "feature_names_in_", ()))
    except Exception as error:  # noqa: BLE001 a property of a library's; a model from a file may fail in any way
        raise ContractError(f"{source}: does not know its columns: {error}") from None
    if named != contract.columns:
        raise ContractError(f"{source}: takes the columns {list(named)}; the contract has {list(contract.columns)}")
    try:
        answers = np.asarray(predict(pd.DataFrame(contract.rows, columns=list(contract.columns))), dtype=float)
    except Exception as error:  # noqa: BLE001 a model from a file may fail in any way; all of it means the same
        raise ContractError(f"{source}: cannot answer the contract's rows: {error}") from None
    if wrong := [row for row, (a, b) in enumerate(zip(answers, contract.expected, strict=True), 1) if a != b]:
        raise ContractError(
            f"{source}: rows {wrong} of the contract get {answers.tolist()}, expected {contract.expected.tolist()}"
        )


def check_isolated(content: bytes, contract: Path, source: Path) -> str:
    """Hold a file to the contract as the judging program does: in a new virtual environment without gallop.

    That program loads it with joblib, which does all that a pickle asks for: only for what has met the contract here.

    Returns:
        The versions of the libraries it was judged with.

    Raises:
        ContractError: the file fails there, or the environment cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="gallop-judge-") as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder, "bin", "python"))
        _run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *ISOLATED_LIBRARIES],
            "cannot install the libraries",
        )
        judged = Path(folder, "model.pkl")
        judged.write_bytes(content)
        # -I: no environment variables, no current folder, so that nothing of this project can be imported.
        _run([python, "-I", "-c", _JUDGE, str(judged), str(contract.resolve())], f"{source}: fails in isolation", {})
        frozen = _run([python, "-m", "pip", "freeze"], "cannot list the libraries")
    wanted = {name.lower() for name in ISOLATED_LIBRARIES}
    return ", ".join(line.replace("==", " ") for line in frozen.splitlines() if line.split("==")[0].lower() in wanted)


def _run(command: list[str], what: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise ContractError(f"{what}: {lines[-1] if lines else f'exit code {done.returncode}'}")
    return done.stdout


def dump(model: object) -> bytes:
    """The plain pickle that is exported."""
    return pickle.dumps(model, protocol=5)
