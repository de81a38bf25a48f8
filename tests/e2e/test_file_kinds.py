"""Leads in every kind of file, from `init` to `score`, by the commands."""

import csv
import os
import shutil
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from gallop.adapters.tables.csv_format import detect
from gallop.adapters.tables.polars import read_text
from gallop.settings.params import load_settings
from tests.support.checkouts import Checkout
from tests.support.tables import csv_text, leads

NEWCOMERS = 300


@pytest.fixture
def empty(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def proposed(project: Checkout, table: str | Path, *options: str) -> str:
    """What `gallop init` prints of a table; the project is in the folder `project`."""
    return project.gallop("init", table, "--label", "converted", "--yes", "--into", "project", *options)


# The cases that strangers brought


@pytest.mark.parametrize(
    ("name", "form", "says"),
    [
        ("ga4.csv", "preamble: 4", "4 lines above the header"),
        ("sepline.csv", "separator: ;", "values separated by ';'"),
        ("sfdc.csv", "footer: 2", "2 lines below the rows"),
    ],
)
def test_case_csv_preamble_and_footer(empty: Checkout, shared: Path, name: str, form: str, says: str) -> None:
    printed = " ".join(proposed(empty, shared / "cases/csv-preamble-and-footer" / name).split())
    assert "80 rows, 8 columns" in printed
    assert says in printed
    assert form in (empty.folder / "project/params.yaml").read_text()
    empty.gallop("--project", "project", "data-clean")


@pytest.mark.parametrize("name", ["leads.json", "leads.jsonl"])
def test_case_json_message_quotes_data(empty: Checkout, shared: Path, name: str) -> None:
    case = shared / "cases/json-message-quotes-data" / name
    assert "read as: JSON" in proposed(empty, case)
    printed = empty.gallop("init", case, "--label", "nothing", "--into", "other", code=10)
    assert "L10000" not in printed


def test_case_other_containers(empty: Checkout, shared: Path) -> None:
    case = shared / "cases/other-containers"
    # It holds a hundred lines `a,b`: read as the table that it is, and its first row is like the others.
    assert "no header" in empty.gallop("init", case / "plain.zip", "--label", "converted", code=13)
    assert "no column is left" in empty.gallop("init", case / "UPPER.PARQUET", "--label", "converted", code=12)
    printed = empty.gallop("init", "s3://bucket/leads.csv", "--label", "converted", code=28)
    assert "s3://bucket/leads.csv: to read s3:// the package s3fs is needed: pip install s3fs" in printed


def test_an_excel_file_a_folder_of_parquet_and_an_address_become_projects(empty: Checkout) -> None:
    rows = leads(NEWCOMERS)
    with xlsxwriter.Workbook(str(empty.folder / "book.xlsx")) as book:
        for name, table in (("Readme", [["nothing"]]), ("May", [["Leads of May"], [], *rows])):
            sheet = book.add_worksheet(name)
            for index, row in enumerate(table):
                sheet.write_row(index, 0, row)
    printed = proposed(empty, "book.xlsx", "--sheet", "May")
    assert "read as: Excel, sheet 'May'" in printed
    assert "format: {sheet: May, preamble: 2}" in (empty.folder / "project/params.yaml").read_text()
    assert f"{NEWCOMERS} rows" in empty.gallop("--project", "project", "data-clean")

    frame = pl.DataFrame(rows[1:], rows[0], orient="row")
    for part in range(2):
        (empty.folder / "parts").mkdir(exist_ok=True)
        frame[part::2].write_parquet(empty.folder / f"parts/{part}.parquet")
    shutil.rmtree(empty.folder / "project")
    assert f"{NEWCOMERS} rows" in proposed(empty, "parts")
    assert (empty.folder / "project/data/raw/parts.parquet").is_file()

    (empty.folder / "leads.csv").write_text(csv_text(rows), encoding="utf-8")
    shutil.rmtree(empty.folder / "project")
    proposed(empty, (empty.folder / "leads.csv").as_uri())
    assert "a copy of file:///" in (empty.folder / "project/params.yaml").read_text()


def test_names_and_levels_that_a_terminal_acts_on_or_yaml_refuses_become_a_project(empty: Checkout) -> None:
    rows = leads(NEWCOMERS)
    changed = {"side": "si\x1b[31mde:smile:[bold]\x7f", "a[0]<b": "b\x9fc\u2028d😀"}
    rows[0] = [changed.get(name, name) for name in rows[0]]
    column = rows[0].index(changed["side"])
    for row in rows[1:]:
        row[column] = {"left": "le\x7ft 😀", "right": "ri\x1b]0;x\x07ght\u2028"}.get(row[column], row[column])
    (empty.folder / "leads.csv").write_text(csv_text(rows), encoding="utf-8")
    printed = proposed(empty, "leads.csv")
    assert not {"\x1b", "\x7f", "\x9f", "\x07"} & set(printed)
    assert "😄" not in printed
    assert f"{NEWCOMERS} rows" in empty.gallop("--project", "project", "data-clean")
    table = load_settings(empty.folder / "project/params.yaml").table
    assert set(changed.values()) <= set(table.columns)
    assert {"le\x7ft 😀", "ri\x1b]0;x\x07ght\u2028".strip()} <= {
        level for column in table.columns.values() for level in column.levels or ()
    }


# Scores


@pytest.fixture
def scoring(sample_run: Checkout, tmp_path: Path) -> Checkout:
    """A folder with 200 leads, from which the sample's model is asked."""
    lines = (sample_run.folder / "data/raw/sample.csv").read_text().splitlines()[:201]
    header, *rows = csv.reader(lines)
    named = [[*header, "name", "e-mail"], *([*row, "=Ada", f"{index}@example.org"] for index, row in enumerate(rows))]
    (tmp_path / "leads.csv").write_text(csv_text(named), encoding="utf-8")
    return Checkout(tmp_path, {"PROJECT": str(sample_run.folder)})


def score(scoring: Checkout, leads: str, output: str, *options: str, code: int = 0) -> str:
    return scoring.gallop(
        "--project", scoring.environment["PROJECT"], "score", leads, "-o", output, *options, code=code
    )


def scored(path: Path) -> list[tuple]:
    frame = read_text(path, detect(path).form)
    return list(zip(*(frame[name].to_list() for name in ("lead_id", "rank", "band", "probability")), strict=True))


def test_case_score_other_format_and_its_neighbours(scoring: Checkout) -> None:
    folder, text = scoring.folder, (scoring.folder / "leads.csv").read_text()
    score(scoring, "leads.csv", "scores.csv")
    expected = scored(folder / "scores.csv")
    rows = list(csv.reader(text.splitlines()))
    (folder / "semi.csv").write_text("Leads\n\n" + csv_text(rows, ";") + "\nConfidential\n")
    (folder / "utf16.csv").write_bytes(csv_text(rows, "\t").encode("utf-16"))
    with xlsxwriter.Workbook(str(folder / "leads.xlsx"), {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        for index, row in enumerate(rows):
            sheet.write_row(index, 0, row)
    for name in ("semi.csv", "utf16.csv", "leads.xlsx"):
        printed = score(scoring, name, "again.csv")
        assert scored(folder / "again.csv") == expected, name
        assert ("left out" in printed) == (name == "semi.csv")


def test_case_score_onto_itself_and_its_neighbours(scoring: Checkout) -> None:
    before = (scoring.folder / "leads.csv").read_bytes()
    os.link(scoring.folder / "leads.csv", scoring.folder / "hard.csv")
    for output in ("leads.csv", "hard.csv"):
        assert "the scores would replace the leads" in score(scoring, "leads.csv", output, code=3)
    assert "a device" in score(scoring, "leads.csv", "/dev/null", code=3)
    assert (scoring.folder / "leads.csv").read_bytes() == before
    assert {path.name for path in scoring.folder.iterdir()} == {"leads.csv", "hard.csv"}


def test_excel_with_kept_columns_and_the_best_alone(scoring: Checkout) -> None:
    printed = score(scoring, "leads.csv", "best.xlsx", "--keep", "name", "--keep", "e-mail", "--top", "5")
    assert "the best 5 are written" in printed
    frame = read_text(scoring.folder / "best.xlsx", detect(scoring.folder / "best.xlsx").form)
    assert frame.columns[1:5] == ["lead_id", "name", "e-mail", "probability"]
    assert frame["rank"].to_list() == ["1", "2", "3", "4", "5"]
    assert set(frame["name"].to_list()) == {"=Ada"}
    score(scoring, "leads.csv", "all.parquet", "--keep", "name", "--keep", "e-mail")
    whole = pl.read_parquet(scoring.folder / "all.parquet")
    ids = [row["lead_id"] for row in csv.DictReader((scoring.folder / "leads.csv").read_text().splitlines())]
    assert all(ids[int(mail.partition("@")[0])] == lead for lead, mail in whole.select("lead_id", "e-mail").iter_rows())
    assert frame["lead_id"].to_list() == whole["lead_id"].head(5).to_list()
    assert "no column 'phone' to keep" in score(scoring, "leads.csv", "all.parquet", "--keep", "phone", code=10)


def test_leads_without_a_header_and_cut_leads_are_named_and_not_quoted(scoring: Checkout) -> None:
    lines = (scoring.folder / "leads.csv").read_text().splitlines()
    (scoring.folder / "bare.csv").write_text("\n".join(lines[1:]) + "\n")
    printed = score(scoring, "bare.csv", "scores.csv", code=13)
    assert "no header" in printed
    assert "example.org" not in printed
    (scoring.folder / "cut.csv").write_text("\n".join(lines)[:-1])
    assert "its last value is not whole" in " ".join(score(scoring, "cut.csv", "scores.csv").split())
