"""What waits in the outbox is recorded once, with its candidates, trials and models, whatever interrupts it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from gallop.adapters.mlflow.tracking import find_run, record
from gallop.adapters.process import is_alive
from gallop.artifacts import outbox
from gallop.errors import ServerUnreachableError, TrackingError
from gallop.results.tracked_run import TrackedRun
from tests.support.postgres import free_port

# MLflow and its libraries warn of each other.
pytestmark = pytest.mark.filterwarnings("default")

EXAMPLE = pd.DataFrame({"n_visits": [3.0], "time_spent": [0.5]})
TRIALS = tuple(TrackedRun(name=f"splines {number}", parameters={"C": float(number)}) for number in (1, 2, 3))
CANDIDATE = TrackedRun(
    name="splines",
    parameters={"C": 1.0},
    metrics={"cv_log_loss": 0.4},
    tags={"family": "splines"},
    children=TRIALS,
    model="splines.pkl",
    example={"n_visits": 3.0, "time_spent": 0.5},
)
RUN = TrackedRun(
    name="training",
    parameters={"winner": "splines"},
    metrics={"test_log_loss": 0.4},
    tags={"data_version": "0" * 32},
    children=(CANDIDATE,),
)
NAMES = {"training", "splines", "splines 1", "splines 2", "splines 3"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "mlflow.db"


@pytest.fixture
def model() -> LogisticRegression:
    return LogisticRegression().fit(pd.concat([EXAMPLE, EXAMPLE + 1]), [0, 1])


@pytest.fixture
def entry(tmp_path: Path, model: LogisticRegression) -> outbox.OutboxEntry:
    outbox.put(tmp_path / "outbox", "abc", RUN, {"splines.pkl": model})
    [waiting] = outbox.entries(tmp_path / "outbox")
    return waiting


@pytest.fixture(autouse=True)
def artifacts_in_the_test_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rows(store: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(store)) as connection:
        return connection.execute(query).fetchall()


def alive_runs(store: Path) -> list[tuple[str, str]]:
    return sorted(rows(store, "select name, status from runs where lifecycle_stage = 'active'"))


def test_a_run_is_kept_with_its_candidates_and_each_has_the_version_of_the_data(store, entry):
    run_id = record(f"sqlite:///{store}", "leads", entry)
    assert alive_runs(store) == sorted((name, "FINISHED") for name in NAMES)
    query = "select name, key, value from runs join tags on tags.run_uuid = runs.run_uuid"
    tags = {(name, key): value for name, key, value in rows(store, query)}
    assert {name for name, key in tags if key == "data_version"} == NAMES
    assert tags["training", "digest"] == "abc"
    assert tags["splines", "mlflow.parentRunId"] == run_id
    metrics = rows(store, "select key, value from latest_metrics order by key")
    assert metrics == [("cv_log_loss", 0.4), ("test_log_loss", 0.4)]


def test_a_run_that_the_server_has_is_not_recorded_again(store, entry):
    first = record(f"sqlite:///{store}", "leads", entry)
    assert record(f"sqlite:///{store}", "leads", entry) == first == find_run(f"sqlite:///{store}", "leads", "abc")
    assert len(alive_runs(store)) == len(NAMES)
    assert find_run(f"sqlite:///{store}", "leads", "other") is None
    assert find_run(f"sqlite:///{store}", "elsewhere", "abc") is None


def test_a_candidates_model_loads_with_mlflow_in_both_ways_and_answers_as_before(store, entry, model):
    record(f"sqlite:///{store}", "leads", entry)
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED, f"sqlite:///{store}"],
        cwd=store.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    answers = json.loads(loaded.stdout)
    assert answers["sklearn"] == answers["pyfunc"] == model.predict_proba(EXAMPLE).tolist()
    assert answers["inputs"] == ["n_visits", "time_spent"]
    assert answers["example"] == [[3.0, 0.5]]
    assert f"scikit-learn=={version('scikit-learn')}" in answers["requirements"]


LOADED = """
import json, sys
from pathlib import Path
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
[experiment] = mlflow.search_experiments(filter_string="name = 'leads'")
[kept] = mlflow.search_logged_models([experiment.experiment_id], output_format="list")
as_sklearn, as_pyfunc = mlflow.sklearn.load_model(kept.model_uri), mlflow.pyfunc.load_model(kept.model_uri)
example = as_pyfunc.input_example
print(json.dumps({
    "sklearn": as_sklearn.predict_proba(example).tolist(),
    "pyfunc": as_pyfunc.predict(example).tolist(),
    "inputs": as_pyfunc.metadata.signature.inputs.input_names(),
    "example": example.to_numpy().tolist(),
    "requirements": Path(mlflow.pyfunc.get_model_dependencies(kept.model_uri)).read_text().splitlines(),
}))
"""

RECORDS = """
import sys
from pathlib import Path
from gallop.adapters.mlflow.tracking import record
from gallop.artifacts import outbox
[entry] = outbox.entries(Path("outbox"))
record(sys.argv[1], "leads", entry)
"""


def test_a_recording_that_was_killed_is_done_again_and_each_trial_is_there_once(store, entry, tmp_path):
    record(f"sqlite:///{store}", "another", entry)
    killed = subprocess.Popen([sys.executable, "-c", RECORDS, f"sqlite:///{store}"], cwd=tmp_path)
    begun = "select count(*) from runs where status = 'RUNNING'"
    deadline = time.monotonic() + 60
    while not rows(store, begun)[0][0] and killed.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    record(f"sqlite:///{store}", "leads", entry)
    [(experiment,)] = rows(store, "select experiment_id from experiments where name = 'leads'")
    kept = rows(store, f"select name from runs where experiment_id = {experiment} and lifecycle_stage = 'active'")
    assert sorted(name for (name,) in kept) == sorted(NAMES)
    assert {status for _, status in alive_runs(store)} == {"FINISHED"}


def test_a_run_of_a_dead_process_is_closed_and_one_of_a_live_one_stays_open(store, entry):
    import socket

    from gallop.adapters.mlflow.client import connect

    record(f"sqlite:///{store}", "leads", entry)
    client = connect(f"sqlite:///{store}")
    experiment = client.get_experiment_by_name("leads").experiment_id
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert not is_alive(ended.pid)
    for name, pid in (("dead", ended.pid), ("live", os.getppid())):
        tags = {"gallop.host": socket.gethostname(), "gallop.pid": str(pid)}
        client.create_run(experiment, tags=tags, run_name=name)
    outbox.put(Path("outbox"), "def", RUN.model_copy(update={"children": ()}), {})
    record(f"sqlite:///{store}", "leads", next(e for e in outbox.entries(Path("outbox")) if e.digest == "def"))
    statuses = dict(rows(store, "select name, status from runs where name in ('dead', 'live')"))
    assert statuses == {"dead": "KILLED", "live": "RUNNING"}


def test_a_store_that_is_only_for_reading_is_named_and_stays_as_it_was(store, entry):
    record(f"sqlite:///{store}", "leads", entry)
    before = store.read_bytes()
    with pytest.raises(TrackingError, match="readonly database"):
        record(f"sqlite:///file:{store}?mode=ro&uri=true", "others", entry)
    assert store.read_bytes() == before


def test_a_server_that_is_not_there_is_unreachable_and_its_password_is_not_told(entry):
    with pytest.raises(ServerUnreachableError) as failed:
        record(f"http://user:secret@127.0.0.1:{free_port()}", "leads", entry)
    assert "secret" not in str(failed.value)
