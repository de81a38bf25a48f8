"""A model file is asked in a process that has as little as possible, and however it ends, there is a sentence."""

import json
import pickle
import socket
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from gallop.artifacts import confined
from gallop.artifacts.confined import ask_confined, described_confinement, read_answer, run_confined
from gallop.artifacts.confinement import Confinement
from gallop.errors import ContractError, UnsafeModelError

SOURCE = Path("model.pkl")
ALL = Confinement(memory=True, network=True)
ROWS = pd.DataFrame(np.random.default_rng(1).random((60, 2)), columns=["a", "b"])
LABELS = (ROWS["a"] > 0.5).astype(int)

PROBE = """
import json, os, socket, sys
from gallop.artifacts.confinement import confine
answer = os.fdopen(os.dup(1), "w")
before = {"environment": dict(os.environ), "folder": os.listdir(), "path": sys.path}
confinement = confine(100_000)

def can(act):
    try:
        act()
    except (OSError, MemoryError):
        return False
    return True

print(json.dumps(before | {
    "confinement": confinement.model_dump(),
    "memory": can(lambda: bytearray(5 * 2**30)),
    "network": can(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)),
}), file=answer)
answer.flush()
os._exit(0)
"""


def run(command: list[str], folder: Path) -> bytes:
    """What a command answers, run as the process that reads model files is."""
    with tempfile.TemporaryFile() as request, tempfile.TemporaryFile() as answer:
        run_confined(command, folder, request, answer, SOURCE)
        answer.seek(0)
        return answer.read()


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


@pytest.fixture
def listener():
    """A port where somebody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_what_is_taken_is_gone(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: int) -> None:
    monkeypatch.setenv("GALLOP_SECRET", "hunter2")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    could = json.loads(run(["-c", PROBE, str(listener)], empty))
    assert "hunter2" not in json.dumps(could["environment"])
    assert str(tmp_path) not in could["path"]
    assert could["environment"]["HOME"] == str(empty)
    assert could["folder"] == []
    taken = Confinement.model_validate(could["confinement"])
    assert [what for what, gone in taken if gone and could[what]] == []


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are kept on Linux")
def test_memory_is_always_limited_here(empty: Path) -> None:
    code = "from gallop.artifacts.confinement import confine; print(confine(10).memory, end='')"
    assert run(["-c", code], empty) == b"True"


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("import os; os.kill(os.getpid(), 11)", UnsafeModelError, r"crashed \(SIGSEGV\)"),
        ("import os; os.kill(os.getpid(), 7)", UnsafeModelError, r"crashed \(SIG(BUS|EMT)\)"),
        ("import os; os.abort()", UnsafeModelError, r"crashed \(SIGABRT\)"),
        ("import ctypes; ctypes.string_at(8)", UnsafeModelError, r"crashed \(SIG"),
        ("import os; os.kill(os.getpid(), 9)", ContractError, "was killed; the system may be out of memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", ContractError, "not answered within"),
        ("raise SystemExit(7)", UnsafeModelError, "ended with exit code 7 and no answer"),
        ("raise RuntimeError('a traceback')", UnsafeModelError, "ended with exit code 1 and no answer"),
        (
            "from gallop.artifacts.confinement import confine; import os; confine(9); os.write(1, bytes(99)); "
            "os.write(1, bytes(99))",
            UnsafeModelError,
            "ended with exit code 1",
        ),
    ],
)
def test_however_it_ends_there_is_a_sentence(empty: Path, code: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=rf"^model\.pkl: .*{message}"):
        run(["-c", code], empty)


def test_what_never_answers_is_ended(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "SECONDS", 1)
    with pytest.raises(ContractError, match=r"^model\.pkl: has not answered within 1 s"):
        run(["-c", "import time; time.sleep(600)"], empty)


def answer(error: str | None = None, message: str = "", values: bytes = b"") -> bytes:
    """What the process writes."""
    told = {"error": error, "message": message, "confinement": ALL.model_dump()}
    return json.dumps(told).encode() + b"\n" + values


def test_probabilities_come_back_as_they_were_sent() -> None:
    values = np.array([0.0, 0.25, 1.0])
    assert read_answer(answer(values=values.tobytes()), 3, SOURCE).values.tolist() == values.tolist()
    assert read_answer(answer(), 0, SOURCE).confinement == ALL


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b'{"confinement": {}}\n',
        b"[" * 100_000,
        pickle.dumps([0.5, 0.5]),
        answer(values=np.array([0.5]).tobytes()),
        answer(values=np.array([0.5, 0.5, 0.5]).tobytes()),
        answer(values=np.array([0.5, 1.5]).tobytes()),
        answer(values=np.array([0.5, np.nan]).tobytes()),
        answer(values=b"\0" * 15),
        answer().replace(b"true", b'"a"'),
    ],
)
def test_an_answer_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(UnsafeModelError, match=r"^model\.pkl: the process that read it gave no answer"):
        read_answer(content, 2, SOURCE)


@given(st.binary(max_size=80))
def test_any_answer_is_probabilities_or_a_sentence(content: bytes) -> None:
    with pytest.raises((UnsafeModelError, ContractError)):
        read_answer(content, 2, SOURCE)


def test_an_error_comes_back_with_its_class_and_nothing_that_a_terminal_obeys() -> None:
    with pytest.raises(ContractError, match=r"^no good�$"):
        read_answer(answer("ContractError", "no good\x1b"), 2, SOURCE)
    with pytest.raises(UnsafeModelError):
        read_answer(answer("SystemExit", "x"), 2, SOURCE)
    with pytest.raises(ContractError) as told:
        read_answer(answer("ContractError", "x" * 10**5), 2, SOURCE)
    assert len(str(told.value)) == 2000


@pytest.mark.parametrize("model", [LogisticRegression(), RandomForestClassifier(5, n_jobs=4)])
def test_a_model_says_there_what_it_says_here(model) -> None:
    model.fit(ROWS, LABELS)
    said = ask_confined("probabilities", pickle.dumps(model), ROWS, None, SOURCE)
    assert said.values == pytest.approx(model.predict_proba(ROWS)[:, 1], abs=1e-12)


def test_what_it_cannot_do_there_is_said_with_the_files_name() -> None:
    with pytest.raises(ContractError, match=r"^model\.pkl: the model takes the columns \['a', 'b'\]"):
        ask_confined("probabilities", pickle.dumps(LogisticRegression().fit(ROWS, LABELS)), ROWS[["b"]], None, SOURCE)
    with pytest.raises(UnsafeModelError, match=r"^model\.pkl: asks for"):
        ask_confined("probabilities", pickle.dumps(ask_confined), ROWS, None, SOURCE)


def test_what_is_not_taken_is_said() -> None:
    assert described_confinement(ALL) == "Read in a process of its own: 300 s, 4 GB, without network."
    some = Confinement(memory=False, network=False)
    assert described_confinement(some) == (
        "Read in a process of its own: 300 s. This system does not take away: memory, network."
    )
