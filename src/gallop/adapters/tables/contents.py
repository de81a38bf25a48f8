"""What a table's file holds, known by its first bytes: the compression or archive it is packed in, and its kind."""

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final

from gallop.errors import DataUnavailableError, EmptyTableError, MalformedTableError


class Kind(StrEnum):
    """The kinds of tables that are read."""

    CSV = "CSV"
    JSON = "JSON"
    EXCEL = "Excel"
    PARQUET = "Parquet"


@dataclass(frozen=True)
class Contents:
    """A table's bytes, unpacked, and what they are."""

    kind: Kind
    data: bytes


PARQUET_ENDINGS: Final = frozenset({".parquet", ".pq"})
_JSON_ENDINGS: Final = frozenset({".json", ".jsonl", ".ndjson"})
_PACKED: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
_ZIP, _EMPTY_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNREAD: Final = {
    b"%PDF": "a PDF",
    b"ARROW1": "an Arrow (Feather) file",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"SQLite format 3\x00": "a SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"$FL2": "an SPSS file",
    b"<stata_dta>": "a Stata file",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x80\x04\x95": "a pickle",
    b"\x80\x05\x95": "a pickle",
}
"""What begins so is named and refused: each would need a reader of its own."""
_PAGE: Final = re.compile(rb"\s*<(!doctype|html|\?xml|table)", re.IGNORECASE)
_JSON: Final = re.compile(rb'\s*(\{\s*["}]|\[\s*[\[{])')
_LAYERS: Final = 3
"""A zip of a gz of a CSV is odd; more is a mistake or worse."""


def read_contents(path: Path) -> Contents:
    """The table in a file, unpacked where it is gzip, zstd, bzip2, xz, or a zip of one file.

    Raises:
        DataUnavailableError: no such file. EmptyTableError: nothing in it.
        MalformedTableError: damaged, or of a kind that is not read; the message names it.
    """
    if not path.is_file():
        raise DataUnavailableError(f"{path}: no such file")
    name, data = path.name, path.read_bytes()
    if path.suffix.lower() in PARQUET_ENDINGS:
        return Contents(Kind.PARQUET, data)
    for _ in range(_LAYERS):
        if data.startswith((_ZIP, _EMPTY_ZIP)) and not _is_spreadsheet(data):
            name, data = _only_member(data, path)
        elif packed := next((kind for magic, kind in _PACKED.items() if data.startswith(magic)), None):
            name, data = name.rpartition(".")[0], _unpacked(data, packed, path)
        else:
            break
    if not data.strip():
        raise EmptyTableError(f"{path}: the file is empty; a header and at least one row are needed")
    return Contents(_kind(data, name, path), data)


def _kind(data: bytes, name: str, path: Path) -> Kind:
    if data.startswith((_ZIP, _OLD_EXCEL)):
        return Kind.EXCEL
    if data.startswith(b"PAR1"):
        return Kind.PARQUET
    for magic, what in _UNREAD.items():
        if data.startswith(magic):
            raise MalformedTableError(f"{path}: {what}, which is not read; save the table as CSV, Excel or Parquet")
    if _PAGE.match(data):
        raise MalformedTableError(
            f"{path}: a web page or XML, whatever its name says; open it in a spreadsheet and save it as CSV or Excel"
        )
    if PurePosixPath(name).suffix.lower() in _JSON_ENDINGS or _JSON.match(data.removeprefix(b"\xef\xbb\xbf")):
        return Kind.JSON
    return Kind.CSV


def _is_spreadsheet(data: bytes) -> bool:
    """Whether a zip is what Excel (or LibreOffice) writes; a damaged one is judged by its first file's name."""
    first = data[30:60]
    return first.startswith((b"[Content_Types].xml", b"_rels/", b"xl/", b"docProps/", b"mimetypeapplication/vnd.oasis"))


def _only_member(data: bytes, path: Path) -> tuple[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if _is_table(member)]
            if len(members) != 1:
                raise MalformedTableError(
                    f"{path}: a zip of {len(members)} files, and a table is one; unpack it and name the file"
                )
            if members[0].flag_bits & 1:
                raise MalformedTableError(f"{path}: a zip with a password; unpack it and name the file in it")
            return members[0].filename, archive.read(members[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise MalformedTableError(f"{path}: not a whole zip file: {type(error).__name__}") from None


def _is_table(member: zipfile.ZipInfo) -> bool:
    """Not a folder, nor what a Mac adds to each archive."""
    name = PurePosixPath(member.filename)
    return not member.is_dir() and name.parts[0] != "__MACOSX" and not name.name.startswith(".")


def _unpacked(data: bytes, packed: str, path: Path) -> bytes:
    try:
        if packed == "gzip":
            return gzip.decompress(data)
        if packed == "bzip2":
            return bz2.decompress(data)
        if packed == "xz":
            return lzma.decompress(data)
        import pyarrow as pa

        with pa.input_stream(pa.BufferReader(data), compression="zstd") as stream:
            return stream.read()
    except (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise MalformedTableError(f"{path}: not a whole {packed} file: {error}") from None
