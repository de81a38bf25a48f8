"""One project, one run: who comes second is refused at once, and told who is there."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gallop.errors import LockedError
from gallop.flow import locks
from gallop.flow.project import Project, ProjectPaths


@pytest.fixture
def project(tmp_path, settings) -> Project:
    return Project(settings, ProjectPaths.of(tmp_path, settings))


@contextmanager
def another(how: str, root: Path) -> Iterator[subprocess.Popen]:
    """A process that holds the project of a folder, as a run or as a stage."""
    code = f"""
        from pathlib import Path
        from gallop.flow import locks
        from gallop.flow.project import Project, ProjectPaths
        project = Project(None, ProjectPaths(Path({str(root)!r}), Path({str(root / "raw.csv")!r})))
        with locks.{how}(project):
            print("held", flush=True)
            input()
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("theirs", ["whole_run", "one_stage"])
@pytest.mark.parametrize("ours", [locks.whole_run, locks.one_stage])
def test_the_second_is_refused_at_once_and_told_the_process(project, theirs, ours) -> None:
    with another(theirs, project.paths.root) as process:
        began = time.monotonic()
        with pytest.raises(LockedError, match=f"in use by process {process.pid}"), ours(project):
            pass
        assert time.monotonic() - began < 1.5
    with ours(project):
        pass


def test_a_run_lets_its_own_stages_in_and_nobody_elses(project, monkeypatch) -> None:
    with locks.whole_run(project):
        with locks.one_stage(project):
            pass
        monkeypatch.setenv(locks.RUN_VARIABLE, "process 999999")
        with pytest.raises(LockedError, match=f"in use by process {os.getpid()}"), locks.one_stage(project):
            pass


def test_a_stage_that_outlives_its_killed_run_keeps_the_next_run_out(project, monkeypatch) -> None:
    with another("whole_run", project.paths.root) as run:
        monkeypatch.setenv(locks.RUN_VARIABLE, f"process {run.pid}")
        with locks.one_stage(project):
            run.kill()
            run.wait()
            monkeypatch.delenv(locks.RUN_VARIABLE)
            with pytest.raises(LockedError), locks.whole_run(project):
                pass
    with locks.whole_run(project):
        pass


def test_a_dead_holder_is_no_holder(project) -> None:
    with another("whole_run", project.paths.root) as process:
        process.kill()
        process.wait()
        with locks.whole_run(project):
            pass


def test_the_folder_of_locks_hides_itself_from_git(project) -> None:
    with locks.whole_run(project):
        assert (project.paths.locks / ".gitignore").read_text() == "*\n"


def test_a_stage_clears_away_what_killed_ones_left(project) -> None:
    left = [
        project.paths.leads / ".leads.parquet.abcd1234.tmp",
        project.paths.raw.with_name(".sample.csv.abcd1234.tmp"),
        project.paths.outbox / ".abcd1234.tmp/run.json",
        project.paths.bundles / ".3.coming/manifest.json",
    ]
    own = project.paths.raw.with_name(".notes.abcd1234.tmp")
    for path in (*left, own):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")

    @locks.exclusive
    def stage(_: Project) -> list[bool]:
        return [path.exists() for path in left]

    assert not any(stage(project))
    assert own.exists()
