"""The action that judges anybody's model: its inputs, and that it runs nothing of who calls it."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from gallop.artifacts.audit import AuditSettings
from tests.pipeline.github import ACTION, Step, content, steps_of


def test_the_actions_inputs_are_the_audits_settings() -> None:
    inputs = {name: given for name, given in content(ACTION)["inputs"].items() if not given.get("required")}
    fields = AuditSettings.model_fields
    assert [name.replace("-", "_") for name in inputs] == list(fields)
    for name, field in fields.items():
        given = inputs[name.replace("_", "-")]
        assert given["default"] == str(field.default)
        assert given["description"] == field.description


def audit_step() -> Step:
    return next(step for step in steps_of(ACTION) if step.get("name") == "Audit the model")


def test_every_input_of_the_action_reaches_the_audit() -> None:
    step = audit_step()
    for name in content(ACTION)["inputs"]:
        variable = name.replace("-", "_").upper()
        assert step["env"][variable] == f"${{{{ inputs.{name} }}}}"
        assert f'"${variable}"' in step["run"]


def test_no_python_of_the_action_looks_into_the_callers_folder() -> None:
    pythons = [line for step in steps_of(ACTION) for line in step.get("run", "").splitlines() if "/python" in line]
    assert len(pythons) == 3
    assert [line for line in pythons if '/python" -I ' not in line] == []


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder whose modules betray it when anything of it is run."""
    for name in ("gallop", "pandas", "numpy", "sitecustomize", "usercustomize", "typer"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'was-run')!r}, 'w').close()\nraise SystemExit(0)\n")
    return tmp_path


def run_audit(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The action's own script, in a folder, with gallop from this environment."""
    defaults = {name: given.get("default", "") for name, given in content(ACTION)["inputs"].items()} | inputs
    environment = {name.replace("-", "_").upper(): str(value) for name, value in defaults.items()}
    environment |= {"VENV": sys.prefix, "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "PATH": os.environ["PATH"]}
    bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", audit_step()["run"]]
    return subprocess.run(bash, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def artifact(hostile: Path) -> dict[str, str]:
    """A model, rows and labels in the hostile folder."""
    rows = pd.DataFrame(np.random.default_rng(1).random((200, 2)), columns=["a", "b"])
    labels = (rows["a"] + np.random.default_rng(2).normal(0, 0.1, 200) > 0.5).astype(int)
    rows.to_csv(hostile / "rows.csv", index=False)
    labels.to_csv(hostile / "labels.csv", index=False)
    (hostile / "model.pkl").write_bytes(pickle.dumps(LogisticRegression().fit(rows, labels)))
    return {"model": "model.pkl", "rows": "rows.csv", "labels": "labels.csv"}


def test_the_action_passes_a_good_model_and_runs_nothing_of_the_caller(hostile: Path, artifact: dict[str, str]) -> None:
    audited = run_audit(hostile, **artifact)
    assert audited.returncode == 0, audited.stderr
    assert "model.pkl passes" in (hostile / "summary.md").read_text(encoding="utf-8")
    assert not (hostile / "was-run").exists()


def test_the_action_fails_a_model_that_misses_a_threshold(hostile: Path, artifact: dict[str, str]) -> None:
    audited = run_audit(hostile, **artifact, **{"min-auc": "0.9999"})
    assert audited.returncode == 22
    assert "does not pass" in (hostile / "summary.md").read_text(encoding="utf-8")


def test_the_action_reads_no_pickle_that_asks_for_other_code(hostile: Path, artifact: dict[str, str]) -> None:
    (hostile / "model.pkl").write_bytes(b"\x80\x04cos\nsystem\n(S'touch was-run'\ntR.")
    audited = run_audit(hostile, **artifact)
    assert audited.returncode == 24
    assert not (hostile / "was-run").exists()


def test_an_input_is_never_a_command(hostile: Path, artifact: dict[str, str]) -> None:
    audited = run_audit(hostile, **artifact | {"model": '$(touch was-run)"; touch was-run; "'})
    assert audited.returncode == 22
    assert not (hostile / "was-run").exists()
