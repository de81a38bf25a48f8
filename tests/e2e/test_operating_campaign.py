"""Commands that change what is live, killed at random moments: the old or the new version is live and whole.

`GALLOP_CAMPAIGN=0.2` makes a fifth of it.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter

import pytest

from gallop.artifacts import bundle
from gallop.flow.operation import run_promote
from gallop.flow.project import Project
from gallop.flow.registry import open_registry
from gallop.flow.selection import run_deploy, run_model_selection
from gallop.flow.status import read_status
from tests.support.bundles import resealed
from tests.support.checkouts import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
KILLS = max(6, round(200 * float(os.environ.get("GALLOP_CAMPAIGN", "1"))))
LONGEST_S = {"model_selection": 4.0, "deploy": 0.6, "rollback": 1.0, "promote": 1.0}

READY = """
import sys
from pathlib import Path
import mlflow, mlflow.pyfunc, mlflow.artifacts
from gallop.adapters.mlflow import registry, registry_lock
from gallop.flow.operation import run_promote, run_rollback
from gallop.flow.project import Project
from gallop.flow.selection import run_deploy, run_model_selection
from gallop.reporting.html.decision_page import render_decision
from gallop.stages import deploy, model_selection
project = Project.open(Path.cwd())
registry.MlflowRegistry(f"sqlite:///{project.paths.root / 'mlflow.db'}", project.settings.project.model, "x").history()
print("ready", flush=True)
sys.stdin.readline()
{
    "model_selection": lambda: run_model_selection(project),
    "deploy": lambda: run_deploy(project),
    "rollback": lambda: run_rollback(project, None, "a kill"),
    "promote": lambda: run_promote(project, sys.argv[2], "a kill"),
}[sys.argv[1]]()
"""


def killed(project: Project, command: str, version: str, after_s: float) -> bool:
    """Run a command and kill it so long after it began its work; False where it had ended before."""
    process = subprocess.Popen(
        [sys.executable, "-c", READY, command, version],
        cwd=project.paths.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()
    time.sleep(after_s)
    ended = process.poll() is not None
    process.kill()
    process.communicate()
    return not ended


def test_whatever_is_killed_the_old_or_the_new_version_is_live_and_status_agrees_after_a_deploy(
    little: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(little.folder)
    project, draw, counts = Project.open(little.folder), random.Random(7), Counter()
    folder = project.paths.candidate
    content = (folder / "leaks.json").read_bytes()
    resealed(folder, "leaks.json", content + b"\n")
    run_model_selection(project)
    run_promote(project, "2", "so that there is one to go back to")
    for attempt in range(KILLS):
        command = list(LONGEST_S)[attempt % len(LONGEST_S)]
        before = open_registry(project).history().live
        if command == "model_selection":
            resealed(folder, "leaks.json", content + b"\n" * (2 + attempt))
        wanted = "1" if before == "2" else "2"
        counts[command, killed(project, command, wanted, draw.uniform(0, LONGEST_S[command]))] += 1
        assert bundle.load_bundle(project.paths.deployed).manifest.version in {"1", "2"}
        # What a killed command has left is finished by the next one.
        run_deploy(project)
        status = read_status(project)
        assert [check for check in status.checks if not check.agrees] == [], attempt
        assert bundle.verify_bundle(project.paths.deployed).version == status.live.version
        assert open_registry(project).history().faults == ()
    assert all(counts[command, True] for command in LONGEST_S), counts
    print(counts)
