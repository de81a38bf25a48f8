"""The reference notebook runs from top to bottom, on the sample and on the real data."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.checkouts import Checkout


def execute(root: Path, folder: Path) -> str:
    notebook = nbformat.read(root / "notebooks/walkthrough.ipynb", as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    printed = [output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = [
        output.get("data", {}).get("text/plain", "") for cell in notebook.cells for output in cell.get("outputs", [])
    ]
    return "\n".join([*printed, *shown])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("data", ["sample", "real"])
def test_the_notebook_runs_from_top_to_bottom(
    root: Path, fresh: Checkout, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, data: str
) -> None:
    if data == "real":
        shared = request.getfixturevalue("shared")
        shutil.copy(shared / "data/course_raw_data.csv", fresh.folder / "data/raw/raw_data.csv")
    monkeypatch.setenv("GALLOP_PROJECT", str(fresh.folder))
    monkeypatch.setenv("IPYTHONDIR", str(fresh.folder / ".ipython"))
    printed = execute(root, fresh.folder)
    assert "gradient_boosting" in printed
    assert ("'kept': 2937" in printed) == (data == "real")


def test_the_notebook_is_committed_without_outputs(root: Path) -> None:
    notebook = nbformat.read(root / "notebooks/walkthrough.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
