"""Tables as people bring them: each case of the shared folder, through the steps of `gallop init` and the commands."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import narwhals.stable.v2 as nw
import polars as pl
import pytest

from gallop.adapters.tables.polars import read_text
from gallop.errors import SingleClassError
from gallop.flow import init as flow
from gallop.profiling.proposal import InitOptions, Proposal
from gallop.schema import ROW, Role
from gallop.stages.data_clean import data_clean


@pytest.fixture
def cases(shared: Path) -> Path:
    """The folder with the cases."""
    if not (shared / "cases").is_dir():
        pytest.skip("no cases beside the evaluation data")
    return shared / "cases"


def proposed(path: Path, label: str = "converted", **options: object) -> tuple[Proposal, nw.DataFrame]:
    """What `gallop init --yes` proposes after the leak guard, and the leads that `data_clean` then keeps."""
    with flow.source(str(path)) as source:
        proposal = flow.guard(source, flow.look(source, InitOptions(label, **options)))
        settings = flow.prepared(source, proposal)
        leads = data_clean(read_text(source.path, source.form), settings.table, path.name).leads
    return proposal, leads.sort(ROW)


def roles(proposal: Proposal) -> dict[str, str]:
    return {name: column.role.value for name, column in proposal.columns.items()}


def test_blank_means_no(cases: Path):
    path = cases / "blank-means-no" / "blank.csv"
    with pytest.raises(SingleClassError, match=r'48 rows are empty .* if empty means no, add --negative ""'):
        proposed(path)
    proposal, leads = proposed(path, negative=("",))
    assert (proposal.label.positive, proposal.label.negative) == (("1",), ("",))
    assert int(leads["converted"].sum()) == 32
    assert len(leads) == 80


def test_crm_export_leaks_unseen(cases: Path):
    proposal, leads = proposed(cases / "crm-export-leaks-unseen" / "deals.csv", "Deal Stage", positive="Closed Won")
    assert {leak.column for leak in proposal.left_out} == {"Close Date", "Closed Lost Reason"}
    assert proposal.inputs == ("Amount", "Deal Type")
    assert {"Open", "Qualified", "Demo"} <= {*proposal.label.junk}
    assert "neither" in proposal.label.because
    assert len(leads) == 500 - sum(proposal.label.junk.values())


def test_date_leak_stops_init(cases: Path):
    proposal, leads = proposed(cases / "date-leak-stops-init" / "leads.csv")
    assert [leak.column for leak in proposal.left_out] == ["conversion_date"]
    assert roles(proposal)["created_date"] == "day"
    assert proposal.dates == {}
    assert len(leads) == 200


def test_outcome_date_taken_for_day(cases: Path):
    proposal, leads = proposed(cases / "outcome-date-taken-for-day" / "leads.csv")
    assert roles(proposal)["conversion_date"] == "ignore"
    assert "0 % of the others" in proposal.columns["conversion_date"].because
    assert len(leads) == 200


def test_dates_of_crm_exports(cases: Path):
    proposal, leads = proposed(cases / "dates-of-crm-exports" / "dates.csv")
    assert {name: roles(proposal)[name] for name in ("created", "first_seen", "signed", "ymd")} == {
        "created": "day", "first_seen": "date", "signed": "date", "ymd": "date",
    }  # fmt: skip
    assert leads["created"][0] == leads["first_seen"][0] == leads["signed"][0] == leads["ymd"][0] == "2024-02-23"
    assert leads["created"].to_list() == leads["ymd"].to_list() == leads["signed"].to_list()


def test_leading_zeros(cases: Path):
    proposal, leads = proposed(cases / "leading-zeros" / "zeros.csv")
    assert roles(proposal)["account"] == "category"
    assert roles(proposal)["zip"] == "ignore"
    assert "150 texts" in proposal.columns["zip"].because
    assert leads["account"][1] == "000037"


def test_money_and_percent(cases: Path):
    proposal, leads = proposed(cases / "money-and-percent" / "money.csv")
    assert {"seconds", "revenue", "duration"} <= {*proposal.inputs}
    assert (leads["revenue"][0], leads["seconds"][0], leads["duration"][1]) == (3035.0, 2.3, 402.0)
    assert leads["revenue"].null_count() == 0


def test_thousands_comma(cases: Path):
    proposal, leads = proposed(cases / "thousands-comma" / "thousands.csv")
    assert proposal.columns["revenue"].keys["thousands"] == ","
    assert leads["revenue"].to_list()[:4] == [3035.0, 615.0, 330.0, 1395.0]


def test_parquet_decimal_id(cases: Path):
    proposal, leads = proposed(cases / "parquet-decimal-id" / "leads.parquet")
    assert roles(proposal)["lead_id"] == "id"
    assert leads["lead_id"].to_list()[:2] == ["900719925474099300", "900719925474099301"]
    assert leads["lead_id"].n_unique() == 80


def test_parquet_duration(cases: Path):
    proposal, leads = proposed(cases / "parquet-duration" / "leads.parquet")
    assert "time_on_site" in proposal.inputs
    assert leads["time_on_site"].to_list()[:3] == [22.6, 402.8, 161.0]


def gallop(folder: Path, *arguments: str | Path, code: int = 0) -> str:
    """A command, as a person types it on a terminal of 80 columns."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GALLOP_", "MLFLOW_"))}
    program = str(Path(sys.executable).with_name("gallop"))
    environment |= {"COLUMNS": "80"}
    done = subprocess.run(
        [program, *map(str, arguments)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def test_score_float_booleans(cases: Path, tmp_path: Path):
    case, folder = cases / "score-float-booleans", tmp_path / "my project"
    printed = gallop(tmp_path, "init", case / "train.csv", "--label", "converted", "--into", folder.name, "--yes")
    next_line = printed.strip().splitlines()[-1].removeprefix("Next: ")
    params = folder / "params.yaml"
    params.write_text(params.read_text().replace("budget: standard", "budget: quick"))
    # The printed line is pasted into a shell that knows no `gallop`.
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run(
        ["/bin/sh", "-c", next_line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    pl.read_csv(case / "score.csv").with_columns(visits=pl.lit(None)).write_csv(tmp_path / "empty.csv")
    assert "60 leads scored" in gallop(folder, "score", case / "score.csv", "-o", "floats.csv")
    assert "visits_empty 60" in gallop(folder, "score", tmp_path / "empty.csv", "-o", "empty.csv")
    whole = pl.read_csv(case / "score.csv").with_columns(pl.col("is_customer", "customer_group").cast(pl.Int64))
    whole.write_csv(tmp_path / "whole.csv")
    gallop(folder, "score", tmp_path / "whole.csv", "-o", "whole.csv")
    assert (folder / "floats.csv").read_bytes() == (folder / "whole.csv").read_bytes()


def test_a_neighbour_with_every_spelling_at_once_in_a_semicolon_file(tmp_path: Path):
    """German Excel: thousands by points, dates by points, percent, blanks; and blank for no."""
    rows = ["id;angelegt;umsatz;quote;dauer;kunde"]
    for row in range(120):
        value = f"{row * 37.5 + 900:,.2f}".translate(str.maketrans(",.", ".,"))
        yes = "ja" if (row * 7) % 10 < 4 else ""
        rows.append(
            f"K{row:04};{1 + row % 28}.{1 + row % 12}.24;{value} €;{row % 90},5 %;{row % 5}:{row % 60:02}:00;{yes}"
        )
    path = tmp_path / "leads.csv"
    path.write_text("\n".join(rows), encoding="cp1252")
    proposal, leads = proposed(path, "kunde", day="angelegt", negative=("",))
    assert roles(proposal) | {"id": "id"} == {
        "id": "id", "angelegt": "day", "umsatz": "number", "quote": "number", "dauer": "number", "kunde": "label",
    }  # fmt: skip
    assert leads["umsatz"].to_list()[:2] == [900.0, 937.5]
    assert leads["quote"][1] == 1.5
    assert leads["dauer"][1] == 3660.0
    assert leads["angelegt"][30] == "2024-07-03"


def test_a_neighbour_whose_open_deals_have_planned_days_and_whose_won_ones_a_contract(tmp_path: Path):
    rows = []
    for row in range(400):
        stage = ("won", "lost", "open", "lost")[row * 7 % 4]
        rows.append(
            {
                "created": f"2024-0{1 + row % 6}-{1 + row % 28:02}",
                "planned": f"2025-0{1 + row % 9}-11" if stage == "open" else "",
                "contract no": f"{row % 9}-17" if stage == "won" and row % 3 else "",
                "visits": str(row * 7 % 31),
                "stage": stage,
            }
        )
    path = tmp_path / "deals.csv"
    pl.DataFrame(rows).write_csv(path)
    proposal, leads = proposed(path, "stage", positive="won")
    assert {leak.column for leak in proposal.left_out} == {"contract no"}
    assert "constant in the rows whose outcome is known" in proposal.columns["planned"].because
    assert proposal.columns["created"].role is Role.DAY
    assert len(leads) == 300
    assert replace(proposal, leaks=()).inputs == ("visits",)
