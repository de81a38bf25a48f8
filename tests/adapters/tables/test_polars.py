"""Reading tables: every value as text, every fault with its row, and never a traceback. Writing them: whole or not."""

import csv
import gzip
import io
import json
from contextlib import suppress
from pathlib import Path

import narwhals.stable.v2 as nw
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gallop.adapters.tables import polars as tables
from gallop.adapters.tables.polars import TABLE_MANIFEST, read_text
from gallop.adapters.tables.scores import write_scores
from gallop.errors import (
    ChecksumError,
    DataUnavailableError,
    EmptyTableError,
    EncodingError,
    GallopError,
    MalformedTableError,
    MissingOutputError,
)
from gallop.schema import ROW
from tests.support.leads import values

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=6)


def read(folder: Path, content: bytes | str, name: str = "leads.csv") -> nw.DataFrame:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_text(path)


def rows(folder: Path, content: bytes | str) -> list[tuple]:
    return values(read(folder, content).drop(ROW))


def parquet(folder: Path, frame: pl.DataFrame) -> nw.DataFrame:
    frame.write_parquet(folder / "leads.parquet")
    return read_text(folder / "leads.parquet")


# CSV: what is well-formed


def test_every_value_is_text_and_rows_are_numbered_from_one(tmp_path):
    frame = read(tmp_path, "a,b,c\n1,2024-01-1,true\n,x,\n")
    assert values(frame) == [(1, "1", "2024-01-1", "true"), (2, "", "x", "")]
    assert [str(frame.schema[name]) for name in frame.columns] == ["Int64", "String", "String", "String"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_like(tmp_path, end):
    assert rows(tmp_path, end.join(["a,b", "1,2", "3,4", ""])) == [("1", "2"), ("3", "4")]
    assert rows(tmp_path, end.join(["a,b", "1,2", "3,4"])) == [("1", "2"), ("3", "4")]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n").columns == [ROW, "a", "b"]


def test_a_gzip_file_is_read_whatever_its_name(tmp_path):
    assert rows(tmp_path, gzip.compress(b"a,b\n1,2\n")) == [("1", "2")]


def test_quoted_values_may_hold_separators_quotes_and_new_lines(tmp_path):
    assert rows(tmp_path, 'a,b\n"x,y","he said ""no""\r\nand left"\n3,4\n') == [
        ("x,y", 'he said "no"\r\nand left'),
        ("3", "4"),
    ]


def test_quoted_names_are_names(tmp_path):
    assert read(tmp_path, '"a","b ""q""","c,d"\n1,2,3\n').columns == [ROW, "a", 'b "q"', "c,d"]


@pytest.mark.parametrize("content", ["\na,b\n1,2\n", "a,b\n\n1,2\n\n", "\r\n\r\na,b\r\n1,2\r\n\r\n", "a,b\n1,2\n\n\n"])
def test_empty_lines_are_no_rows(tmp_path, content):
    frame = read(tmp_path, content)
    assert frame.columns == [ROW, "a", "b"]
    assert values(frame) == [(1, "1", "2")]


def test_blanks_around_names_are_no_part_of_them(tmp_path):
    assert read(tmp_path, " a ,b\t\n1,2\n").columns == [ROW, "a", "b"]


def test_a_files_own_column_named_as_gallops_row_number_gets_another_name(tmp_path):
    frame = read(tmp_path, f"{ROW},a\n7,x\n9,y\n")

    assert frame.columns == [ROW, f"{ROW}_", "a"]
    assert values(frame) == [(1, "7", "x"), (2, "9", "y")]
    again = parquet(tmp_path, pl.DataFrame({ROW: [7, 9], "a": ["x", "y"]}))
    assert (again.columns, values(again)) == (frame.columns, values(frame))


def test_a_column_without_a_name_is_named_by_its_place(tmp_path):
    assert read(tmp_path, "a,,b, \n1,2,3,4\n").columns == [ROW, "a", "column_2", "b", "column_4"]


def test_a_header_without_rows_is_a_table_without_rows(tmp_path):
    assert len(read(tmp_path, "a,b\n")) == 0


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1)))
def test_what_python_writes_as_csv_is_read_back(tmp_path, table):
    width = len(table[0])
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([f"c{column}" for column in range(width)])
    writer.writerows(table)
    assert rows(tmp_path, text.getvalue()) == [tuple(row) for row in table]


# CSV: what is not


