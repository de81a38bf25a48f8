"""No command ends in a traceback for something outside the program: each is driven through a list of such faults."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gallop.cli.app import app
from gallop.errors import GallopError
from tests.support.checkouts import GALLOP, Checkout
from tests.support.disks import fill, small_disk

CUT, NOISE, FOLDER, ABSENT = "cut", "noise", "a folder", "absent"
INPUTS: dict[str, tuple[str, ...]] = {
    "reports/selection.json": ("show", "show --markdown"),
    "reports/metrics.json": ("show --markdown",),
    "data/interim/leads/quality.json": ("show", "report", "model-training"),
    "data/interim/leads/manifest.json": ("data-preprocess", "check leaks"),
    "data/interim/leads/leads.parquet": ("data-preprocess", "check leaks", "model-training"),
    "data/interim/features/features.parquet": ("data-split",),
    "data/processed/split/train.parquet": ("model-training", "check leaks"),
    "data/processed/split/assignment.parquet": ("model-training",),
    "models/candidate/result.json": ("show", "report"),
    "models/candidate/manifest.json": ("report",),
    "models/deployed/manifest.json": ("score data/raw/leads.csv -o scores.csv",),
    "models/deployed/live/model.json": ("score data/raw/leads.csv -o scores.csv",),
    "models/deployed/settings.json": ("score data/raw/leads.csv -o scores.csv",),
    "models/model.pkl": ("validate models/model.pkl",),
    "data/raw/leads.csv.dvc": ("data pull", "data-clean"),
    "data/raw/leads.csv": ("data-clean", "data pull", "score data/raw/leads.csv -o scores.csv"),
    "params.yaml": ("settings", "show"),
    ".gallop/run.lock": ("data-split",),
}
"""File → the commands that read it."""
FORGIVEN = {"reports/selection.json", "data/raw/leads.csv.dvc", ".gallop/run.lock", "models/model.pkl"}
"""Where some of the damage does not matter, or the small project has no such file."""


def damage(path: Path, how: str) -> None:
    """Let a file be cut, noise, a folder, or absent."""
    content = path.read_bytes() if path.exists() else b"{}"
    path.unlink(missing_ok=True)
    if how == FOLDER:
        path.mkdir()
    elif how != ABSENT:
        path.write_bytes({CUT: content[: len(content) // 2], NOISE: bytes(range(128, 256)) * 2}[how])


def call(project: Checkout, command: str) -> int:
    """A command in this process, which may end as it likes, but with a code and a sentence of its own."""
    result = CliRunner().invoke(app, ["--project", str(project.folder), *command.split()])
    if isinstance(result.exception, GallopError):
        assert result.exception.exit_code >= 3
        assert str(result.exception)
        return result.exception.exit_code
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise AssertionError(f"gallop {command}: a traceback") from result.exception
    return result.exit_code


def run(project: Checkout, *arguments: str, **options) -> subprocess.CompletedProcess:
    """The same in a process of its own."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GALLOP_", "MLFLOW_"))}
    done = subprocess.run(
        [str(GALLOP), *arguments],
        cwd=project.folder,
        env=inherited | project.environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        **options,
    )
    printed = done.stdout + done.stderr
    assert "Traceback" not in printed, f"gallop {' '.join(arguments)}: {printed}"
    assert done.returncode == 0 or done.returncode >= 3, f"gallop {' '.join(arguments)}: {done.returncode} {printed}"
    assert (done.returncode == 0) == ("error: " not in done.stderr), printed
    return done


@pytest.mark.parametrize("name", INPUTS)
def test_a_damaged_file_is_a_sentence_or_as_if_absent(little: Checkout, monkeypatch, name: str) -> None:
    monkeypatch.chdir(little.folder)
    path = little.folder / name
    content = path.read_bytes() if path.exists() else None
    for how in (CUT, NOISE, FOLDER, ABSENT):
        damage(path, how)
        for command in INPUTS[name]:
            code = call(little, command)
            assert code or name in FORGIVEN, f"{name} is {how}, and gallop {command} saw nothing"
        if path.is_dir():
            path.rmdir()
        if content is not None:
            path.unlink(missing_ok=True)
            path.write_bytes(content)


@pytest.mark.parametrize(("name", "how"), [("dvc.yaml", NOISE), ("dvc.lock", NOISE), (".dvc/config", NOISE)])
def test_a_damaged_file_of_dvc_stops_a_run_with_dvcs_reason(little: Checkout, name: str, how: str) -> None:
    damage(little.folder / name, how)
    assert run(little, "run").returncode == 34


