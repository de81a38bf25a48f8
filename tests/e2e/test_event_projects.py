"""From a log of events to a list of whom to call, by the commands a person types, without editing a file."""

import csv
import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import gallop
from gallop.adapters.monitoring.score_log import read_scores
from gallop.monitoring.scored_lead import hashed_id
from tests.support.checkouts import Checkout
from tests.support.hazard import known_hazard
from tests.support.service import served
from tests.support.tables import csv_text, leads

# One worker makes the project for all of them.
LOG = ("--lead", "lead_id", "--time", "time", "--event", "event", "--converted", "buy", "--horizon", "7d")
BAD = [["", "2024-02-01 10:00:00", "view"], ["L00001", "", "view"], ["L00001", "tomorrow", "view"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with some bad rows, and a table of its leads."""
    folder = tmp_path_factory.mktemp("events")
    hazard = known_hazard(300, 18)
    rows = [
        ["lead_id", "time", "event"],
        *[[row[name] for name in ("lead_id", "time", "event")] for row in hazard.rows],
    ]
    (folder / "log.csv").write_text(csv_text([*rows, rows[1], *BAD]), encoding="utf-8")
    people = [[f"L{number:05d}", ("DK", "FR")[number % 2], f"2023-0{number % 9 + 1}-01"] for number in range(300)]
    (folder / "people.csv").write_text(csv_text([["lead_id", "country", "born"], *people], ";"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def project(folder: Path) -> Checkout:
    """The project after `gallop init --events` and `gallop run`."""
    here = Checkout(folder)
    said = here.gallop("init", "--events", "log.csv", "--leads", "people.csv", *LOG, "--into", "project")
    (folder / "said.txt").write_text(said, encoding="utf-8")
    made = Checkout(folder / "project")
    (folder / "run.txt").write_text(made.gallop("run", seconds=600), encoding="utf-8")
    return made


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_init_says_what_it_sees_and_proposes(project, folder):
    said = (folder / "said.txt").read_text(encoding="utf-8")
    for sentence in (
        "3 kinds of events",
        "a conversion",
        "the same event again",
        "no lead",
        "the time is none",
        "unripe",
    ):
        assert sentence in said
    params = YAML(typ="safe").load(project.folder / "params.yaml")
    assert params["events"]["decisions"] == {"rule": "every", "days": 7, "active": "126d", "repeat": True}
    assert params["split"] == {"by": "day", "test_share": 0.2, "gap_days": 7}
    assert "view count 7d" in params["events"]["features"]
    assert params["table"]["columns"]["country"]["role"] in {"category", "boolean"}
    assert (project.folder / "data/raw/people.csv.dvc").is_file()


def test_run_goes_from_the_log_to_a_deployed_model_and_does_nothing_twice(project, folder):
    printed = (folder / "run.txt").read_text(encoding="utf-8")
    assert "not ripe yet" in printed
    assert "left out, to keep each lead on one side and the gap between" in printed
    report = (project.folder / "reports/report.html").read_text(encoding="utf-8")
    assert "From events to decisions" in report
    assert "decisions whose horizon ends after" in (project.folder / "models/model_card.md").read_text(encoding="utf-8")
    assert "Nothing changed" in project.gallop("run")


def test_every_lead_is_scored_as_of_a_moment_with_reasons_people_can_read(project):
    project.gallop("score", "--at", "2024-04-15T09:00", "data/raw/log.csv", "-o", "scores.csv", "--log")
    scores = read_csv(project.folder / "scores.csv")
    assert len(scores) == len({row["lead_id"] for row in scores}) == 300
    assert {row["at"] for row in scores} == {"2024-04-15T09:00:00Z"}
    assert [float(row["probability"]) for row in scores] == sorted(
        (float(row["probability"]) for row in scores), reverse=True
    )
    assert any("in the last" in row["reasons"] or "days ago" in row["reasons"] for row in scores)
    # The log is of leads, as outcomes will be, and not of decisions.
    key = bytes.fromhex((project.folder / "data/monitoring/key").read_text().strip())
    log = read_scores(project.folder / "data/monitoring/scores")
    assert set(log["lead"]) == {hashed_id(row["lead_id"], key) for row in scores}
    assert [str(moment) for moment in log["scored_at"].unique()] == ["2024-04-15 09:00:00+00:00"]


def test_what_happens_after_the_moment_changes_no_score(project):
    lines = (project.folder / "data/raw/log.csv").read_text(encoding="utf-8").splitlines()
    kept = [line for number, line in enumerate(lines) if not number or line.split(",")[1] < "2024-04-15 09:00:00"]
    (project.folder / "past.csv").write_text("\n".join([*kept, ""]), encoding="utf-8")
    for log, output in (("data/raw/log.csv", "all.csv"), ("past.csv", "past.scores.csv")):
        project.gallop("score", "--at", "2024-04-15T09:00", log, "-o", output)
    assert (project.folder / "all.csv").read_text() == (project.folder / "past.scores.csv").read_text()


def test_one_lead_live_has_the_features_of_the_batch(project):
    import polars as pl

    section = gallop.open_project(project.folder).settings.events
    table = pl.read_parquet(project.folder / "data/interim/decisions/decisions.parquet")
    rows = read_csv(project.folder / "data/raw/log.csv")
    for decision in table.sample(12, seed=1).to_dicts():
        mine = [row for row in rows if row["lead_id"] == decision["lead"]]
        live = gallop.features_of(mine, section, decision["decided_at"])
        assert live == {name: decision[name] for name in live}


def test_a_log_is_not_scored_without_a_moment_nor_a_table_with_one(project, folder):
    printed = project.gallop("score", "data/raw/log.csv", "-o", "x.csv", code=3)
    assert "--at TIME" in printed
    assert "no time" in project.gallop("score", "--at", "soon", "data/raw/log.csv", "-o", "x.csv", code=11)
    printed = project.gallop("score", "--at", "1999-01-01", "data/raw/log.csv", "-o", "x.csv", code=12)
    assert "no lead has an event before 1999-01-01" in printed
    (folder / "leads.csv").write_text(csv_text(leads(300)), encoding="utf-8")
    here = Checkout(folder)
    here.gallop("init", "leads.csv", "--label", "converted", "--into", "plain")
    assert "has no section events" in Checkout(folder / "plain").gallop("events", code=3)
    assert "events" not in YAML(typ="safe").load(folder / "plain/dvc.yaml")["stages"]


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (("--events", "log.csv"), 2, "needs --lead, --time and --converted"),
        (("--events", "nothing.csv", *LOG), 20, "no such file"),
        (("--events", "log.csv", "--lead", "user", *LOG[2:]), 10, "--lead 'user': no such column; the log has lead_id"),
        (("--events", "log.csv", *LOG[:7], "order", *LOG[8:]), 3, "no event is of this kind; the log has view"),
        (("--events", "log.csv", *LOG[:9], "soon"), 3, "--horizon: 'soon' is no duration"),
        (("--events", "log.csv", *LOG[:2], "--time", "event", *LOG[4:]), 11, "which are no times such as"),
        ((), 2, "a TABLE and --label are needed"),
    ],
    ids=["too little", "no file", "no column", "no kind", "no duration", "no times", "nothing"],
)
def test_what_init_cannot_make_a_project_of_is_said(folder, options, code, sentence):
    printed = " ".join(
        Checkout(folder).gallop("init", *options, "--into", "never", code=code).replace("│", " ").split()
    )
    assert sentence in printed
    assert not (folder / "never").exists()


def test_a_wrong_clock_is_seen_by_init_and_written_down(folder):
    rows = (folder / "log.csv").read_text(encoding="utf-8").splitlines()
    (folder / "clock.csv").write_text("\n".join([*rows, "L00001,2099-01-01 00:00:00,view", ""]), encoding="utf-8")
    said = Checkout(folder).gallop("init", "--events", "clock.csv", *LOG, "--into", "clock")
    assert "a wrong clock" in said
    params = YAML(typ="safe").load(folder / "clock" / "params.yaml")
    assert params["events"]["until"].startswith("2024-05-")
    assert json.loads(json.dumps(params["events"]["features"]))


def test_the_service_scores_a_lead_by_its_events_as_the_batch_does(project, tmp_path):
    project.gallop("score", "--at", "2024-04-15T09:00", "data/raw/log.csv", "-o", "scores.csv")
    batch = {row["lead_id"]: row for row in read_csv(project.folder / "scores.csv")}
    rows = read_csv(project.folder / "data/raw/log.csv")
    table = (project.folder.parent / "people.csv").read_text(encoding="utf-8")
    people = {row["lead_id"]: row for row in csv.DictReader(table.splitlines(), delimiter=";")}
    with served(project.folder, log=tmp_path / "log") as service, service.client() as client:
        for lead in ("L00000", "L00007", "L00042"):
            known = {name: value for name, value in people[lead].items() if name != "lead_id"}
            mine = [row for row in rows if row["lead_id"] == lead]
            asked = {"events": mine, "at": "2024-04-15T09:00:00Z", "lead": known}
            score = client.post("/v1/explain", json=asked).raise_for_status().json()["scores"][0]
            assert f"{score['probability']:.4f}" == batch[lead]["probability"]
            assert "; ".join(reason["words"] for reason in score["reasons"]) == batch[lead]["reasons"]
            wrong = client.post("/v1/score", json=asked | {"at": "canary"})
            assert wrong.status_code == 422
            assert "canary" not in wrong.text
            assert client.post("/v1/score", json={"lead": known}).status_code == 422
