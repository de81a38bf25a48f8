"""Scores for people: Excel, CSV and Parquet by the ending, four decimals, and no text that a spreadsheet would run."""

import csv
import re

import narwhals.stable.v2 as nw
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.adapters.tables.csv_format import detect
from gallop.adapters.tables.polars import read_text
from gallop.adapters.tables.scores import harmless, write_scores
from gallop.errors import SettingsError

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd()", "@SUM(A1)", "\t=1+1", "\r=1+1", "＝1+1"]
PLAIN = ["-1.5", "+4917012345", "Ada", "a=b", "", "1e-5", "-.5"]


def scores(texts):
    frame = pl.DataFrame(
        {"=id": texts, "probability": [0.123456789] * len(texts), "log_odds": [-1.23456789] * len(texts)}
    )
    return nw.from_native(frame, eager_only=True)


def test_formulas_get_an_apostrophe_in_csv_and_plain_numbers_stay(tmp_path):
    write_scores(scores(FORMULAS + PLAIN), tmp_path / "scores.csv", ["probability"])
    with (tmp_path / "scores.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    assert header == ["'=id", "probability", "log_odds"]
    assert [row[0] for row in rows] == ["'" + text for text in FORMULAS] + PLAIN
    assert {row[1] for row in rows} == {"0.1235"}
    assert {row[2] for row in rows} == {"-1.23456789"}


def test_formulas_are_texts_in_excel_and_keep_their_value(tmp_path):
    import zipfile

    path = tmp_path / "scores.xlsx"
    write_scores(scores(FORMULAS[:4] + PLAIN), path, ["probability"])
    with zipfile.ZipFile(path) as book:
        sheet, styles = book.read("xl/worksheets/sheet1.xml").decode(), book.read("xl/styles.xml").decode()
    assert "<f>" not in sheet
    assert 'quotePrefix="1"' in styles
    frame = read_text(path, detect(path).form)
    assert [text or "" for text in frame["=id"].to_list()] == FORMULAS[:4] + PLAIN
    assert set(frame["probability"].to_list()) == {"0.1235"}


def test_parquet_keeps_every_digit_and_text(tmp_path):
    write_scores(scores(FORMULAS), tmp_path / "scores.PARQUET", ["probability"])
    frame = pl.read_parquet(tmp_path / "scores.PARQUET")
    assert frame["=id"].to_list() == FORMULAS
    assert set(frame["probability"].to_list()) == {0.123456789}


@pytest.mark.parametrize("name", ["scores", "scores.xls", "scores.docx", "scores.csv.gz", "params.yaml"])
def test_an_unknown_ending_is_refused_and_the_known_ones_are_listed(tmp_path, name):
    with pytest.raises(SettingsError, match=r"\.csv, \.tsv, \.xlsx, \.parquet"):
        write_scores(scores(PLAIN), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_tabs_separate_where_the_ending_says_so(tmp_path):
    write_scores(scores(["Ada, née Byron"]), tmp_path / "scores.tsv", ["probability"])
    assert (tmp_path / "scores.tsv").read_text(encoding="utf-8").splitlines()[
        1
    ] == "Ada, née Byron\t0.1235\t-1.23456789"


@given(st.lists(st.text(max_size=8), min_size=1))
def test_no_cell_of_a_csv_begins_as_a_formula_unless_it_is_a_number(texts):
    made = pl.select(harmless(pl.lit(pl.Series(texts))).alias("text"))["text"].to_list()
    for text, shown in zip(texts, made, strict=True):
        assert shown in {text, "'" + text}
        if shown[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"}:
            assert float(shown) == float(shown)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20))
def test_four_decimals_are_the_number_whatever_its_sign(tmp_path, numbers):
    write_scores(nw.from_native(pl.DataFrame({"uplift": numbers}), eager_only=True), tmp_path / "s.csv", ["uplift"])
    texts = (tmp_path / "s.csv").read_text().splitlines()[1:]
    assert all(re.fullmatch(r"-?[01]\.[0-9]{4}", text) and text != "-0.0000" for text in texts)
    assert all(abs(float(text) - number) <= 0.50001e-4 for text, number in zip(texts, numbers, strict=True))
