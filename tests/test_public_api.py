"""The public face: what `import gallop` gives, what it costs, and that its examples do what they say."""

import csv
import doctest
import inspect
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gallop
from tests.support.leads import lead


def imported_by(code: str) -> set[str]:
    """The modules that some lines of Python import in a fresh interpreter."""
    script = f"import sys\nbefore = {{*sys.modules}}\n{code}\nprint(*({{*sys.modules}} - before))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.fixture
def beside_a_project(root: Path, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory of the examples: a trained project in my-leads, and a file of new leads."""
    project = tmp_path / "my-leads"
    shutil.copytree(folder, project / "models/deployed")
    shutil.copy(root / "params.yaml", project)
    leads = [lead(lead_id="L1", n_visits="2"), lead(lead_id="L2", n_visits="4")]
    leads += [lead(lead_id="L3", n_visits="40", purchases="30"), lead(lead_id="L4", source="fb")]
    with (tmp_path / "new_leads.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, leads[0])
        writer.writeheader()
        writer.writerows(leads)
    monkeypatch.chdir(tmp_path)


def test_importing_gallop_imports_nothing_but_the_standard_library() -> None:
    found = {name.split(".")[0] for name in imported_by("import gallop")}
    assert found - sys.stdlib_module_names == {"gallop"}
    assert {name for name in imported_by("import gallop") if name.startswith("gallop.")} == set()


def test_opening_a_project_imports_neither_tables_nor_models_nor_vendors(root: Path) -> None:
    found = imported_by(f"import gallop; gallop.open_project({str(root)!r}).settings.table")
    assert (
        found & {"numpy", "pandas", "polars", "pyarrow", "sklearn", "lightgbm", "mlflow", "dvc", "matplotlib"} == set()
    )
    assert "pydantic" in found


def test_every_public_name_is_there_and_is_what_its_room_calls_so() -> None:
    assert dir(gallop) == gallop.__all__ == sorted(gallop.__all__, key=lambda name: (name == name.lower(), name))
    for name in gallop.__all__:
        value = getattr(gallop, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__name__ == name
            assert value.__module__.startswith("gallop.")
            assert inspect.getdoc(value)


def test_a_name_that_is_not_public_is_an_attribute_error_as_of_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'gallop' has no attribute 'scroe'"):
        _ = gallop.scroe  # ty: ignore[unresolved-attribute]
    with pytest.raises(ImportError, match="scroe"):
        exec("from gallop import scroe")


def test_type_checkers_see_every_public_name(root: Path) -> None:
    """What is lazy at run time is imported plainly for them, from the same rooms."""
    source = (root / "src/gallop/__init__.py").read_text()
    plain = source.split("if TYPE_CHECKING:")[1].split("__version__")[0]
    for name, room in gallop._ROOMS.items():
        line = next(line for line in plain.splitlines() if line.strip().startswith(f"from gallop.{room} import "))
        assert name in line.split(" import ")[1].split(", ")


def failures(text: str, name: str, fewest: int) -> str:
    """What the examples in a text print that they do not promise."""
    example = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    assert len(example.examples) >= fewest
    said: list[str] = []
    doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    return "".join(said)


@pytest.mark.usefixtures("beside_a_project")
@pytest.mark.parametrize("name", ["the module", "load_bundle", "open_project", "score"])
def test_the_examples_in_the_docstrings_do_what_they_say(name: str) -> None:
    assert failures(inspect.getdoc(gallop if name == "the module" else getattr(gallop, name)) or "", name, 3) == ""


@pytest.mark.usefixtures("beside_a_project")
def test_the_examples_on_the_page_do_what_they_say(root: Path) -> None:
    page = (root / "docs/python.md").read_text()
    assert failures(page.replace("```pycon", "").replace("```", ""), "docs/python.md", 10) == ""


def test_an_example_that_does_not_do_what_it_says_is_seen() -> None:
    assert "Expected:\n    3" in failures(">>> 1 + 1\n3\n", "planted", 1)
