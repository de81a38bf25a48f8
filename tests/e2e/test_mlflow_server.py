"""The registry and the tracker against a real MLflow server on a real PostgreSQL, and against none."""

import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gallop.artifacts import bundle
from tests.support.checkouts import GALLOP, Checkout
from tests.support.mlflow_server import mlflow_on_postgres, mlflow_server
from tests.support.postgres import free_port


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of an MLflow server with its own database and artifact store."""
    with mlflow_on_postgres(tmp_path) as address:
        yield address


def ask(address: str, code: str) -> str:
    script = f"import mlflow; mlflow.set_tracking_uri({address!r}); c = mlflow.MlflowClient({address!r}); {code}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_training_selection_and_deployment_work_against_a_server(real: Checkout, server: str) -> None:
    real.environment["MLFLOW_TRACKING_URI"] = server
    real.gallop("model-training")
    for _ in range(3):
        real.gallop("model-selection")
    real.gallop("deploy")
    assert bundle.read_manifest(real.folder / "models/deployed").version == "1"
    assert "scored by version 1" in real.gallop("score", "data/raw/raw_data.csv", "-o", "scores.csv")

    runs = ask(
        server,
        "e = c.get_experiment_by_name('lead_scoring'); r = c.search_runs([e.experiment_id]);"
        "print(len(r), {x.info.status for x in r},"
        " all(x.data.tags['data_version'] == '05663184eaf8f324162e4d1bc14be387' for x in r))",
    )
    result = json.loads((real.folder / "models/candidate/result.json").read_text())
    trials = sum(
        candidate["trials"] - candidate["pruned"] - len(candidate["failed"]) for candidate in result["candidates"]
    )
    assert runs == f"{1 + len(result['candidates']) + trials} {{'FINISHED'}} True"
    versions = ask(
        server,
        "v = c.search_model_versions(\"name = 'lead_model'\");"
        "print(len(v), c.get_model_version_by_alias('lead_model', 'champion').version)",
    )
    assert versions == "1 1"
    scored = ask(
        server,
        "import pandas as pd; m = mlflow.pyfunc.load_model('models:/lead_model@champion');"
        "print(m.predict(pd.DataFrame({'source': ['signup', 'fb'], 'purchases': [5, 5], 'time_spent': [100.0, 100.0],"
        " 'customer_group': [2, 2], 'onboarding': [True, True], 'n_visits': [20, 20]}))"
        "['probability'].round(2).tolist())",
    )
    probability, other = json.loads(scored.splitlines()[-1].replace("nan", "NaN"))
    assert 0.5 < probability <= 1.0
    assert math.isnan(other)


def test_a_dead_server_costs_no_training_and_loses_no_run(little: Checkout) -> None:
    deployed = (little.folder / "models/deployed/manifest.json").read_bytes()
    params = little.folder / "params.yaml"
    params.write_text(params.read_text().replace("seed: 42", "seed: 43"))
    little.environment["MLFLOW_TRACKING_URI"] = f"http://user:secret@127.0.0.1:{free_port()}"
    # The limit guards against MLflow's own patience of four minutes; it does not measure.
    printed = little.gallop("run", code=23, seconds=120)
    assert "MLFLOW_TRACKING_URI: no tracking server answers at 127.0.0.1" in printed
    assert "1 trained runs wait in" in printed
    assert "secret" not in printed
    assert (little.folder / "models/deployed/manifest.json").read_bytes() == deployed
    for command in ("track", "model-selection", "deploy"):
        assert "secret" not in little.gallop(command, code=23, seconds=60)
    assert len(waiting(little)) == 1

    del little.environment["MLFLOW_TRACKING_URI"]
    assert "1 runs recorded" in little.gallop("track")
    assert waiting(little) == []
    assert "no run waits" in little.gallop("track")
    before = (little.folder / "models/candidate/manifest.json").read_bytes()
    little.gallop("run")
    assert (little.folder / "models/candidate/manifest.json").read_bytes() == before
    counted = "select count(*) from tags where key = 'digest' and value = ?"
    digest = bundle.read_manifest(little.folder / "models/candidate").digest
    with closing(sqlite3.connect(little.folder / "mlflow.db")) as store:
        assert store.execute(counted, (digest,)).fetchone() == (1,)


def waiting(project: Checkout) -> list[Path]:
    return [path for path in (project.folder / "models/outbox").iterdir() if not path.name.startswith(".")]


@pytest.mark.slow
def test_a_server_that_goes_away_half_way_has_each_run_once_when_it_is_back(real: Checkout, tmp_path: Path) -> None:
    port = free_port()
    real.environment["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{port}"
    database = f"sqlite:///{tmp_path / 'server.db'}"
    real.gallop("model-training")
    with mlflow_server(tmp_path, database, port) as (_, process):
        recording = subprocess.Popen(
            [str(GALLOP), "track"],
            cwd=real.folder,
            env=os.environ | real.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        begun = "select count(*) from runs where status = 'FINISHED'"
        while True:
            with closing(sqlite3.connect(tmp_path / "server.db")) as store:
                if store.execute(begun).fetchone()[0] or recording.poll() is not None:
                    break
        os.killpg(process.pid, signal.SIGKILL)
        _, printed = recording.communicate(timeout=120)
    assert recording.returncode in {23, 26}, printed
    assert "Traceback" not in printed
    assert len(waiting(real)) == 1
    with mlflow_server(tmp_path, database, port):
        real.gallop("track")
        assert waiting(real) == []
    result = json.loads((real.folder / "models/candidate/result.json").read_text())
    trials = sum(each["trials"] - each["pruned"] - len(each["failed"]) for each in result["candidates"])
    with closing(sqlite3.connect(tmp_path / "server.db")) as store:
        active = "select count(*), count(distinct status) from runs where lifecycle_stage = 'active'"
        assert store.execute(active).fetchone() == (1 + len(result["candidates"]) + trials, 1)


def test_a_database_that_is_not_there_is_named_too(real: Checkout) -> None:
    real.environment["MLFLOW_TRACKING_URI"] = f"postgresql+psycopg://user:secret@127.0.0.1:{free_port()}/gallop"
    printed = real.gallop("model-selection", code=23, seconds=60)
    assert "secret" not in printed
