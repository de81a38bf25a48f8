"""`gallop score --log`: what is recorded of a scoring, under a key that the project keeps."""

import csv
import io
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from gallop.adapters.monitoring.score_log import read_scores
from gallop.errors import SettingsError, WrongTypeError
from gallop.flow.project import Project
from gallop.flow.score_log import KEY_VARIABLE, ScoreLog, moment_scored
from gallop.flow.scoring import score_file
from gallop.monitoring.scored_lead import hashed_id

pytestmark = pytest.mark.xdist_group("trained")

WHEN = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def project(root: Path, tmp_path: Path, folder: Path) -> Project:
    """A project with the quick training as its deployed model."""
    home = tmp_path / "project"
    (home / "models").mkdir(parents=True)
    shutil.copytree(folder, home / "models/deployed")
    (home / "params.yaml").write_bytes((root / "params.yaml").read_bytes())
    return Project.open(home)


@pytest.fixture
def leads(tmp_path: Path, drawn) -> Path:
    rows = [row for row in csv.DictReader(io.StringIO(drawn[0])) if row["source"] == "signup"][:300]
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    (tmp_path / "leads.csv").write_text(out.getvalue())
    return tmp_path / "leads.csv"


def test_every_scored_lead_is_recorded_as_the_scores_file_has_it(project, leads, tmp_path):
    scored = score_file(project, str(leads), tmp_path / "scores.parquet", scored_at=WHEN, top=10)
    log, written = read_scores(project.paths.scores), pl.read_parquet(tmp_path / "scores.parquet")
    assert scored.logged
    assert scored.logged.parent == project.paths.scores
    assert len(log) == scored.rows == 300
    assert log["scored_at"].unique().to_list() == [WHEN]
    assert int(log["held_out"].sum()) == scored.held_out > 0
    key = bytes.fromhex(project.paths.monitoring_key.read_text().strip())
    known = {row["lead"]: row for row in log.iter_rows(named=True)}
    for row in written.iter_rows(named=True):
        recorded = known[hashed_id(row["lead_id"], key)]
        for name in ("probability", "band", "decision", "held_out", "model_version"):
            assert recorded[name] == row[name]


def test_nothing_is_recorded_unless_it_is_asked_for(project, leads, tmp_path):
    assert score_file(project, str(leads), tmp_path / "scores.csv").logged is None
    assert not (project.paths.root / "data").exists()


def test_the_key_stays_is_nobody_elses_to_read_and_may_come_from_outside(project, monkeypatch):
    first = ScoreLog.of_project(project).key
    assert first
    assert ScoreLog.of_project(project).key == first
    assert project.paths.monitoring_key.stat().st_mode & 0o077 == 0
    assert [path.name for path in project.paths.monitoring_key.parent.iterdir()] == ["key"]
    monkeypatch.setenv(KEY_VARIABLE, "ab" * 32)
    assert ScoreLog.of_project(project).key == b"\xab" * 32
    monkeypatch.setenv(KEY_VARIABLE, "secret")
    with pytest.raises(SettingsError, match=KEY_VARIABLE):
        ScoreLog.of_project(project)


def test_ids_stay_as_they_are_where_the_settings_say_so(project):
    settings = project.settings
    plain = settings.model_copy(update={"monitoring": settings.monitoring.model_copy(update={"hash_ids": False})})
    assert ScoreLog.of_project(Project(plain, project.paths)).key is None
    assert not project.paths.monitoring_key.exists()


def test_leads_without_ids_cannot_be_followed(project):
    settings = project.settings
    columns = {name: column for name, column in settings.table.columns.items() if name != "lead_id"}
    table = settings.table.model_copy(update={"columns": columns})
    with pytest.raises(SettingsError, match="no column has the role id"):
        ScoreLog.of_project(Project(settings.model_copy(update={"table": table}), project.paths))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T09:00", WHEN),
        ("2026-03-01 11:00+02:00", WHEN),
        ("2026-03-01", WHEN - timedelta(hours=9)),
    ],
)
def test_a_moment_without_a_zone_is_in_utc(text, moment):
    assert moment_scored(text) == moment


def test_a_text_that_is_no_moment_is_named():
    with pytest.raises(WrongTypeError, match="'next week': no time"):
        moment_scored("next week")
