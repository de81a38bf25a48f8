"""What people who know DVC do with a project works as they expect."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from gallop.adapters.copier import dvc_form
from tests.support.checkouts import IDENTITY, Checkout


def command(project: Checkout, *arguments: str) -> str:
    """Run dvc or git in a project; it must end well. Returns what it printed."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [*arguments], cwd=project.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def committed(little: Checkout) -> Checkout:
    """The small project, all that Git is to keep of its run committed."""
    command(little, "git", "config", "user.name", "t")
    command(little, "git", "config", "user.email", "t@example.org")
    command(little, "git", "add", "-A")
    command(little, "git", "commit", "-qm", "a run")
    return little


def test_after_a_run_dvc_has_nothing_to_say_and_git_nothing_new(committed: Checkout) -> None:
    assert "up to date" in command(committed, "dvc", "status")
    assert command(committed, "dvc", "data", "status", "--granular").strip().startswith("No changes")
    kept = command(committed, "git", "ls-files", "reports", "models", ".gallop").split()
    assert kept == [
        "models/.gitkeep",
        "reports/metrics.json",
        "reports/plots/calibration.json",
        "reports/plots/roc.json",
    ]
    assert "Nothing changed" in committed.gallop("run")
    assert command(committed, "git", "status", "--porcelain") == ""


def test_an_experiment_changes_one_line_of_the_settings_and_its_metrics_and_plots_show(committed: Checkout) -> None:
    command(committed, "dvc", "exp", "run", "--quiet", "-S", "decision.threshold=0.31")
    changed = command(committed, "git", "diff", "--unified=0", "params.yaml").splitlines()[4:]
    assert [line[0] for line in changed if line[0] in "+-"] == ["-", "+"]
    assert "threshold: 0.31" in changed[-1]
    names = {line.split()[-1] for line in command(committed, "git", "status", "--porcelain").splitlines()}
    assert names <= {"dvc.lock", "params.yaml", "reports/metrics.json"}
    shown = json.loads(command(committed, "dvc", "metrics", "diff", "--json"))
    assert "test.accuracy.value" in shown["reports/metrics.json"]
    page = command(committed, "dvc", "plots", "show", "--json")
    assert {"roc.json", "calibration.json"} <= {Path(name).name for name in json.loads(page)["data"]}
    assert "threshold" in command(committed, "dvc", "exp", "show", "--only-changed", "--csv")
    # What a later `gallop run` finds is what DVC has made.
    assert "data_clean  " not in committed.gallop("run")


def test_the_plots_are_the_reports_curves(little_run: Checkout) -> None:
    roc = json.loads((little_run.folder / "reports/plots/roc.json").read_text())
    assert tuple(roc[0].values()) == (0.0, 0.0)
    assert tuple(roc[-1].values()) == (1.0, 1.0)
    assert len(roc) <= 201
    assert roc == sorted(roc, key=lambda point: (point["false_positive_rate"], point["true_positive_rate"]))
    groups = json.loads((little_run.folder / "reports/plots/calibration.json").read_text())
    rows = json.loads((little_run.folder / "reports/metrics.json").read_text())["rows"]["test"]
    assert sum(group["leads"] for group in groups) == rows


@pytest.mark.parametrize("name", ["params.yaml", "dvc.yaml"])
def test_the_settings_and_the_pipeline_are_in_dvcs_own_form(root: Path, little_run: Checkout, name: str) -> None:
    for folder in (root, little_run.folder):
        text = (folder / name).read_text(encoding="utf-8")
        assert dvc_form(text) == text, f"{folder / name}: write it with `dvc_form`"


def test_an_override_of_dvc_changes_one_line_of_the_repositorys_settings_too(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    shutil.copy(root / "params.yaml", path)
    apply_overrides(str(path), ["training.budget=thorough"])
    before, after = (file.read_text(encoding="utf-8").splitlines() for file in (root / "params.yaml", path))
    assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [
        (line, line.replace("standard", "thorough")) for line in before if line.startswith("  budget: ")
    ]


def test_a_persons_dvc_repository_keeps_its_settings(tmp_path: Path) -> None:
    from tests.support.tables import csv_text, leads

    project = Checkout(tmp_path)
    (tmp_path / "leads.csv").write_text(csv_text(leads(300)), encoding="utf-8")
    for arguments in (
        ("git", "init", "-q"),
        ("dvc", "init", "--quiet"),
        ("dvc", "cache", "dir", "--local", "--quiet", str(tmp_path.parent / "elsewhere")),
        ("git", "add", "-A"),
        ("git", *IDENTITY, "commit", "-qm", "mine"),
    ):
        command(project, *arguments)
    before = {path: path.read_bytes() for path in (tmp_path / ".dvc").glob("*") if path.is_file()}
    project.gallop("init", "leads.csv", "--label", "converted", "--yes")
    assert {path: path.read_bytes() for path in before} == before
    assert list((tmp_path.parent / "elsewhere").rglob("files/md5/*/*"))