@pytest.mark.parametrize("content", [b"", b"\n", b"  \n\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(tmp_path, content):
    with pytest.raises(EmptyTableError, match=r"leads\.csv: the file is empty"):
        read(tmp_path, content)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataUnavailableError, match="no such file"):
        read_text(tmp_path / "nothing.csv")
    with pytest.raises(DataUnavailableError):
        read_text(tmp_path)


@pytest.mark.parametrize("last", ["S2,1,2024-01-1,signup", 'S2,"a, b",2024-01-1,"si""gn"', "S2,ø,æ,å", 'S2,"x\ny",1,2'])
def test_a_file_cut_at_any_byte_of_its_last_row_is_refused_unless_all_its_values_have_begun(tmp_path, last):
    # A cut within the last value leaves a row of the right width: nothing in a CSV can tell it from a whole one. For
    # the project's own data the md5 of its pointer does.
    head, whole = b"id,a,b,c\nS1,0,2024-01-2,fb\n", last.encode()
    for cut in range(1, len(whole)):
        begun = len(next(csv.reader(io.StringIO(whole[:cut].decode(errors="ignore"), newline=""))))
        if begun == 4 and whole[:cut].count(b'"') % 2 == 0 and _whole_text(whole[:cut]):
            assert len(read(tmp_path, head + whole[:cut])) == 2
        else:
            with pytest.raises((MalformedTableError, EncodingError), match="row 2"):
                read(tmp_path, head + whole[:cut])


def _whole_text(content: bytes) -> bool:
    return content.decode(errors="ignore").encode() == content


def test_a_cut_row_is_named_with_its_width(tmp_path):
    with pytest.raises(MalformedTableError, match=r"leads\.csv: row 2 has 2 values, the header has 3"):
        read(tmp_path, "a,b,c\n1,2,3\n4,5")


def test_a_row_that_is_too_long_is_named(tmp_path):
    with pytest.raises(MalformedTableError, match="row 2 has 4 values, the header has 3"):
        read(tmp_path, "a,b,c\n1,2,3\n4,5,6,7\n8,9,0\n")


def test_rows_are_counted_and_not_lines(tmp_path):
    with pytest.raises(MalformedTableError, match="row 3 has 1 values"):
        read(tmp_path, 'a,b\n\n"x\ny\nz",1\n2,3\n\n\n4\n')
    with pytest.raises(EncodingError, match="row 3: byte 0xe6"):
        read(tmp_path, b'a,b\n\n"x\ny\nz",1\n2,3\n\n4,\xe6\n')
    with pytest.raises(EncodingError, match="row 2: a NUL byte"):
        read(tmp_path, b"a,b\r1,2\r3,\x00\r")


def test_a_line_of_blanks_is_a_row_that_is_too_short(tmp_path):
    with pytest.raises(MalformedTableError, match="row 2 has 1 values"):
        read(tmp_path, "a,b\n1,2\n   \n")


@pytest.mark.parametrize("content", ['a,b\n"1,2\n3,4\n', '"a,b\n1,2\n', 'a,b\n1,"2', 'a,b\n1,2\n"'])
def test_a_quotation_mark_left_open_is_refused(tmp_path, content):
    with pytest.raises(MalformedTableError):
        read(tmp_path, content)


@pytest.mark.parametrize("long", ['"a,b\n' + "1,2\n" * 60000, 'a,b\n"1,2\n' + "3,4\n" * 60000])
def test_a_quotation_mark_left_open_in_a_long_file_is_refused(tmp_path, long):
    with pytest.raises(MalformedTableError):
        read(tmp_path, long)


def test_latin_1_is_refused_with_its_row_and_a_way_out(tmp_path):
    with pytest.raises(EncodingError, match=r"leads\.csv: row 2: byte 0xf8 is not UTF-8; .*iconv"):
        read(tmp_path, "a,b\n1,2\n3,København\n".encode("latin-1"))
    with pytest.raises(EncodingError, match="the header: byte 0xf8"):
        read(tmp_path, "a,ø\n1,2\n".encode("latin-1"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_unicode_encodings_are_refused(tmp_path, encoding):
    with pytest.raises(EncodingError):
        read(tmp_path, "a,b\n1,2\n".encode(encoding))


def test_a_nul_byte_is_refused_with_its_row(tmp_path):
    with pytest.raises(EncodingError, match="row 1: a NUL byte"):
        read(tmp_path, b"a,b\n1,\x002\n")
    with pytest.raises(EncodingError, match="the header: a NUL byte"):
        read(tmp_path, b"a,\x00b\n1,2\n")


@pytest.mark.parametrize("header", ["a,b,a", "a, a", "column_2,", "gallop_row,gallop_row_"])
def test_a_name_that_comes_twice_is_refused(tmp_path, header):
    with pytest.raises(MalformedTableError, match="more than once"):
        read(tmp_path, header + "\n" + ",".join("1" * len(header.split(","))) + "\n")


def test_a_column_without_a_name_is_read_as_text_too(tmp_path):
    assert [str(dtype) for dtype in read(tmp_path, "a,\n1,2\n").schema.values()] == ["Int64", "String", "String"]


def test_a_cut_or_damaged_gzip_file_is_refused(tmp_path):
    whole = gzip.compress(b"a,b\n1,2\n" * 50, mtime=0)
    for cut in range(2, len(whole)):
        with pytest.raises(MalformedTableError, match="gzip"):
            read(tmp_path, whole[:cut])


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_byte_in_a_gzip_file_is_refused_or_harmless(tmp_path, position, flip):
    whole = bytearray(gzip.compress(b"".join(b"%d,%d\n" % (n, n * n) for n in range(2, 100)), mtime=0))
    expected = rows(tmp_path, bytes(whole))
    whole[position % len(whole)] ^= flip
    with suppress(GallopError):
        assert rows(tmp_path, bytes(whole)) == expected


@given(st.binary(max_size=80), st.sampled_from(["leads.csv", "leads.parquet"]))
def test_any_bytes_are_read_as_text_or_refused_and_never_crash(tmp_path, content, name):
    with suppress(GallopError):
        frame = read(tmp_path, content, name)
        assert all(dtype == nw.String for column, dtype in frame.schema.items() if column != ROW)


@given(st.text(st.sampled_from('a1,"\n\r \t;æ'), max_size=40))
def test_any_csv_like_text_is_read_or_refused_and_never_crashes(tmp_path, content):
    with suppress(GallopError):
        frame = read(tmp_path, content)
        assert all(dtype == nw.String for column, dtype in frame.schema.items() if column != ROW)


def test_an_error_quotes_no_values_of_the_row(tmp_path):
    with pytest.raises(MalformedTableError) as caught:
        read(tmp_path, "name,phone\nAda Lovelace,12345678\nBob Secret\n")
    assert "Bob" not in str(caught.value)


# Parquet that others wrote


def test_parquet_values_become_the_text_a_csv_would_hold(tmp_path):
    frame = pl.DataFrame(
        {
            "group": [2.0, None],
            "spent": [1.5, float("nan")],
            "truth": [True, None],
            "count": [3, None],
            "day": [pl.date(2024, 1, 3), None],
            "moment": [pl.datetime(2024, 1, 3), None],
            "level": ["x", None],
        }
    )
    frame = frame.select(pl.exclude("day", "moment"), *[pl.Series(n, [_day(n), None]) for n in ("day", "moment")])
    table = parquet(tmp_path, frame).drop(ROW)
    assert dict(zip(table.columns, values(table)[0], strict=True)) == {
        "group": "2",
        "spent": "1.5",
        "truth": "true",
        "count": "3",
        "level": "x",
        "day": "2024-01-03",
        "moment": "2024-01-03",
    }
    assert values(table)[1] == (None,) * 7


def _day(kind):
    from datetime import date, datetime

    return date(2024, 1, 3) if kind == "day" else datetime(2024, 1, 3)


def test_parquet_columns_of_other_kinds_are_no_values(tmp_path):
    frame = pl.DataFrame({"id": ["a"], "list": [[1, 2]], "struct": [{"x": 1}], "bytes": [b"\xff\xfe"]})
    table = parquet(tmp_path, frame)
    assert table["id"].to_list() == ["a"]
    assert all(table[name].to_list() == [None] for name in ("list", "struct", "bytes"))


def test_parquet_with_a_name_twice_is_refused(tmp_path):
    twice = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    pyarrow.parquet.write_table(twice, tmp_path / "leads.parquet")
    with pytest.raises(MalformedTableError, match="more than once"):
        read_text(tmp_path / "leads.parquet")


def test_parquet_without_columns_is_empty(tmp_path):
    with pytest.raises(EmptyTableError):
        parquet(tmp_path, pl.DataFrame())


@pytest.mark.parametrize("content", [b"", b"PAR1", b"hello", b"PAR1" + bytes(100) + b"PAR1"])
def test_what_is_no_parquet_is_refused(tmp_path, content):
    with pytest.raises(ChecksumError, match=r"leads\.parquet"):
        read(tmp_path, content, "leads.parquet")


def test_a_parquet_file_cut_at_any_byte_is_refused(tmp_path):
    parquet(tmp_path, pl.DataFrame({"a": ["x", "y"]}))
    whole = (tmp_path / "leads.parquet").read_bytes()
    for cut in range(0, len(whole), 7):
        with pytest.raises(ChecksumError):
            read(tmp_path, whole[:cut], "leads.parquet")


@given(st.integers(0, 10**6), st.integers(0, 7))
def test_a_flipped_bit_in_foreign_parquet_never_crashes(tmp_path, position, bit):
    parquet(tmp_path, pl.DataFrame({"a": ["x", "y", None] * 20, "b": list(range(60))}))
    whole = bytearray((tmp_path / "leads.parquet").read_bytes())
    whole[position % len(whole)] ^= 1 << bit
    try:
        table = read(tmp_path, bytes(whole), "leads.parquet")
    except GallopError as error:
        assert "leads.parquet" in str(error)  # noqa: PT017
    else:
        assert {table.schema[name] for name in table.columns if name != ROW} == {nw.String()}


def test_a_flipped_bit_in_a_page_with_a_checksum_is_refused(tmp_path):
    path = tmp_path / "leads.parquet"
    table = pa.table({"a": [f"value {row}" for row in range(200)]})
    pyarrow.parquet.write_table(table, path, write_page_checksum=True, compression="none", use_dictionary=False)
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"value 100")] ^= 1
    with pytest.raises(ChecksumError):
        read(tmp_path, bytes(whole), "leads.parquet")


# A stage's own output

FRAME = nw.from_native(
    pl.DataFrame({"id": ["a", "b"], "n": [1.5, None], "yes": [True, None], "label": pl.Series([1, 0], dtype=pl.Int8)}),
    eager_only=True,
)


def test_what_is_written_is_read_back_with_its_types(tmp_path):
    tables.write({"leads": FRAME}, tmp_path)
    back = tables.read(tmp_path / "leads.parquet")
    assert back.schema == FRAME.schema
    assert values(back) == values(FRAME)


def test_the_manifest_tells_rows_schema_and_digest_of_each_table(tmp_path):
    tables.write({"leads": FRAME, "none": FRAME.head(0)}, tmp_path)
    manifest = json.loads((tmp_path / TABLE_MANIFEST).read_text())
    assert {name: entry["rows"] for name, entry in manifest.items()} == {"leads.parquet": 2, "none.parquet": 0}
    assert manifest["leads.parquet"]["schema"] == {"id": "String", "n": "Float64", "yes": "Boolean", "label": "Int8"}
    assert len(manifest["leads.parquet"]["sha256"]) == 64


def test_equal_tables_are_written_as_equal_bytes(tmp_path):
    for folder in ("one", "two"):
        tables.write({"leads": FRAME}, tmp_path / folder)
    assert (tmp_path / "one/leads.parquet").read_bytes() == (tmp_path / "two/leads.parquet").read_bytes()


def test_no_table_and_no_manifest_means_that_nothing_is_there(tmp_path):
    with pytest.raises(MissingOutputError, match="run the earlier stages first"):
        tables.read(tmp_path / "leads.parquet")
    tables.write({"leads": FRAME}, tmp_path)
    (tmp_path / TABLE_MANIFEST).unlink()
    with pytest.raises(MissingOutputError):
        tables.read(tmp_path / "leads.parquet")


@given(st.integers(0, 10**6), st.integers(0, 7))
def test_a_flipped_bit_in_a_stages_output_is_refused(tmp_path, position, bit):
    tables.write({"leads": FRAME}, tmp_path)
    path = tmp_path / "leads.parquet"
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= 1 << bit
    path.write_bytes(content)
    with pytest.raises(ChecksumError, match="SHA-256"):
        tables.read(path)


@given(st.integers(0, 10**6), st.integers(1, 255))
@examples(max_examples=100)
def test_a_flipped_byte_in_a_manifest_is_refused_or_harmless(tmp_path, position, flip):
    tables.write({"leads": FRAME}, tmp_path)
    path = tmp_path / TABLE_MANIFEST
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= flip
    path.write_bytes(content)
    with suppress(ChecksumError):
        assert values(tables.read(tmp_path / "leads.parquet")) == values(FRAME)


@pytest.mark.parametrize("manifest", ["", "[]", "{", "null", '{"leads.parquet": 3}', "{}"])
def test_a_manifest_of_another_shape_is_refused(tmp_path, manifest):
    tables.write({"leads": FRAME}, tmp_path)
    (tmp_path / TABLE_MANIFEST).write_text(manifest)
    with pytest.raises(ChecksumError):
        tables.read(tmp_path / "leads.parquet")


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet", "scores.pq"])
def test_scores_are_read_back_from_either_kind_of_file(tmp_path, name):
    write_scores(FRAME.select("id", "n"), tmp_path / name)
    table = read_text(tmp_path / name)
    assert table["id"].to_list() == ["a", "b"]
    assert table["n"].to_list()[0] == "1.5"
    assert [path.name for path in tmp_path.iterdir()] == [name]