def test_what_is_damaged_is_made_anew_by_the_next_run(little: Checkout) -> None:
    before = little.outputs()
    for name in (
        "reports/selection.json",
        "models/deployed/live/model.json",
        "data/interim/leads/quality.json",
        "models/candidate/result.json",
    ):
        damage(little.folder / name, CUT)
    little.gallop("run")
    for name in ("data/interim/leads/quality.json", "models/candidate/result.json"):
        assert little.outputs()[name] == before[name]
    little.gallop("score", "data/raw/leads.csv", "-o", "scores.csv")
    assert "Nothing changed" in little.gallop("run")


def test_files_that_may_not_be_written_are_sentences(little_run: Checkout) -> None:
    as_nobody = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("as root, rights do not bind, and there is no setpriv")
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    # Not below pytest's own folder, which only this user may enter.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        project = little_run.copy(Path(folder, "project"))
        for path in (project.folder, *project.folder.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o555 if path.is_dir() else 0o444)
        for command in ("data-clean", "run", "score data/raw/leads.csv -o scores.csv"):
            _is_refused(project, [*as_nobody, str(GALLOP), *command.split()])


def _is_refused(project: Checkout, command: list[str]) -> None:
    done = subprocess.run(
        command,
        cwd=project.folder,
        env=os.environ | {"HOME": "/nonexistent", "MPLCONFIGDIR": "/tmp"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in {126, 127}:
        pytest.skip("another user cannot run this installation")
    assert "Traceback" not in done.stderr
    assert done.returncode == 31, (command, done.stderr)
    assert "permission denied" in done.stderr


@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")
def test_a_full_disk_is_a_sentence_with_its_own_code_and_nothing_is_lost(
    little: Checkout, tmp_path: Path, monkeypatch
) -> None:
    with small_disk(tmp_path / "disk", "40m") as disk:
        project = little.copy(disk / "project")
        monkeypatch.chdir(project.folder)
        before = project.outputs()
        for command in (
            *("data-clean", "data-preprocess", "data-split", "model-training", "report"),
            *("score data/raw/leads.csv -o scores.csv", "score data/raw/leads.csv -o scores.parquet"),
        ):
            for leave in (0, 8_192):
                fill(disk, leave)
                assert call(project, command) == 30, command
                (disk / "ballast").unlink()
                assert project.outputs() == before, command
        params = project.folder / "params.yaml"
        params.write_text(params.read_text().replace("test_share: 0.15", "test_share: 0.3"))
        fill(disk, 0)
        assert run(project, "run").returncode == 30
        (disk / "ballast").unlink()
        assert project.outputs() == before
        project.gallop("run")


def test_a_file_that_may_not_grow_is_a_full_disk(little: Checkout) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    done = run(little, "score", "data/raw/leads.csv", "-o", "scores.csv", preexec_fn=limit)
    assert done.returncode == 30
    assert "too large" in done.stderr
    assert not (little.folder / "scores.csv").exists()


def test_ctrl_c_during_a_run_is_130_in_every_process_and_the_next_run_ends_well(little: Checkout) -> None:
    (little.folder / "dvc.lock").unlink()
    command = [str(GALLOP), "run"]
    with subprocess.Popen(
        command, cwd=little.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        wait_for(lambda: "model-training" in running_below(process.pid))
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        printed, said = process.communicate(timeout=60)
    assert process.returncode == 130, printed + said
    assert "interrupted" in said
    assert "Traceback" not in printed + said
    little.gallop("run")


def running_below(pid: int) -> str:
    """The command lines of the processes that a process has started."""
    listed = subprocess.run(["ps", "-o", "args=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return listed.stdout


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_second_run_in_a_project_is_refused_within_two_seconds_of_its_start(little: Checkout) -> None:
    (little.folder / "dvc.lock").unlink()
    with subprocess.Popen([str(GALLOP), "run"], cwd=little.folder, stdout=subprocess.PIPE, text=True) as first:
        wait_for(lambda: "data-clean" in running_below(first.pid))
        for command in ("run", "data-split", "deploy"):
            printed = little.gallop(command, code=29)
            assert f"in use by process {first.pid}" in " ".join(printed.split())
        first.communicate(timeout=120)
    assert first.returncode == 0
