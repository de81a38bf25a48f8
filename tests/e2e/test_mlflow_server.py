"""The registry and the tracker against a real MLflow server on a real PostgreSQL, and against none."""

import json
import math
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkouts import Checkout
from tests.support.postgres import free_port, postgres

MLFLOW = Path(sys.executable).with_name("mlflow")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of an MLflow server with its own database and artifact store."""
    with postgres() as url:
        port, database = free_port(), url.replace("postgresql:", "postgresql+psycopg:")
        command = [
            str(MLFLOW),
            "server",
            "--backend-store-uri",
            database,
            "--port",
            str(port),
            "--host",
            "127.0.0.1",
        ]
        command += ["--artifacts-destination", str(tmp_path / "artifacts"), "--workers", "1"]
        environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
        with (tmp_path / "server.log").open("wb") as log:
            running = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(address, running, tmp_path / "server.log")
            yield address
        finally:
            os.killpg(running.pid, 15)
            running.wait(timeout=30)


def wait_for(address: str, running: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        if running.poll() is not None:
            pytest.fail(f"the MLflow server ended: {log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(f"{address}/health", timeout=1).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    pytest.fail("the MLflow server did not answer")


def ask(address: str, code: str) -> str:
    script = f"import mlflow; mlflow.set_tracking_uri({address!r}); c = mlflow.MlflowClient({address!r}); {code}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.xdist_group("mlflow-server")
def test_training_selection_and_deployment_work_against_a_server(real: Checkout, server: str) -> None:
    real.environment["MLFLOW_TRACKING_URI"] = server
    real.gallop("model-training")
    for _ in range(3):
        real.gallop("model-selection")
    real.gallop("deploy")
    manifest = json.loads((real.folder / "models/deployed/manifest.json").read_text())
    assert manifest["version"] == "1"
    assert "scored by version 1" in real.gallop("score", "data/raw/raw_data.csv", "-o", "scores.csv")

    runs = ask(
        server,
        "e = c.get_experiment_by_name('lead_scoring'); r = c.search_runs([e.experiment_id]);"
        "print(len(r), {x.info.status for x in r},"
        " all(x.data.tags['data_version'] == '05663184eaf8f324162e4d1bc14be387' for x in r))",
    )
    result = json.loads((real.folder / "models/candidate/result.json").read_text())
    trials = sum(each["trials"] - each["pruned"] - len(each["failed"]) for each in result["candidates"])
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
        " 'customer_group': [2, 2], 'onboarding': [True, True], 'n_visits': [20, 20]})).round(2).tolist())",
    )
    probability, other = json.loads(scored.splitlines()[-1].replace("nan", "NaN"))
    assert 0.5 < probability <= 1.0
    assert math.isnan(other)


def test_a_dead_server_is_named_within_seconds_and_nothing_is_trained(real: Checkout) -> None:
    before = real.outputs()
    real.environment["MLFLOW_TRACKING_URI"] = f"http://user:secret@127.0.0.1:{free_port()}"
    for command in ("run", "model-training", "model-selection", "deploy"):
        # The limit guards against MLflow's own patience of four minutes; it does not measure.
        printed = real.gallop(command, code=23, seconds=60)
        assert "MLFLOW_TRACKING_URI: no tracking server answers at 127.0.0.1" in printed
        assert "secret" not in printed
    assert real.outputs() == before


def test_a_database_that_is_not_there_is_named_too(real: Checkout) -> None:
    real.environment["MLFLOW_TRACKING_URI"] = f"postgresql+psycopg://user:secret@127.0.0.1:{free_port()}/gallop"
    printed = real.gallop("model-selection", code=23, seconds=60)
    assert "secret" not in printed
