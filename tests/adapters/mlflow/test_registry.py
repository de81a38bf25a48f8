"""A registered version says what it takes and gives, and one selection at a time changes what is champion."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gallop.adapters.mlflow import client
from gallop.adapters.mlflow.registry import MlflowRegistry
from gallop.adapters.mlflow.registry_lock import registry_lock, server_lock
from gallop.errors import ChecksumError, RegistryBusyError, TrackingError
from gallop.ports import CHAMPION

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.xdist_group("trained")]

LOADED = """
import json, sys
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/leads@champion")
client = mlflow.MlflowClient()
version, example = client.get_model_version_by_alias("leads", "champion"), model.input_example
lead = {"source": "signup", "purchases": 5, "time_spent": 100.0, "customer_group": 2, "onboarding": True}
lead["n_visits"] = 20
text = {name: str(value) for name, value in lead.items()}
other = lead | {"source": "fb", "lead_id": "x"}
frame = pd.DataFrame([lead, other, text], index=["a", "b", "c"])
answer = model.predict(frame)
print(json.dumps({
    "columns": list(answer.columns), "index": list(answer.index), "answer": answer["probability"].tolist(),
    "inputs": model.metadata.signature.inputs.input_names(),
    "outputs": model.metadata.signature.outputs.to_dict(),
    "example": example.iloc[0].to_dict(), "of_example": model.predict(example)["probability"].tolist(),
    "description": version.description, "tags": version.tags,
    "of_model": client.get_registered_model("leads").description,
}))
"""


@pytest.fixture
def uri(tmp_path: Path, empty_database: Path) -> str:
    (tmp_path / "mlflow.db").write_bytes(empty_database.read_bytes())
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def test_the_champion_says_what_it_takes_and_gives_and_answers_so(uri, folder):
    registry = MlflowRegistry(uri, "leads", "leads")
    made = registry.register(folder, None, {"digest": "d", "project": "p"})
    registry.point(CHAMPION, made.version, "the first")
    loaded = subprocess.run([sys.executable, "-c", LOADED, uri], capture_output=True, text=True, check=True)
    shown = json.loads(loaded.stdout.splitlines()[-1].replace("NaN", "null"))
    assert shown["columns"] == ["probability"]
    assert shown["index"] == ["a", "b", "c"]
    typed, out_of_scope, text = shown["answer"]
    assert typed == text
    assert 0 < typed < 1
    assert out_of_scope is None
    columns = ["source", "purchases", "time_spent", "customer_group", "onboarding", "n_visits"]
    assert sorted(shown["inputs"]) == sorted(columns) == sorted(shown["example"])
    assert shown["outputs"] == [{"type": "double", "name": "probability", "required": True}]
    assert 0 < shown["of_example"][0] < 1
    for part in ("The probability that a lead of project lead_scoring", "log-loss", "md5", *columns):
        assert part in shown["description"]
    assert "champion" in shown["of_model"]
    assert shown["tags"]["project"] == "p"


def test_a_version_whose_files_are_gone_is_a_sentence(uri, folder, tmp_path):
    registry = MlflowRegistry(uri, "leads", "leads")
    version = registry.register(folder, None, {}).version
    (next((tmp_path / "mlruns").rglob("manifest.json"))).unlink()
    with pytest.raises(ChecksumError, match="version 1 of leads holds no bundle"):
        registry.fetch(version, tmp_path / "into")
    (tmp_path / "mlruns").rename(tmp_path / "elsewhere")
    with pytest.raises(TrackingError, match="MLflow at sqlite"):
        registry.fetch(version, tmp_path / "into")


def test_nothing_is_found_where_nothing_is(uri):
    registry = MlflowRegistry(uri, "leads", "leads")
    registry.check()
    assert registry.holder(CHAMPION) is None
    assert registry.find("digest", "d") is None


def entered(uri: str, lock) -> tuple[int, int]:
    """Four waiters for one lock: how many got in, and how many were in at once at most."""
    inside, most, done = 0, 0, 0
    count = threading.Lock()

    def wait() -> None:
        nonlocal inside, most, done
        with lock(uri, "leads", timeout_s=60.0):
            with count:
                inside, most = inside + 1, max(most, inside + 1)
            time.sleep(0.02)
            with count:
                inside, done = inside - 1, done + 1

    waiters = [threading.Thread(target=wait) for _ in range(4)]
    for waiter in waiters:
        waiter.start()
    for waiter in waiters:
        waiter.join()
    return done, most


@pytest.mark.parametrize("lock", [registry_lock, server_lock])
def test_of_four_waiters_on_a_dead_holders_lock_one_at_a_time_gets_in(uri, lock):
    asked = client.connect(uri)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for _ in range(2):
        tags = {"host": socket.gethostname(), "pid": str(ended.pid), "owner": "dead"}
        asked.create_registered_model("leads.lock", tags=tags)
        assert entered(uri, lock) == (4, 1)
        left = [model.name for model in asked.search_registered_models()]
        assert left == ([] if lock is server_lock else ["leads.lock"])
        for name in left:
            asked.delete_registered_model(name)


@pytest.mark.parametrize("lock", [registry_lock, server_lock])
def test_a_lock_that_is_held_is_named(uri, lock):
    with lock(uri, "leads"), pytest.raises(RegistryBusyError, match=r"leads\.lock"), lock(uri, "leads", timeout_s=0.1):
        pytest.fail("two are in")
    with lock(uri, "leads", timeout_s=0.1):
        pass


def test_a_live_holders_lock_is_not_broken_and_a_broken_ones_holder_leaves_the_next_alone(uri):
    asked = client.connect(uri)
    live = {"host": socket.gethostname(), "pid": str(os.getppid()), "owner": "live"}
    with server_lock(uri, "leads"):
        asked.delete_registered_model("leads.lock")
        asked.create_registered_model("leads.lock", tags=live)
    assert asked.get_registered_model("leads.lock").tags == live
    with pytest.raises(RegistryBusyError), server_lock(uri, "leads", timeout_s=0.6):
        pytest.fail("it is held")
