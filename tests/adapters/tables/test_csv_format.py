"""Any CSV: separators, encodings and compressions are found once, at `gallop init`, and then read as found."""

import gzip

import polars as pl
import pytest

from gallop.adapters.tables import csv_format
from gallop.adapters.tables.csv_format import detect
from gallop.adapters.tables.polars import read_text
from gallop.schema import ROW
from tests.support.tables import csv_text, leads

EXPECTED = leads(80)


def read(path):
    frame = read_text(path, detect(path).form).to_native().drop(ROW)
    header = ["gallop_row" if name == "gallop_row_" else name for name in frame.columns]
    return [header, *(list(row) for row in frame.rows())]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_however_it_is_written(tmp_path, separator, encoding):
    path = tmp_path / "leads.csv"
    path.write_bytes(csv_text(EXPECTED, separator).encode(encoding))
    assert detect(path).form.separator == separator
    assert read(path) == EXPECTED


def test_a_table_in_a_western_encoding_is_read(tmp_path):
    path = tmp_path / "leads.csv"
    rows = [["name", "Größe"], *[["Müller-Lüdenscheidt", "größer als üblich"], ["François Élan", "très élevé"]] * 30]
    path.write_bytes(csv_text(rows, ";").encode("cp1252"))
    assert read(path) == rows


def test_compressed_tables_are_read(tmp_path):
    content = csv_text(EXPECTED).encode()
    (tmp_path / "leads.csv.gz").write_bytes(gzip.compress(content))
    import pyarrow as pa

    (tmp_path / "leads.csv.zst").write_bytes(pa.Codec("zstd").compress(content, asbytes=True))
    with pa.output_stream(str(tmp_path / "leads.csv.zst"), compression="zstd") as stream:
        stream.write(content)
    assert read(tmp_path / "leads.csv.gz") == EXPECTED
    assert read(tmp_path / "leads.csv.zst") == EXPECTED


def test_a_parquet_table_is_read_as_the_csv_is(tmp_path):
    frame = pl.DataFrame({"id": [1, 2], "spent": [1.5, 2.0], "name": ["ä", None]})
    frame.write_parquet(tmp_path / "leads.parquet")
    assert read_text(tmp_path / "leads.parquet").to_native().drop(ROW).rows() == [
        ("1", "1.5", "ä"),
        ("2", "2", None),
    ]


@pytest.mark.parametrize("end", ["", "\n", "\nL,1", "\n\nTotal: 3\n"])
@pytest.mark.parametrize("start", ["id;n\n", "sep=;\nid;n\n", "\ufeffid;n\n", "A report\n\nid;n\n", "id;größe\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_large_csv_is_known_as_a_small_one_is(tmp_path, monkeypatch, start, end, encoding):
    text = start + "\n".join(f"L{row};{row}" for row in range(2000)) + end
    path = tmp_path / "leads.csv"
    path.write_bytes(text.encode(encoding, "ignore"))
    small = detect(path)
    monkeypatch.setattr(csv_format, "_LARGE_BYTES", 1000)
    monkeypatch.setattr(csv_format, "_SAMPLE_BYTES", 500)
    assert detect(path) == small
