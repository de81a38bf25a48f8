"""The rules of the house, some shown by breaking them on a copy: imports point down, no circles, names that promise."""

import shutil
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
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
        ("stages/data_clean.py", "from gallop.adapters.dvc import pointer"),
        ("stages/data_split.py", "from gallop.stages import deploy"),
        ("tables/features.py", "from gallop.modelling import preprocessing"),
        ("leakage/guard.py", "from gallop.modelling import stack"),
        ("schema.py", "from gallop.settings import params"),
        ("tables/rules.py", "import polars"),
        ("artifacts/bundle.py", "from gallop import __version__"),
    ],
)
def test_an_import_that_the_design_forbids_fails_the_check(copy: Path, module: str, line: str) -> None:
    path = copy / "src/gallop" / module
    path.write_text(path.read_text() + f"\n{line}\n")
    done = lint(copy)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    """Who imports whom, imports inside functions and those for types alone included."""
    return grimp.build_graph("gallop")


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The names of one circle, the first one twice; none where there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_module_imports_itself_by_whatever_detour(imports: grimp.ImportGraph) -> None:
    assert circle({module: imports.find_modules_directly_imported_by(module) for module in imports.modules}) == []


def test_no_room_imports_itself_by_whatever_detour(imports: grimp.ImportGraph) -> None:
    def room(module: str) -> str:
        return ".".join(module.split(".")[:2])

    rooms: dict[str, set[str]] = {room(module): set() for module in imports.modules}
    for module in imports.modules:
        rooms[room(module)] |= {room(other) for other in imports.find_modules_directly_imported_by(module)}
    assert circle({name: others - {name} for name, others in rooms.items()}) == []


def test_a_circle_is_seen() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) != []
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    ("idea", "home", "kept"),
    [
        ("bootstrap", "evaluation/bootstrap", "def resampled("),
        ("ROC AUC", "evaluation/metrics", '"roc_auc"'),
        ("the settings of a cut-off", "settings/decision", "    threshold: "),
        ("the parsing of a number", "tables/parsing", "Role.NUMBER"),
        ("the calibrator", "additive/calibrator", "class Calibrator"),
        ("the pickle's allow-list", "artifacts/safe_pickle", "def unpickle("),
        ("permutation importance", "modelling/permutation_importance", "def importances("),
        ("the stage names", "stages/__init__", "STAGES: Final"),
        ("the reader of a label", "profiling/label", "def find_label("),
        ("the MLflow client", "adapters/mlflow/client", "def connect("),
    ],
)
def test_where_an_idea_lives_can_be_guessed_from_names_alone(root: Path, idea: str, home: str, kept: str) -> None:
    """The name that promises the idea is there once (reporting shows what other rooms know) and keeps its promise."""
    house = root / "src/gallop"
    file = house / f"{home}.py"
    promising = file.parent if file.stem == "__init__" else file
    rooms = [path for path in house.rglob("*") if "reporting" not in path.parts and "__pycache__" not in path.parts]
    assert [path for path in rooms if path.stem == promising.stem] == [promising], idea
    assert kept in file.read_text(), idea
