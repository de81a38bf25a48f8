"""DVC in this process: its reasons reach the person, and its damaged lock file is no lasting harm."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from gallop.adapters.dvc.repository import add_raw, reproduce
from gallop.errors import DvcError, StageError, StoppedError


@pytest.fixture
def project(tmp_path: Path, monkeypatch) -> Path:
    """A DVC repository in Git, with a `gallop` that does what stages are told to do here."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    analytics = false\n")
    (tmp_path / "raw.csv").write_text("a,b\n")
    binary = tmp_path / "bin/gallop"
    binary.parent.mkdir()
    binary.write_text('#!/bin/sh\nshift\neval "$@"\n')
    binary.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin/python"))
    return tmp_path


def pipeline(project: Path, command: str, out: str = "out") -> None:
    stage = f"stages:\n  one:\n    cmd: gallop one {command}\n    deps:\n    - raw.csv\n    outs:\n    - {out}:\n"
    (project / "dvc.yaml").write_text(stage + "        persist: true\n")


def test_a_stage_runs_once_and_not_again(project: Path) -> None:
    pipeline(project, "'echo x >> out'")
    assert reproduce(project, ["one"])
    assert not reproduce(project, ["one"])
    assert (project / "out").read_text() == "x\n"


def test_a_failing_stage_gives_its_own_exit_code(project: Path) -> None:
    pipeline(project, "'exit 13'")
    with pytest.raises(StageError, match="one failed") as error:
        reproduce(project, ["one"])
    assert error.value.exit_code == 13


@pytest.mark.parametrize("command", ["'exit 130'", "'kill -INT $$'"])
def test_a_stage_that_a_person_stopped_is_an_interruption(project: Path, command: str) -> None:
    pipeline(project, command)
    with pytest.raises(StoppedError, match="interrupted"):
        reproduce(project, ["one"])


def test_a_stage_that_the_system_killed_is_said(project: Path) -> None:
    pipeline(project, "'kill -KILL $$'")
    with pytest.raises(DvcError, match="one was ended by signal 9"):
        reproduce(project, ["one"])


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda folder: (folder / "dvc.yaml").write_text("stages: ["), "dvc.yaml"),
        (lambda folder: (folder / "dvc.lock").write_text("\0"), "dvc.lock"),
        (lambda folder: (folder / ".gitignore").write_text("# mine\n*.lock\n"), "`*.lock` in line 2 of .gitignore"),
        (lambda folder: (folder / ".dvc/config").write_text("[core"), "config"),
        (lambda folder: (folder / "raw.csv").unlink(), "raw.csv"),
        (lambda folder: pipeline(folder, "'true'"), "out"),
    ],
    ids=["bad dvc.yaml", "bad dvc.lock", "ignored dvc.lock", "bad config", "no input", "no output"],
)
def test_what_dvc_refuses_is_said_with_its_reason(project: Path, prepare, words: str) -> None:
    pipeline(project, "'touch out'")
    prepare(project)
    with pytest.raises(DvcError) as error:
        reproduce(project, ["one"])
    assert words in str(error.value)


@pytest.mark.parametrize("content", [b"", b'{"write": {', b"\0" * 40, b"[]"])
def test_a_lock_file_that_ctrl_c_left_damaged_is_no_lasting_harm(project: Path, content: bytes) -> None:
    pipeline(project, "'touch out'")
    (project / ".dvc/tmp").mkdir()
    (project / ".dvc/tmp/rwlock").write_bytes(content)
    assert reproduce(project, ["one"])


def test_who_blocks_is_named_with_what_helps(project: Path) -> None:
    pipeline(project, "'touch out'")
    (project / ".dvc/tmp").mkdir()
    holder = {"pid": os.getppid(), "cmd": "dvc repro elsewhere"}
    held = {"write": {str(project / "out"): holder}, "read": {}}
    (project / ".dvc/tmp/rwlock").write_text(json.dumps(held))
    with pytest.raises(DvcError) as error:
        reproduce(project, ["one"])
    assert "being blocked by" in str(error.value)
    assert f"(PID {holder['pid']}): dvc repro elsewhere" in str(error.value)
    assert "manually remove" in str(error.value)


def test_a_pointer_that_git_ignores_is_refused_with_the_rule(project: Path) -> None:
    (project / ".gitignore").write_text("*.dvc\n")
    with pytest.raises(DvcError, match=r"`\*\.dvc` in line 1 of \.gitignore"):
        add_raw(project, project / "raw.csv")
    assert (project / "raw.csv").read_text() == "a,b\n"
