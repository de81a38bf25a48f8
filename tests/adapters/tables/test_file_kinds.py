"""What strangers bring: each kind of file is read as a CSV of it, or named for what it is. No message quotes a row."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from datetime import date, datetime, timedelta

import polars as pl
import pytest
import xlsxwriter

from gallop.adapters.tables import layout
from gallop.adapters.tables.csv_format import detect
from gallop.adapters.tables.polars import read_text
from gallop.adapters.tables.remote import fetch, file_name, shown
from gallop.errors import (
    DataUnavailableError,
    EmptyTableError,
    GallopError,
    MalformedTableError,
    MissingLibraryError,
    SettingsError,
)
from gallop.schema import ROW
from gallop.settings.table import Format
from gallop.tables.header import require_header

HEADER = ["lead_id", "day", "source", "visits"]
ROWS = [("007", "2024-02-23", "organic", "4"), ("008", "2024-06-27", "social", "3"), ("009", "2024-06-15", "", "14")]
CSV = "\n".join(",".join(row) for row in [HEADER, *ROWS]) + "\n"


def table(path, sheet=None):
    frame = read_text(path, detect(path, sheet).form).to_native().drop(ROW)
    return frame.columns, [tuple(value or "" for value in row) for row in frame.rows()]


def with_header(path):
    """Read as `gallop init --label converted` does."""
    columns, rows = table(path)
    require_header(dict(zip(columns, zip(*rows, strict=True), strict=True)), ["converted"], str(path))


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__slash__", "/"), content)
    return buffer.getvalue()


def workbook(path, sheets):
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for index, row in enumerate(rows):
                sheet.write_row(index, 0, row)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("leads.csv.bz2", bz2.compress(CSV.encode())),
        ("leads.csv.xz", lzma.compress(CSV.encode())),
        ("leads.zip", zipped(**{"leads.csv": CSV.encode(), "__MACOSX__slash__._leads.csv": b"\0\1"})),
        ("leads", zipped(**{"export__slash__leads.csv.gz": gzip.compress(CSV.replace(",", ";").encode("utf-16"))})),
        ("leads.csv", ("sep=;\r\n" + CSV.replace(",", ";")).encode("utf-8-sig")),
        ("leads.csv", ('"sep=|"\n' + CSV.replace(",", "|")).encode("utf-16")),
        ("leads.jsonl", "\n".join(json.dumps(dict(zip(HEADER, row, strict=True))) for row in ROWS).encode()),
        ("leads.json", json.dumps([dict(zip(HEADER, row, strict=True)) for row in ROWS], indent=1).encode("utf-16")),
        ("leads.csv", json.dumps([dict(zip(HEADER, row, strict=True)) for row in ROWS]).encode()),
        ("leads.csv", ("# ---\n# Traffic, all of it\n\n# ---\n" + CSV).encode()),
        ("leads.csv", (",,,\nLeads of May,,,\n" + CSV).encode()),
        ("leads.csv", (CSV + '\n"Leads by source"\n"Confidential"\n').encode()),
        ("leads.csv", ("Leads\n\n" + CSV + ",,,\nTotal: 3,,,\n\n\n").encode()),
    ],
)
def test_a_table_is_the_same_however_it_is_packed_and_surrounded(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert table(tmp_path / name) == (HEADER, ROWS)


@pytest.mark.parametrize("name", ["LEADS.PARQUET", "leads.Pq", "leads"])
def test_parquet_is_known_by_its_ending_in_any_case_and_by_its_first_bytes(tmp_path, name):
    pl.DataFrame(ROWS, HEADER, orient="row").write_parquet(tmp_path / name)
    assert table(tmp_path / name) == (HEADER, ROWS)


def test_a_folder_of_parquet_is_one_table_with_its_partitions_as_a_column(tmp_path):
    frame = pl.DataFrame(ROWS, HEADER, orient="row")
    for index, (source, part) in enumerate([("organic", frame[:1]), ("social", frame[1:])]):
        folder = tmp_path / "leads.parquet" / f"country={source}"
        folder.mkdir(parents=True)
        part.write_parquet(folder / f"part-{index}.parquet")
    (tmp_path / "leads.parquet/_SUCCESS").touch()
    columns, rows = table(tmp_path / "leads.parquet")
    assert columns == [*HEADER, "country"]
    assert rows == [(*ROWS[0], "organic"), (*ROWS[1], "social"), (*ROWS[2], "social")]
    frame.drop("visits").write_parquet(tmp_path / "leads.parquet/country=organic/part-9.parquet")
    with pytest.raises(MalformedTableError, match=r"part-9\.parquet: has other columns.*visits"):
        table(tmp_path / "leads.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataUnavailableError, match="a folder without Parquet files"):
        table(tmp_path / "empty")


def test_an_excel_sheet_is_read_with_its_types_and_without_titles_and_notes(tmp_path):
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        book.add_worksheet("Notes")
        sheet = book.add_worksheet("Leads")
        day, moment, hours = (
            book.add_format({"num_format": text}) for text in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "[h]:mm:ss")
        )
        sheet.write_row(0, 0, ["Leads of May"])
        sheet.write_row(2, 0, ["id", "n", "share", "day", "moment", "yes", "took", "=text"])
        for row, code in ((3, "007"), (4, "008")):
            sheet.write_row(row, 0, [code, 2.0, 0.12345678901234])
            sheet.write_datetime(row, 3, datetime(2024, 1, 5), day)
            sheet.write_datetime(row, 4, datetime(2024, 1, 5, 13, 4, 5), moment)
            sheet.write_boolean(row, 5, row == 3)
            sheet.write_datetime(row, 6, timedelta(hours=30), hours)
            sheet.write_formula(row, 7, "=1/0", None, "#DIV/0!")
        sheet.write_row(6, 0, ["Confidential"])
    detected = detect(path)
    assert (detected.form, str(detected)) == (
        Format(sheet="Leads", preamble=2, footer=1),
        "Excel, sheet 'Leads'",
    )
    assert any("--sheet" in remark for remark in detected.remarks)
    columns, rows = table(path)
    assert columns == ["id", "n", "share", "day", "moment", "yes", "took", "=text"]
    assert rows[0] == ("007", "2", "0.12345678901234", "2024-01-05", "2024-01-05 13:04:05", "true", "108000", "")
    assert rows[1][5] == "false"


def test_a_sheet_is_chosen_by_name_and_a_wrong_name_lists_them(tmp_path):
    workbook(tmp_path / "book.xlsx", {"May": [HEADER, *ROWS], "June": [HEADER, ROWS[0]]})
    assert table(tmp_path / "book.xlsx") == (HEADER, ROWS)
    assert table(tmp_path / "book.xlsx", "June") == (HEADER, ROWS[:1])
    with pytest.raises(SettingsError, match="no sheet 'July'; it has 'May', 'June'"):
        detect(tmp_path / "book.xlsx", "July")
    (tmp_path / "leads.csv").write_text(CSV)
    with pytest.raises(SettingsError, match="a file of CSV has no sheets"):
        detect(tmp_path / "leads.csv", "May")


def test_a_damaged_excel_file_is_refused_at_every_cut(tmp_path):
    path = tmp_path / "book.xlsx"
    workbook(path, {"May": [HEADER, *ROWS]})
    whole = path.read_bytes()
    for cut in range(60, len(whole) - 1, max(1, len(whole) // 60)):
        path.write_bytes(whole[:cut])
        with pytest.raises(GallopError, match=r"book\.xlsx"):
            table(path)


def test_json_values_are_what_a_csv_would_hold(tmp_path):
    numbers, others = '"id": 12345678901234567890123, "n": 2.0, "x": 1.50', '"none": null, "bad": NaN, "in": {"a": 1}'
    line = f'{{{numbers}, "yes": true, {others}}}\n'
    (tmp_path / "leads.ndjson").write_text(line + '{"id": "b", "late": "\\ud800"}\n')
    columns, rows = table(tmp_path / "leads.ndjson")
    assert columns == ["id", "n", "x", "yes", "none", "bad", "in", "late"]
    assert rows == [
        ("12345678901234567890123", "2", "1.50", "true", "", "", "", ""),
        ("b", "", "", "", "", "", "", "?"),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"name": "Ada Lovelace"}\n{"name": "Bob Sec', "line 2 is not whole JSON"),
        ('[{"name": "Ada Lovelace"}, 3]', "entry 2 is no object"),
        ('{"data": [{"name": "Ada Lovelace"}],\n "next": null}', "one object and no table"),
        ('[{"name": "Ada Lovelace"}', "not whole JSON"),
        ('{"name": "Ada Lovelace", "name ": 1}', "'name' more than once"),
        ("[" * 100_000, "JSON"),
        ("[]", "without any names"),
    ],
)
def test_other_json_is_named_and_not_quoted(tmp_path, content, says):
    (tmp_path / "leads.json").write_text(content)
    with pytest.raises(GallopError, match=says) as caught:
        table(tmp_path / "leads.json")
    assert not any(name in str(caught.value) for name in ("Ada", "Bob"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (zipped(**{"a.csv": b"a,b\n", "b.csv": b"a,b\n"}), "a zip of 2 files"),
        (zipped(), "a zip of 0 files"),
        (b"%PDF-1.7\n1 0 obj", "a PDF"),
        (b"SQLite format 3\x00" + bytes(50), "a SQLite database"),
        (b"ARROW1\x00\x00", "an Arrow"),
        (b"<html><table><tr><td>Ada</td></tr></table>", "a web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "not an Excel file"),
        (b"BZh9" + bytes(20), "not a whole bzip2 file"),
        (b"Ada,ada@example.org,3\nBob,bob@example.org,4\nAda,x@example.org,3\n", "no header"),
        (b"3,2024-01-01,3\n1,2024-01-02,4\n", "no header"),
        (b"Ada,organic,yes\nBob,organic,no\n", "no header"),
    ],
)
def test_what_is_not_read_is_named_with_the_way_on(tmp_path, content, says):
    path = tmp_path / "leads.csv"
    path.write_bytes(content)
    with pytest.raises(GallopError, match=says) as caught:
        with_header(path)
    assert not any(word in str(caught.value) for word in ("Ada", "Bob", "example.org"))


def test_a_title_is_taken_for_one_only_where_a_header_follows(tmp_path):
    path = tmp_path / "leads.csv"
    # R writes no name for its row names: the header is the first row, and narrower.
    path.write_text("source,visits,day\n1,organic,4,2024-01-01\n2,social,3,2024-01-02\n")
    assert detect(path).form == Format()
    with pytest.raises(MalformedTableError, match="row 1 has 4 values, the header has 3"):
        table(path)


def test_a_cut_last_row_is_no_note_and_the_message_names_both(tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text(CSV + "010")
    with pytest.raises(MalformedTableError, match=r"row 4 has 1 values.*cut there.*table\.format\.footer to 1"):
        table(path)
    path.write_text(CSV + '\n"note, over\n\nlines",a,b,c\n')
    assert table(path)[1][-1] == ("note, over\n\nlines", "a", "b", "c")


def test_lines_as_wide_as_the_table_are_never_left_out(tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text(CSV)
    for form in (Format(footer=1), Format(preamble=1)):
        with pytest.raises(MalformedTableError, match=r"table\.format\.(footer|preamble) leaves out 1 lines"):
            read_text(path, form)
    with pytest.raises(EmptyTableError, match="no line is left"):
        read_text(path, Format(preamble=100))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_last_line_without_its_end_is_remarked_on(tmp_path, encoding):
    path = tmp_path / "leads.csv"
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    path.write_bytes(mark + CSV.encode(encoding))
    assert detect(path).remarks == ()
    path.write_bytes(mark + CSV[:-2].encode(encoding))
    assert "its last value is not whole" in detect(path).remarks[0]


def test_the_layout_of_rows_is_a_law_of_their_widths():
    rows = [["Report"], [], HEADER, *map(list, ROWS), [], ["note"]]
    width = layout.table_width(rows)
    assert (width, layout.preamble(rows, width), layout.footer(rows, width)) == (4, 2, 1)
    assert layout.footer([*rows[:-2], ["note"]], width) == 0
    assert layout.preamble([["Report"], list(ROWS[0]), list(ROWS[1])], width) == 0


# At an address


def test_a_table_at_an_address_is_copied_and_its_secrets_are_not_shown(tmp_path):
    (tmp_path / "leads.csv").write_text(CSV)
    fetch((tmp_path / "leads.csv").as_uri(), tmp_path / "copy.csv")
    assert (tmp_path / "copy.csv").read_text() == CSV
    url = "https://ada:secret@example.org/in/May%20leads.csv?X-Amz-Signature=secret"
    assert (shown(url), file_name(url)) == ("https://example.org/in/May%20leads.csv", "May leads.csv")
    with pytest.raises(DataUnavailableError, match="no such file"):
        fetch((tmp_path / "none.csv").as_uri(), tmp_path / "copy.csv")


def test_a_protocol_without_its_package_names_it_and_an_unknown_one_is_refused(tmp_path):
    with pytest.raises(MissingLibraryError, match="the package s3fs is needed: pip install s3fs"):
        fetch("s3://bucket/leads.csv?token=secret", tmp_path / "copy.csv")
    with pytest.raises(SettingsError, match="the protocol 'gopher' is not known"):
        fetch("gopher://bucket/leads.csv", tmp_path / "copy.csv")
    with pytest.raises(DataUnavailableError, match=r"http://127\.0\.0\.1:9/leads\.csv: cannot be read") as caught:
        fetch("http://ada:secret@127.0.0.1:9/leads.csv?token=secret", tmp_path / "copy.csv")
    assert "secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_days_of_excel_are_days(tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "book.xlsx"), {"default_date_format": "dd/mm/yy"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["id", "day"])
        for row in (1, 2):
            sheet.write_string(row, 0, f"a{row}")
            sheet.write_datetime(row, 1, date(2024, 1, row))
    assert table(tmp_path / "book.xlsx")[1] == [("a1", "2024-01-01"), ("a2", "2024-01-02")]
