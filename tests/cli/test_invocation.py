"""A command that gallop shows can be pasted where it was called."""

import subprocess
import sys
from pathlib import Path

import pytest

from gallop.cli import invocation

GALLOP = Path(sys.executable).with_name("gallop")


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A program in `.venv/bin` of the folder where a person is; nothing is on the path."""
    program = tmp_path / ".venv/bin/gallop"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", [str(program), "run"])
    return program


def test_in_an_activated_environment_the_name_is_enough(called: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(called.parent))
    assert invocation.command(Path()) == "gallop"


@pytest.mark.usefixtures("called")
def test_without_one_it_is_the_path_from_here() -> None:
    assert invocation.command(Path()) == ".venv/bin/gallop"


@pytest.mark.usefixtures("called")
def test_a_gallop_of_another_environment_on_the_path_is_not_taken_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other/gallop"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    assert invocation.command(Path()) == ".venv/bin/gallop"


def test_from_elsewhere_it_is_the_whole_path_and_the_project_is_named(
    called: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert invocation.command(Path("..")) == f"{called} --project .."
    assert invocation.make(Path("..")) == "make -C .."


@pytest.mark.usefixtures("called")
def test_a_folder_with_a_blank_can_be_pasted_too(tmp_path: Path) -> None:
    (tmp_path / "my leads").mkdir()
    line = f"{invocation.command(Path('my leads'))} score"
    done = subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "--project my leads score\n"
