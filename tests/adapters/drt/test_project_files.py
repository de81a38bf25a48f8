"""drt itself judges the projects that gallop writes, shows what it would send, and writes to a real PostgreSQL."""

import json
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import psycopg
import pytest
from drt.config.credentials import DuckDBProfile
from drt.config.parser import load_syncs
from drt.sources.duckdb import DuckDBSource
from drt.templates.renderer import render_template

from gallop.adapters.drt import command
from gallop.adapters.drt.delivery import DESTINATIONS, Delivery
from gallop.adapters.drt.project_files import write_drt_project
from gallop.errors import MissingColumnError, MissingLibraryError, SettingsError
from tests.support.checkouts import Checkout
from tests.support.postgres import postgres

DRT = Path(sys.executable).with_name("drt")
COLUMNS = ["lead_id", "name", "probability", "decision", "held_out", "band", "rank", "reasons", "model_version"]
SCORES = (
    "lead_id,name,probability,decision,held_out,band,rank,reasons,model_version\n"
    '0012,O\'Hara,0.9000,contact,false,hot,1,"many visits, ""often""\nand long",3\n'
    "'+45 12,Bo,0.1000,wait,true,cold,2,,3\n"
)
TARGET = {"sheets": "1BxiMVs0XRA5"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with scores, for someone whose drt knows the profile."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home/.drt").mkdir(parents=True)
    (tmp_path / "it's scores.csv").write_text(SCORES)
    return tmp_path


def delivered(folder: Path, to: str, **changed: object) -> Path:
    chosen = {"columns": COLUMNS, "key": "lead_id", "field": "lead_id", "target": TARGET.get(to)} | changed
    write_drt_project(Delivery(to, folder / "it's scores.csv", **chosen), folder / to)
    (folder / "home/.drt/profiles.yml").write_text((folder / to / "profiles.yml").read_text())
    return folder / to


def drt(project: Path, *arguments: str) -> str:
    done = subprocess.run([DRT, *arguments], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_drt_finds_every_project_right_and_would_send_every_lead(folder: Path) -> None:
    project = delivered(folder, "hubspot")
    for to in DESTINATIONS[1:]:  # drt takes a second to start: all destinations in one project
        text = (delivered(folder, to) / "syncs/gallop_scores.yml").read_text()
        (project / f"syncs/{to}.yml").write_text(text.replace("name: gallop_scores", f"name: {to}"))
    validated = drt(project, "validate", "--strict")
    assert all(name in validated for name in ("gallop_scores", *DESTINATIONS[1:]))
    assert re.findall(r"Rows to sync:\s+(\d+)", drt(project, "run", "--dry-run")) == ["2"] * 4


def test_only_leads_that_hubspot_knows_are_changed_and_every_text_is_json(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = delivered(folder, "hubspot", field="phone")
    (sync,) = load_syncs(project)
    assert sync.sync.match_policy == "update_only"
    monkeypatch.chdir(project)
    rows = DuckDBSource().extract(sync.model, DuckDBProfile(type="duckdb", database=":memory:"))
    template = sync.destination.properties_template
    first, second = (json.loads(render_template(template, row)) for row in rows)
    assert first["gallop_reasons"] == 'many visits, "often"\nand long'
    assert (first["phone"], first["gallop_probability"], first["gallop_held_out"]) == ("0012", 0.9, False)
    assert (second["phone"], second["gallop_reasons"]) == ("+45 12", "")


def test_parquet_arrives_with_every_digit_and_its_ids_as_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = {"lead_id": ["=7"], "probability": [1 / 3], "decision": ["wait"], "held_out": [True], "rank": [1]}
    pl.DataFrame(scores).write_parquet(folder / "scores.parquet")
    write_drt_project(Delivery("postgres", folder / "scores.parquet", [*scores], "lead_id", "lead_id"), folder / "to")
    (sync,) = load_syncs(folder / "to")
    monkeypatch.chdir(folder / "to")
    (row,) = DuckDBSource().extract(sync.model, DuckDBProfile(type="duckdb", database=":memory:"))
    assert row == {name: value for name, (value,) in scores.items()}


def test_a_file_that_is_there_is_never_replaced(folder: Path) -> None:
    mine = folder / "postgres/syncs/gallop_scores.yml"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(SettingsError, match="is there already"):
        delivered(folder, "postgres")
    assert mine.read_text() == "mine"
    assert [*(folder / "postgres").rglob("*.*")] == [mine]


@pytest.mark.parametrize(
    ("to", "changed", "error", "says"),
    [
        ("hubspot", {"key": "email"}, MissingColumnError, "has no column 'email'"),
        ("hubspot", {"target": "leads"}, SettingsError, "contacts.deals.companies"),
        ("hubspot", {"field": "Lead Id"}, SettingsError, "--field 'Lead Id'"),
        ("postgres", {"target": "scores; drop table x"}, SettingsError, "--target"),
        ("sheets", {"target": None}, SettingsError, "needs --target"),
        ("sheets", {"columns": [*COLUMNS, "{{ var('x') }}"]}, SettingsError, "a column is called"),
    ],
)
def test_what_drt_or_the_destination_cannot_take_is_named(folder, to, changed, error, says) -> None:
    with pytest.raises(error, match=says):
        delivered(folder, to, **changed)
    assert not (folder / to).exists()


def test_scores_reach_a_database_by_the_commands_that_are_printed(folder: Path, root: Path) -> None:
    (folder / "params.yaml").write_bytes((root / "params.yaml").read_bytes())
    (folder / "scores.csv").write_text(SCORES)
    project = Checkout(folder, {"HOME": str(folder / "home")})
    options = ("--to", "postgres", "--scores", "scores.csv", "--key", "lead_id")
    assert "Nothing was sent" in project.gallop("deliver", "init", *options)
    assert "has no profile 'gallop'" in " ".join(project.gallop("deliver", "run", code=3).split())
    (folder / "home/.drt/profiles.yml").write_text((folder / "deliver/profiles.yml").read_text())
    with postgres() as url:
        project.environment["GALLOP_DELIVERY_POSTGRES"] = url
        assert "ended with exit code" in " ".join(project.gallop("deliver", "run", "--send", code=42).split())
        with psycopg.connect(url, autocommit=True) as database:
            database.execute((folder / "deliver/table.sql").read_text())
            project.gallop("deliver", "run", "--dry-run")
            assert database.execute("SELECT count(*) FROM lead_scores").fetchone() == (0,)
            project.gallop("deliver", "run", "--send")
            rows = database.execute("SELECT * FROM lead_scores ORDER BY rank").fetchall()
    assert rows == [
        ("0012", 0.9, "hot", "contact", False, 1, 'many visits, "often"\nand long', "3"),
        ("+45 12", 0.1, "cold", "wait", True, 2, "", "3"),
    ]


def test_without_drt_it_says_how_to_install_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = delivered(folder, "postgres")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(command.sys, "executable", str(folder / "python"))
    with pytest.raises(MissingLibraryError, match=r"pip install 'gallop-leads\[deliver\]'"):
        command.run_drt(project, send=False)
