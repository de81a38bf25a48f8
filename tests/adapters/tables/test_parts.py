"""A table in parts: the same leads, rejected rows, counts and errors as of the table in one piece."""

from contextlib import suppress
from itertools import pairwise

import narwhals.stable.v2 as nw
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.adapters.tables import parts, polars
from gallop.adapters.tables.parts import DiskStore, writing_parts
from gallop.adapters.tables.polars import TABLE_MANIFEST
from gallop.errors import GallopError
from gallop.results.run import Quality
from gallop.schema import ROW
from gallop.settings.table import Table
from gallop.stages.data_clean import clean_parts, data_clean
from tests.support.leads import lead, many, messy_leads, raw, values


def cut(frame: nw.DataFrame, places: list[int]) -> list[nw.DataFrame]:
    bounds = [0, *sorted(place % (len(frame) + 1) for place in places), len(frame)]
    return [frame[start:stop] for start, stop in pairwise(bounds)]


def cleaned_in_parts(pieces: list[nw.DataFrame], table: Table, folder) -> tuple[list, list, Quality]:
    with writing_parts(folder) as writer, DiskStore(writer, folder) as store:
        quality = clean_parts(pieces, pieces[0].columns, table, "here", store)
    leads, rejected = (polars.read(folder / f"{name}.parquet") for name in ("leads", "rejected"))
    return values(leads), sorted(values(rejected)), quality


@given(messy_leads, st.lists(st.integers(0, 1000), max_size=4))
def test_wherever_a_table_is_cut_it_is_cleaned_as_in_one_piece(tmp_path, monkeypatch, table, messy, places):
    monkeypatch.setattr(parts, "_COMPARED_ROWS", 3)
    lenient = table.model_copy(update={"max_defect_share": 1.0})
    lenient = lenient.model_copy(update={"label": lenient.label.model_copy(update={"other": "reject"})})
    leads = raw([*messy, *many(40)])
    whole = data_clean(leads, lenient, "here")
    expected = (values(whole.leads), sorted(values(whole.rejected)), whole.quality)
    assert cleaned_in_parts(cut(leads, places), lenient, tmp_path) == expected


@given(messy_leads, st.integers(0, 1000))
def test_and_what_is_refused_is_refused_with_the_same_sentence(tmp_path, table, messy, place):
    leads = raw([*messy, lead(lead_indicator="2"), *many(18)])

    def sentence(clean) -> str:
        try:
            clean()
        except GallopError as error:
            return str(error)
        return ""

    assert sentence(lambda: cleaned_in_parts(cut(leads, [place]), table, tmp_path)) == sentence(
        lambda: data_clean(leads, table, "here")
    )
    assert not list(tmp_path.iterdir())


def test_rows_of_one_id_in_different_parts_are_found(tmp_path, table):
    leads = raw([*many(100), lead(lead_id="L3", lead_indicator="1"), lead(lead_id="L7", purchases="1")])
    kept, rejected, quality = cleaned_in_parts(cut(leads, [50]), table, tmp_path)
    assert [row[0] for row in rejected] == [8, 101, 102]
    assert {count.rule: count.rows for count in quality.rules if count.rows} == {
        "duplicate_row": 1,
        "conflicting_id": 2,
    }
    assert len(kept) == quality.kept == 99


@pytest.mark.parametrize("rows", [0, 10, 1000])
def test_what_is_written_in_parts_is_read_back_in_order(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(parts, "_GROUP_ROWS", 100)
    frame = pl.DataFrame(
        {"n": range(rows), "text": [None if row % 3 else f"t{row}" for row in range(rows)], "yes": [True] * rows},
        schema={"n": pl.Int64, "text": pl.String, "yes": pl.Boolean},
    )
    with writing_parts(tmp_path) as writer:
        for start in range(0, rows + 1, 70):
            writer.append("table", nw.from_native(frame[start : start + 70], eager_only=True))
    back = polars.read(tmp_path / "table.parquet")
    assert writer.rows == {"table": rows}
    assert back.to_native().equals(frame)
    assert back.schema == nw.from_native(frame).schema
    assert sorted(path.name for path in tmp_path.iterdir()) == [TABLE_MANIFEST, "table.parquet"]


def test_a_table_of_which_the_second_part_fails_leaves_the_one_before(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_GROUP_ROWS", 1)
    frame = nw.from_native(pl.DataFrame({ROW: [1, 2]}), eager_only=True)
    with writing_parts(tmp_path) as writer:
        writer.append("table", frame)
    before = (tmp_path / "table.parquet").read_bytes()
    with suppress(KeyboardInterrupt), writing_parts(tmp_path) as writer:
        writer.append("table", frame)
        raise KeyboardInterrupt
    assert (tmp_path / "table.parquet").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [TABLE_MANIFEST, "table.parquet"]
