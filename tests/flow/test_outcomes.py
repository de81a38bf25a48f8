"""`gallop outcomes` and `gallop monitor` on real files, and a real database."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from gallop.adapters.monitoring.outcome_log import read_outcomes
from gallop.adapters.monitoring.score_log import record_scores
from gallop.cli.app import app
from gallop.errors import MissingColumnError, MissingOutputError, SettingsError, WrongTypeError
from gallop.flow.monitoring import run_monitor
from gallop.flow.outcomes import OutcomeColumns, take_outcomes
from gallop.flow.project import Project
from gallop.flow.score_log import ScoreLog
from gallop.monitoring.outcomes import LeadOutcome, TimeStyle, latest_outcomes
from gallop.monitoring.scored_lead import ScoredLead, hashed_id
from tests.support.followed import deployment
from tests.support.postgres import postgres

HEADER = "lead_id,converted_at,seen_at,value\n"
SCORED = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Project:
    """A project in which leads L1 to L9 were scored."""
    (tmp_path / "params.yaml").write_bytes((root / "params.yaml").read_bytes())
    project = Project.open(tmp_path)
    log = ScoreLog.of_project(project)
    names = [hashed_id(f"L{number}", log.key) for number in range(1, 10)]
    record_scores([ScoredLead(name, SCORED, 0.2, "cold", "wait", False, "1", "{}") for name in names], log.folder)
    return project


def known(project: Project) -> dict[str, LeadOutcome]:
    key = ScoreLog.of_project(project).key
    by_hash = latest_outcomes(read_outcomes(project.paths.outcomes).said)
    return {f"L{number}": by_hash[name] for number in range(10) if (name := hashed_id(f"L{number}", key)) in by_hash}


def test_a_file_with_everything_that_can_be_wrong_is_counted_row_by_row(project, tmp_path):
    (tmp_path / "won.csv").write_text(
        HEADER
        + "L1,2026-03-05 10:00,2026-03-06 10:00,120\n"
        + "L1,2026-03-05 10:00,2026-03-06 10:00,120\n"
        + "L2,2026-03-05T23:30:00-05:00,,\n"
        + "L3,2026-02-01,,\n"
        + "X9,2026-03-05,,\n"
        + "L4,soon,,\n"
        + ",2026-03-05,,\n"
        + "L5,2026-03-07 12:00,2026-03-08 12:00,\n"
        + "L5,,2026-03-20 12:00,\n"
    )
    taken = take_outcomes(project, str(tmp_path / "won.csv"), written=TimeStyle("Europe/Paris"))
    assert taken.rows.counts == {
        "converted": 3,
        "repeated": 1,
        "before_score": 1,
        "unknown_id": 1,
        "unreadable_time": 1,
        "no_id": 1,
        "refunded": 1,
    }
    assert taken.until == datetime(2026, 3, 20, 11, tzinfo=UTC).timestamp() * 1e6
    assert known(project)["L1"].converted == datetime(2026, 3, 5, 9, tzinfo=UTC).timestamp() * 1e6
    assert known(project)["L1"].value == 120
    assert known(project)["L2"].converted == datetime(2026, 3, 6, 4, 30, tzinfo=UTC).timestamp() * 1e6
    assert known(project)["L5"].converted is None
    again = take_outcomes(project, str(tmp_path / "won.csv"), written=TimeStyle("Europe/Paris"))
    assert again.rows.counts == {"repeated": 9}
    assert again.until == taken.until


def test_excel_parquet_and_a_database_say_the_same_as_a_csv(project, tmp_path):
    frame = pl.DataFrame({"lead": ["L1", "L2"], "won": ["2026-03-05 10:00:00", "2026-03-06 11:00:00"]})
    frame.write_excel(tmp_path / "won.xlsx")
    frame.with_columns(pl.col("won").str.to_datetime()).write_parquet(tmp_path / "won.parquet")
    columns = OutcomeColumns("lead", "won")
    assert take_outcomes(project, str(tmp_path / "won.xlsx"), columns).rows.counts == {"converted": 2}
    first = known(project)
    assert take_outcomes(project, str(tmp_path / "won.parquet"), columns).rows.counts == {"repeated": 2}
    with postgres() as url:
        import psycopg

        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE won (lead text, won timestamptz, value numeric)")
            connection.execute("INSERT INTO won VALUES ('L1', '2026-03-05 10:00Z', NULL), ('L3', '2026-03-07Z', 9.5)")
        taken = take_outcomes(project, f"{url}/won", columns)
    assert taken.rows.counts == {"repeated": 1, "converted": 1}
    assert known(project)["L1"] == first["L1"]
    assert known(project)["L3"].value == 9.5


def test_a_file_may_say_until_when_it_knows(project, tmp_path):
    (tmp_path / "won.csv").write_text("lead_id,converted_at\nL1,2026-03-05 10:00\n")
    assert take_outcomes(project, str(tmp_path / "won.csv"), until="2026-03-31T00:00").until == int(
        datetime(2026, 3, 31, tzinfo=UTC).timestamp() * 1e6
    )
    assert take_outcomes(project, str(tmp_path / "won.csv")).until > 1_774_000_000_000_000


@pytest.mark.parametrize(
    ("text", "how", "error", "says"),
    [
        ("lead_id,when\nL1,2026-03-05\n", {}, MissingColumnError, "no column 'converted_at'.*--converted"),
        ("name,converted_at\nL1,2026-03-05\n", {}, MissingColumnError, "no column 'lead_id'.*--id"),
        (HEADER, {"written": TimeStyle("Mars/North")}, SettingsError, "'Mars/North' is not known"),
        (HEADER, {"written": TimeStyle("UTC", "roman")}, SettingsError, "--dates 'roman'"),
        (HEADER, {"until": "later"}, WrongTypeError, "'later': no time"),
    ],
)
def test_what_cannot_be_taken_is_named(project, tmp_path, text, how, error, says):
    (tmp_path / "won.csv").write_text(text)
    with pytest.raises(error, match=says):
        take_outcomes(project, str(tmp_path / "won.csv"), **how)


def test_outcomes_of_leads_that_nobody_scored_are_refused(root, tmp_path):
    (tmp_path / "params.yaml").write_bytes((root / "params.yaml").read_bytes())
    with pytest.raises(MissingOutputError, match="no scores are recorded"):
        take_outcomes(Project.open(tmp_path), "won.csv")


def _followed(root: Path, folder: Path, ratio: float) -> Path:
    """A project with ninety days of scores, and a file of what became of the leads."""
    (folder / "params.yaml").write_bytes((root / "params.yaml").read_bytes())
    project = Project.open(folder)
    key = ScoreLog.of_project(project).key
    rows = []
    for frame, outcomes in (deployment(60), deployment(30, version="2", first=60, ratio=ratio, seed=2)):
        leads = frame.to_native().rows(named=True)
        scored = [ScoredLead(**(row | {"lead": hashed_id(row["lead"], key)})) for row in leads]
        record_scores(scored, project.paths.scores)
        times = {name: datetime.fromtimestamp(what.converted / 1e6, UTC) for name, what in outcomes.items()}
        rows += [(name, moment.isoformat()) for name, moment in times.items()]
    with (folder / "won.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("lead_id", "converted_at"), *rows])
    return folder


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["--project", str(folder), *arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_the_commands_show_a_model_that_holds_and_one_that_does_not(root, tmp_path):
    (tmp_path / "well").mkdir()
    (tmp_path / "ill").mkdir()
    well, ill = _followed(root, tmp_path / "well", 1.0), _followed(root, tmp_path / "ill", 0.5)
    for folder in (well, ill):
        said = run(folder, "outcomes", str(folder / "won.csv"), "--until", "2026-04-01")
        assert "outcomes known until 2026-04-01T23:59:59Z" in said
        assert "converted" in said
    said = " ".join(run(well, "monitor").split())
    assert "version 2: no alarm" in said
    assert "were expected by now" in said
    page = (well / "reports/monitoring.html").read_text()
    assert "version 2: no alarm" in page
    assert "<script" not in page
    said = " ".join(run(ill, "monitor", code=1).split())
    assert "version 2: fewer or later than its scores say" in said
    assert "Do not roll back for this alone" in said
    report = json.loads(run(ill, "monitor", "--json", code=1))
    assert [alarm["raised"] for alarm in report["alarms"]] == [True, False, False]


def test_a_file_in_which_nobody_converted_says_nothing_of_time_unless_told(project, tmp_path):
    (tmp_path / "won.csv").write_text("lead_id,converted_at\nL1,\n")
    folder, file = project.paths.root, str(tmp_path / "won.csv")
    assert "outcomes known until no time yet; --until says it" in run(folder, "outcomes", file)
    assert "outcomes known until 2026-03-02T09:00:00Z" in run(folder, "outcomes", file, "--until", "2026-03-02T09:00")


def test_a_project_without_outcomes_is_told_what_to_do(project):
    with pytest.raises(MissingOutputError, match="gallop outcomes FILE"):
        run_monitor(project)
