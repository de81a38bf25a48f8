"""A Parquet file that is damaged is named as such, whichever bytes are hit: no crash of a library gets out."""

import datetime
import random
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gallop.adapters.tables import parquet
from gallop.adapters.tables.polars import read_text
from gallop.errors import ChecksumError, GallopError

FRAME = pl.DataFrame(
    {
        "id": [f"L{number}" for number in range(200)],
        "amount": [number / 3 for number in range(200)],
        "day": [datetime.date(2024, 1, 1 + number % 28) for number in range(200)],
        "won": [number % 3 == 0 for number in range(200)],
        "channel": pl.Series([f"c{number % 7}" for number in range(200)], dtype=pl.Categorical),
    }
)


def damaged(content: bytes, draw: random.Random) -> bytes:
    """The content with some bits turned, bytes overwritten, cut, or its end repeated."""
    changed = bytearray(content)
    how = draw.randrange(4)
    if how == 0:
        return content[: draw.randrange(len(content))]
    if how == 1:
        return content + content[draw.randrange(len(content)) :]
    for _ in range(draw.choice([1, 1, 3, 20])):
        # The footer, at the end, holds what a reader believes; half of the hits go there.
        place = draw.randrange(len(changed)) if how == 2 else len(changed) - 1 - draw.randrange(600)
        changed[place] ^= 1 << draw.randrange(8)
    return bytes(changed)


def files() -> dict[str, bytes]:
    """The same table as different writers make it."""
    contents = {}
    for name, options in {"polars": {}, "plain": {"compression": "uncompressed"}}.items():
        target = pa.BufferOutputStream()
        FRAME.write_parquet(target, **options)
        contents[name] = target.getvalue().to_pybytes()
    target = pa.BufferOutputStream()
    pq.write_table(FRAME.to_arrow(), target, write_page_checksum=True, use_dictionary=False)
    return contents | {"arrow": target.getvalue().to_pybytes()}


@pytest.mark.parametrize("writer", ["polars", "plain", "arrow"])
def test_a_damaged_table_of_a_person_is_refused_or_read(tmp_path: Path, writer: str) -> None:
    content, draw, path = files()[writer], random.Random(7), tmp_path / "leads.parquet"
    said = []
    for _ in range(150):
        path.write_bytes(damaged(content, draw))
        try:
            read_text(path)
        except GallopError as error:
            said.append(str(error))
    assert len(said) > 75
    assert all(sentence.startswith(str(path)) and "\n" not in sentence for sentence in said)


def test_a_damaged_table_of_a_stage_is_refused_whatever_its_manifest_says(tmp_path: Path) -> None:
    content, draw, path = files()["polars"], random.Random(7), tmp_path / "leads.parquet"
    said = []
    for _ in range(150):
        path.write_bytes(damaged(content, draw))
        try:
            parquet.read_own(path)
        except ChecksumError as error:
            said.append(str(error))
    assert len(said) > 75
    assert all("not a whole Parquet file" in sentence for sentence in said)
