"""The registry over time: the second and third selection, two promoters at once, and a process that was killed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from ruamel.yaml import YAML

from gallop.artifacts.bundle import read_manifest
from tests.support.checkouts import GALLOP, Checkout

EXPERIMENT = "c.get_experiment_by_name('lead_scoring').experiment_id"


def ask(project: Checkout, code: str) -> str:
    script = f"import mlflow; c = mlflow.MlflowClient('sqlite:///mlflow.db'); {code}"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=project.folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def champion(project: Checkout) -> str:
    return ask(project, "print(c.get_model_version_by_alias('lead_model', 'champion').version)")


def test_selecting_again_changes_nothing(real: Checkout) -> None:
    for _ in range(3):
        assert "the candidate is the champion already" in real.gallop("model-selection")
    assert ask(real, "print(len(c.search_model_versions(\"name = 'lead_model'\")))") == "1"
    assert ask(real, "print([m.name for m in c.search_registered_models()])") == "['lead_model', 'lead_model.history']"


def test_a_worse_candidate_becomes_the_challenger_with_the_reason(real: Checkout) -> None:
    make_worse(real)
    printed = " ".join(real.gallop("run").split())
    assert "NOT PROMOTED" in printed
    assert "on the same 446 test rows" in printed
    assert champion(real) == "1"
    assert ask(real, "print(c.get_model_version_by_alias('lead_model', 'challenger').version)") == "2"
    assert read_manifest(real.folder / "models/deployed").version == "1"


@pytest.mark.slow
def test_with_another_seed_the_champion_is_compared_on_rows_that_it_has_not_learnt_from(little: Checkout) -> None:
    params = little.folder / "params.yaml"
    params.write_text(params.read_text().replace("seed: 42", "seed: 7"))
    tested = len(pl.read_parquet(little.folder / "data/processed/split/test.parquet"))
    printed = " ".join(little.gallop("run").split())
    rows = re.search(r"on the same (\d+) test rows|it has not learnt from (\d+), too few to tell", printed)
    assert rows, printed
    assert int(rows[1] or rows[2]) < tested / 2


def make_worse(project: Checkout) -> None:
    """Let the next training find a model that has learnt next to nothing."""
    params, yaml = project.folder / "params.yaml", YAML()
    content = yaml.load(params)
    content["training"]["families"] = {"splines": {"trials": 1, "space": [{"C": [1e-6]}]}}
    content["training"]["stack"] = 0
    content["training"]["folds"] = 2
    yaml.dump(content, params)


def test_the_history_says_what_was_champion_and_why(real: Checkout) -> None:
    [change] = json.loads(real.gallop("history", "--json"))["changes"]
    assert (change["was"], change["live"], change["because"]) == (None, "1", "the registry had no champion")


@pytest.mark.slow
def test_of_two_promoters_at_once_the_better_candidate_wins(real: Checkout, tmp_path: Path) -> None:
    ask(real, "[c.delete_registered_model(name) for name in ('lead_model', 'lead_model.history')]")
    worse = real.copy(tmp_path / "worse")
    make_worse(worse)
    worse.gallop("model-training")
    both = [worse.folder, real.folder]
    environment = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{real.folder / 'mlflow.db'}"}
    promoters = [
        subprocess.Popen([str(GALLOP), "model-selection"], cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        for folder in both
    ]
    assert [promoter.wait(timeout=300) for promoter in promoters] == [0, 0]
    tags = ask(real, "print(c.get_model_version_by_alias('lead_model', 'champion').tags['family'])")
    better, behind = (
        json.loads((folder / "reports" / "metrics.json").read_text())["winner"]
        for folder in (real.folder, worse.folder)
    )
    assert tags == better != behind


def test_a_killed_training_leaves_the_outputs_before_it_and_no_run_open_for_ever(real: Checkout) -> None:
    before = real.outputs()
    training = subprocess.Popen([str(GALLOP), "model-training"], cwd=real.folder, stdout=subprocess.DEVNULL)
    tags = {"gallop.host": socket.gethostname(), "gallop.pid": str(training.pid)}
    ask(real, f"c.create_run({EXPERIMENT}, tags={tags})")
    time.sleep(2)
    training.send_signal(signal.SIGKILL)
    training.wait(timeout=30)
    assert real.outputs() == before
    real.gallop("model-training")
    real.gallop("track")
    statuses = ask(real, f"print(sorted({{r.info.status for r in c.search_runs([{EXPERIMENT}])}}))")
    assert statuses == "['FINISHED', 'KILLED']"
