"""The rules of the house can be broken by a change, and then something fails: shown by breaking them on a copy."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LINT = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    # The copy is first on the path, before the installed package.
    environment = {"PYTHONPATH": str(folder / "src"), "PATH": str(LINT.parent)}
    command = [str(LINT), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    shutil.copytree(root / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_house_as_it_is_keeps_its_rules(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("stages/model_training.py", "import mlflow"),
        ("stages/data_clean.py", "from gallop.adapters import dvc"),
        ("stages/data_split.py", "from gallop.stages import deploy"),
        ("tables/features.py", "from gallop.modelling import preprocessing"),
        ("leakage/guard.py", "from gallop.modelling import stack"),
        ("schema.py", "from gallop.settings import params"),
        ("tables/rules.py", "import polars"),
    ],
)
def test_an_import_that_the_design_forbids_fails_the_check(copy: Path, module: str, line: str) -> None:
    path = copy / "src/gallop" / module
    path.write_text(path.read_text() + f"\n{line}\n")
    done = lint(copy)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout
