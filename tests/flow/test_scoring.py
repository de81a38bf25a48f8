"""Scores never replace anything that is not theirs: refused before the model is even looked for."""

import os
from pathlib import Path

import pytest

from gallop.errors import MissingOutputError, SettingsError
from gallop.flow.project import Project
from gallop.flow.scoring import score_file


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Project:
    """A project in which nothing has run: what is not refused before ends with a missing model."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project/params.yaml").write_bytes((root / "params.yaml").read_bytes())
    return Project.open(tmp_path / "project")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "leads.csv").write_text("lead_id,source\n1,signup\n")
    return tmp_path


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("leads.csv", "would replace the leads"),
        ("link.csv", "would replace the leads"),
        ("hard.csv", "would replace the leads"),
        ("sub/../leads.csv", "would replace the leads"),
        ("project/data/raw/raw_data.csv", "would replace the leads"),
        ("all.csv", "would replace the leads"),
        ("sub", "a folder; name a file in it"),
        ("pipe.csv", "a device"),
        ("/dev/stdout", "a device|end the name"),
        ("scores.doc", "end the name with one of them"),
        ("scores", "end the name with one of them"),
        ("mine.csv", "no file of gallop's"),
    ],
)
def test_an_output_that_is_something_else_already_is_refused(project, folder, output, says):
    os.symlink("leads.csv", folder / "link.csv")
    os.link(folder / "leads.csv", folder / "hard.csv")
    os.link(folder / "leads.csv", folder / "all.rejected.csv")
    os.mkfifo(folder / "pipe.csv")
    (folder / "sub").mkdir()
    (folder / "mine.rejected.csv").write_text("my own,notes\n1,2\n")
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    with pytest.raises(SettingsError, match=says):
        score_file(project, str(folder / "leads.csv"), folder / output)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_reasons_cannot_go_where_the_scores_go(project, folder):
    with pytest.raises(SettingsError, match="two outputs of this name"):
        score_file(project, str(folder / "leads.csv"), folder / "s.csv", folder / "s.csv")
    with pytest.raises(SettingsError, match="two outputs of this name"):
        score_file(project, str(folder / "leads.csv"), folder / "s.csv", folder / "s.rejected.csv")


def test_rejected_rows_of_an_earlier_scoring_may_be_replaced(project, folder):
    (folder / "s.rejected.csv").write_text("gallop_row,lead_id,gallop_rule\n1,L1,no_id\n")
    with pytest.raises(MissingOutputError):
        score_file(project, str(folder / "leads.csv"), folder / "s.csv")
