"""`gallop score` says on the day where leads are unlike those learnt from, and --strict makes it an error."""

import csv
import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gallop.errors import UnlikeLeadsError
from gallop.flow.project import Project
from gallop.flow.scoring import score_file
from gallop.tables.synthetic import sample

GALLOP = str(Path(sys.executable).with_name("gallop"))


@pytest.fixture
def project(root: Path, folder: Path, tmp_path: Path) -> Project:
    """A project with the quick training's bundle deployed."""
    (tmp_path / "project/models").mkdir(parents=True)
    shutil.copytree(folder, tmp_path / "project/models/deployed")
    (tmp_path / "project/params.yaml").write_bytes((root / "params.yaml").read_bytes())
    return Project.open(tmp_path / "project")


def leads(path: Path, **changes: str) -> Path:
    rows = list(csv.DictReader(io.StringIO(sample(1500, 77)[0])))
    text = io.StringIO()
    out = csv.DictWriter(text, list(rows[0]))
    out.writeheader()
    out.writerows([row | changes for row in rows])
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def test_leads_of_the_same_kind_are_scored_without_a_word(project, tmp_path):
    assert score_file(project, str(leads(tmp_path / "same.csv")), tmp_path / "s.csv").unlike == ()


def test_leads_of_another_kind_are_scored_and_told_and_strict_fails(project, tmp_path):
    path = leads(tmp_path / "other.csv", n_visits="40")
    unlike = {one.what: one for one in score_file(project, str(path), tmp_path / "s.csv").unlike}
    assert {"hot", "scores"} <= set(unlike)
    command = [GALLOP, "--project", str(project.paths.root), "score", str(path), "-o", str(tmp_path / "t.csv")]
    said, strict = (
        subprocess.run([*command, *more], capture_output=True, text=True, check=False) for more in ([], ["--strict"])
    )
    assert said.returncode == 0, said.stderr
    assert "are unlike those that the model learnt from (at 99 %): " in said.stdout
    assert "% are hot, where " in said.stdout
    assert "were expected, at most " in said.stdout
    assert strict.returncode == UnlikeLeadsError.exit_code
    assert "are unlike those" in strict.stderr
    assert (tmp_path / "t.csv").is_file()
