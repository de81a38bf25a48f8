"""A run is recorded by a process of its own: what becomes of the run when either process fails or is killed."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from gallop.adapters.mlflow.tracking import MlflowTracker, alive
from gallop.errors import ServerUnreachableError, TrackingError
from gallop.ports import Recorder, Run
from tests.support.postgres import free_port

TRAINING = Run("training", {}, {}, {"data_version": "0" * 32})
CANDIDATE = Run("splines", {"C": 1.0}, {"cv_log_loss": 0.4}, {"family": "splines"}, [Run("splines 1", {"C": 1.0}, {})])
END = Run("training", {"winner": "splines"}, {"test_log_loss": 0.4}, {"digest": "abc"})


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "mlflow.db"


def asked(store: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(store)) as connection:
        return connection.execute(query).fetchall()


def statuses(store: Path) -> dict[str, str]:
    return dict(asked(store, "select name, status from runs"))


def test_a_run_is_kept_with_its_candidates_and_each_has_the_versions_of_data_and_code(store: Path) -> None:
    with MlflowTracker(f"sqlite:///{store}").recording("leads") as recorder:
        recorder.begin(TRAINING)
        recorder.add(CANDIDATE)
        recorder.settle()
        assert statuses(store) == {"training": "RUNNING", "splines": "FINISHED", "splines 1": "FINISHED"}
        run_id = recorder.finish(END)
    assert set(statuses(store).values()) == {"FINISHED"}
    query = "select name, key, value from runs join tags on tags.run_uuid = runs.run_uuid"
    tags = {(name, key): value for name, key, value in asked(store, query)}
    assert {name for name, key in tags if key == "data_version"} == {"training", "splines", "splines 1"}
    assert tags["training", "digest"] == "abc"
    assert tags["splines", "mlflow.parentRunId"] == run_id
    assert asked(store, "select key, value from latest_metrics order by key") == [
        ("cv_log_loss", 0.4),
        ("test_log_loss", 0.4),
    ]


def test_a_candidates_model_loads_with_mlflow_in_both_ways_and_says_what_it_said(store: Path) -> None:
    example = pd.DataFrame({"n_visits": [3.0], "time_spent": [0.5]})
    model = LogisticRegression().fit(pd.concat([example, example + 1]), [0, 1])
    with MlflowTracker(f"sqlite:///{store}").recording("leads") as recorder:
        recorder.begin(TRAINING)
        recorder.add(replace(CANDIDATE, model=model, example=example))
        recorder.finish(END)
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED, f"sqlite:///{store}"],
        cwd=store.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(loaded.stdout)
    assert said["sklearn"] == said["pyfunc"] == model.predict_proba(example).tolist()
    assert said["inputs"] == ["n_visits", "time_spent"]
    assert said["example"] == [[3.0, 0.5]]
    assert f"scikit-learn=={version('scikit-learn')}" in said["requirements"]


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


def test_the_recorder_imports_nothing_that_models_are_made_of() -> None:
    source = (
        "import sys; from gallop.adapters import recorder; recorder._import();"
        "print(sorted({'mlflow', 'sklearn', 'lightgbm', 'xgboost', 'optuna'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", source], text=True) == "['mlflow']\n"


def test_a_family_whose_trials_came_first_is_one_run_and_each_trial_too(store: Path) -> None:
    with MlflowTracker(f"sqlite:///{store}").recording("leads") as recorder:
        recorder.begin(TRAINING)
        recorder.open(Run("splines", {}, {}, children=CANDIDATE.children))
        recorder.settle()
        assert statuses(store) == {"training": "RUNNING", "splines": "RUNNING", "splines 1": "FINISHED"}
        recorder.add(CANDIDATE)
        recorder.finish(END)
    runs = asked(store, "select name, status from runs order by name")
    assert runs == [(name, "FINISHED") for name in ("splines", "splines 1", "training")]
    of_family = "from runs join {0} on {0}.run_uuid = runs.run_uuid where name = 'splines'"
    assert asked(store, f"select key, value {of_family.format('params')}") == [("C", "1.0")]
    assert asked(store, f"select key, value {of_family.format('latest_metrics')}") == [("cv_log_loss", 0.4)]
    assert ("family", "splines") in asked(store, f"select key, value {of_family.format('tags')}")


def test_what_is_open_within_a_run_that_fails_is_closed_with_it(store: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        failing(f"sqlite:///{store}", lambda recorder: [recorder.open(Run("lightgbm", {}, {})), 1 / 0])
    assert statuses(store)["lightgbm"] == statuses(store)["training"] == "FAILED"


def test_nothing_begun_is_nothing_kept(store: Path) -> None:
    with MlflowTracker(f"sqlite:///{store}").recording("leads"):
        pass
    assert not store.exists()


def failing(uri: str, then: Callable[[Recorder], object]) -> None:
    """Begin a run, keep one candidate, and let `then` fail."""
    with MlflowTracker(uri).recording("leads") as recorder:
        recorder.begin(TRAINING)
        recorder.add(CANDIDATE)
        then(recorder)


def test_an_error_in_the_parent_closes_the_run_as_failed(store: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        failing(f"sqlite:///{store}", lambda _: 1 / 0)
    assert statuses(store) == {"training": "FAILED", "splines": "FINISHED", "splines 1": "FINISHED"}


def test_a_killed_recorder_is_an_error_with_a_sentence_and_its_run_is_marked_later(store: Path) -> None:
    def kill(recorder: Recorder) -> None:
        recorder.settle()
        recorder.check()
        os.kill(pid_of(store), signal.SIGKILL)
        recorder.settle()

    with pytest.raises(TrackingError, match="killed by signal 9"):
        failing(f"sqlite:///{store}", kill)
    assert statuses(store)["training"] == "RUNNING"
    with MlflowTracker(f"sqlite:///{store}").recording("leads") as recorder:
        recorder.begin(Run("next", {}, {}))
        recorder.settle()
    assert statuses(store)["training"] == "KILLED"


def pid_of(store: Path) -> int:
    [(pid,)] = asked(store, "select distinct value from tags where key = 'gallop.pid'")
    return int(pid)


PARENT = """
import time
from gallop.adapters.mlflow.tracking import MlflowTracker
from gallop.ports import Run
with MlflowTracker("sqlite:///mlflow.db").recording("leads") as recorder:
    recorder.begin(Run("training", {}, {}))
    recorder.add(Run("splines", {}, {}))
    recorder.settle()
    print("settled", flush=True)
    time.sleep(600)
"""


def test_a_killed_parent_leaves_no_process_and_the_run_is_marked(store: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=store.parent, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "settled\n"
        child = pid_of(store)
        assert child != parent.pid
        parent.kill()
    deadline = time.monotonic() + 60
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)
    assert statuses(store) == {"training": "KILLED", "splines": "FINISHED"}


def test_a_store_that_is_only_for_reading_is_named_and_ends_the_search_early(store: Path) -> None:
    with MlflowTracker(f"sqlite:///{store}").recording("leads") as recorder:
        recorder.begin(TRAINING)
        recorder.settle()
    before = store.read_bytes()
    with pytest.raises(TrackingError, match="readonly database"):
        failing(f"sqlite:///file:{store}?mode=ro&uri=true", search)
    assert store.read_bytes() == before


def search(recorder: Recorder) -> None:
    """A minute in which the recorder is only asked how it goes."""
    for _ in range(1200):
        time.sleep(0.05)
        recorder.check()


def test_a_server_that_goes_away_is_unreachable_and_its_password_is_not_told() -> None:
    with pytest.raises(ServerUnreachableError) as failed:
        failing(f"http://user:secret@127.0.0.1:{free_port()}", search)
    assert "secret" not in str(failed.value)
