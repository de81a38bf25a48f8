"""Whole projects on disk: copies of this repository in which commands are run as a user would run them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock
from ruamel.yaml import YAML

from tests.support.tables import csv_text, leads

IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.org")
GALLOP = Path(sys.executable).with_name("gallop")
CLOSED = "http://127.0.0.1:9/raw_data.csv"
"""An upstream where nobody answers, whatever network the machine has."""


@dataclass
class Checkout:
    """A project in a folder of its own, and the environment its commands run in."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def gallop(self, *arguments: str | Path, code: int = 0, seconds: float = 300) -> str:
        """Run a command; its exit code must be `code`, and it must not print a traceback. Returns what it printed."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GALLOP_", "MLFLOW_"))}
        done = subprocess.run(
            [str(GALLOP), *map(str, arguments)],
            cwd=self.folder,
            env=inherited | {"COLUMNS": "120"} | self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert done.returncode == code, (
            f"gallop {' '.join(map(str, arguments))} ended with {done.returncode}:\n{printed}"
        )
        assert "Traceback" not in printed
        return printed

    def copy(self, folder: Path) -> "Checkout":
        """The same project elsewhere, outputs and all."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Checkout(folder, dict(self.environment))

    def outputs(self) -> dict[str, bytes]:
        """The content of every output, by its path. A search that was killed keeps its studies; they are no output."""
        kept = [
            path
            for part in ("data/interim", "data/processed", "models", "reports")
            for path in (self.folder / part).rglob("*")
        ]
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in kept
            if path.is_file() and ".studies" not in path.parts
        }


def _checkout(root: Path, folder: Path) -> Checkout:
    """A clone of the working tree: what Git tracks or would track, with a commit of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source, target = root / name, folder / name
        if source.is_file() and not name.startswith(("reports/", "dvc.lock")):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    # What is looked at here is not how good the model is: a third of the trials, and each member fitted once.
    params = folder / "params.yaml"
    text = params.read_text(encoding="utf-8")
    assert "  budget: standard " in text
    params.write_text(text.replace("  budget: standard ", "  repeats: 1\n  budget: quick "), encoding="utf-8")
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        [*IDENTITY, "commit", "-qm", "a project"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    pointer = folder / "data/raw/raw_data.csv.dvc"
    lines = pointer.read_text().splitlines()
    pointer.write_text(
        "\n".join(f"- path: {CLOSED}" if line.startswith("- path: http") else line for line in lines) + "\n"
    )
    return Checkout(folder)


def _once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Checkout]) -> Checkout:
    """Made by the first test process that asks, and shared by all of them."""
    common = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    folder, done = common / name, common / f"{name}.done"
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            made = make(folder)
            done.write_text("\n".join(f"{key}={value}" for key, value in made.environment.items()))
        pairs = [line.split("=", 1) for line in done.read_text().splitlines() if line]
    return Checkout(folder, dict(pairs))


@pytest.fixture
def fresh(root: Path, tmp_path: Path) -> Checkout:
    """A checkout in which nothing has run."""
    return _checkout(root, tmp_path / "project")


@pytest.fixture
def remote(shared: Path) -> str:
    """A folder remote that holds the real data."""
    return str(shared / "dvc-remote")


@pytest.fixture(scope="session")
def real_run(root: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A project after `gallop run` on the real data. Read from it; change copies only."""

    def make(folder: Path) -> Checkout:
        project = _checkout(root, folder)
        project.environment["GALLOP_DATA_REMOTE"] = str(shared / "dvc-remote")
        printed = project.gallop("run", "--require-data")
        (folder / "printed.txt").write_text(printed)
        return project

    return _once(tmp_path_factory, "real-run", make)


@pytest.fixture(scope="session")
def sample_run(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A project after `gallop run` where the raw data is not available. Read from it; change copies only."""

    def make(folder: Path) -> Checkout:
        project = _checkout(root, folder)
        printed = project.gallop("run")
        (folder / "printed.txt").write_text(printed)
        return project

    return _once(tmp_path_factory, "sample-run", make)


@pytest.fixture(scope="session")
def little_run(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A small project made by `gallop init`, after a run that took seconds. Read from it; change copies only."""

    def make(folder: Path) -> Checkout:
        folder.mkdir()
        (folder / "leads.csv").write_text(csv_text(leads(300)), encoding="utf-8")
        project = Checkout(folder / "project")
        Checkout(folder).gallop("init", "leads.csv", "--label", "converted", "--into", "project", "--yes")
        params = project.folder / "params.yaml"
        yaml = YAML()
        content = yaml.load(params)
        content["training"]["families"] = {"splines": {"trials": 1, "space": [{"C": [1.0]}]}}
        content["training"]["stack"] = 0
        content["evaluation"]["resamples"] = 100
        yaml.dump(content, params)
        for command in (["add", "-A"], [*IDENTITY, "commit", "-qm", "a project"]):
            subprocess.run(["git", *command], cwd=project.folder, check=True, capture_output=True)
        project.gallop("run")
        return project

    _once(tmp_path_factory, "little-run", make)
    common = tmp_path_factory.getbasetemp()
    common = common.parent if "PYTEST_XDIST_WORKER" in os.environ else common
    return Checkout(common / "little-run" / "project")


@pytest.fixture
def little(little_run: Checkout, tmp_path: Path) -> Checkout:
    """A copy, for this test alone, of the small project after its run."""
    return little_run.copy(tmp_path / "project")


@pytest.fixture
def real(real_run: Checkout, tmp_path: Path) -> Checkout:
    """A copy, for this test alone, of a project after a run on the real data."""
    return real_run.copy(tmp_path / "project")
