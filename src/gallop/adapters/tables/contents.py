"""What a table's file holds, known by its first bytes: the compression or archive it is packed in, and its kind."""

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
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


@dataclass(frozen=True)
class OpenContents:
    """As `Contents`, still to be read."""

    kind: Kind
    stream: io.BufferedReader


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
_START: Final = 1 << 16
"""Bytes that are looked at to see what a file is."""
_LAYERS: Final = 3
"""A zip of a gz of a CSV is odd; more is a mistake or worse."""


def read_contents(path: Path) -> Contents:
    """The table in a file, unpacked where it is gzip, zstd, bzip2, xz, or a zip of one file.

    Raises:
        DataUnavailableError: no such file. EmptyTableError: nothing in it.
        MalformedTableError: damaged, or of a kind that is not read; the message names it.
    """
    opened = open_contents(path)
    with opened.stream as stream:
        data = stream.read()
    if opened.kind is not Kind.PARQUET and not data.strip():
        raise _empty(path)
    return Contents(opened.kind, data)


def open_contents(path: Path) -> OpenContents:
    """As `read_contents`, to be read some bytes at a time. Raises the same; damage in the packing where it is read."""
    if not path.is_file():
        raise DataUnavailableError(f"{path}: no such file")
    name = path.name
    stream: io.BufferedReader = io.BufferedReader(path.open("rb", buffering=0), _START)
    if path.suffix.lower() in PARQUET_ENDINGS:
        return OpenContents(Kind.PARQUET, stream)
    try:
        for _ in range(_LAYERS):
            start = stream.peek(_START)
            if start.startswith((_ZIP, _EMPTY_ZIP)) and not _is_spreadsheet(start):
                name, stream = _only_member(stream, path)
            elif packed := next((kind for magic, kind in _PACKED.items() if start.startswith(magic)), None):
                name, stream = name.rpartition(".")[0], _unpacked(stream, packed, path)
            else:
                break
        start = stream.peek(_START)
        if len(start) < _START and not start.strip():
            raise _empty(path)
        return OpenContents(_kind(start, name, path), stream)
    except BaseException:
        stream.close()
        raise


def _empty(path: Path) -> EmptyTableError:
    return EmptyTableError(f"{path}: the file is empty; a header and at least one row are needed")


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


def _only_member(stream: io.BufferedReader, path: Path) -> tuple[str, io.BufferedReader]:
    faults = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)
    try:
        archive = zipfile.ZipFile(stream if stream.seekable() else io.BytesIO(stream.read()))
        members = [member for member in archive.infolist() if _is_table(member)]
        if len(members) != 1:
            raise MalformedTableError(
                f"{path}: a zip of {len(members)} files, and a table is one; unpack it and name the file"
            )
        if members[0].flag_bits & 1:
            raise MalformedTableError(f"{path}: a zip with a password; unpack it and name the file in it")
        member = archive.open(members[0])
    except faults as error:
        raise MalformedTableError(f"{path}: not a whole zip file: {type(error).__name__}") from None
    unpacking = _Unpacking(
        (member, archive, stream),
        faults,
        lambda error: MalformedTableError(f"{path}: not a whole zip file: {type(error).__name__}"),
    )
    return members[0].filename, io.BufferedReader(unpacking, _START)


def _is_table(member: zipfile.ZipInfo) -> bool:
    """Not a folder, nor what a Mac adds to each archive."""
    name = PurePosixPath(member.filename)
    return not member.is_dir() and name.parts[0] != "__MACOSX" and not name.name.startswith(".")


def _unpacked(stream: io.BufferedReader, packed: str, path: Path) -> io.BufferedReader:
    if packed == "gzip":
        unpacked = gzip.GzipFile(fileobj=stream)
    elif packed == "bzip2":
        unpacked = bz2.BZ2File(stream)
    elif packed == "xz":
        unpacked = lzma.LZMAFile(stream)  # noqa: SIM115 closed with the stream
    else:
        import pyarrow as pa

        unpacked = pa.CompressedInputStream(stream, "zstd")
    faults = (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError)
    unpacking = _Unpacking(
        (unpacked, stream), faults, lambda error: MalformedTableError(f"{path}: not a whole {packed} file: {error}")
    )
    return io.BufferedReader(unpacking, _START)


class _Unpacking(io.RawIOBase):
    """Unpacked bytes, read until what is packed turns out to be damaged."""

    def __init__(
        self,
        sources: tuple,
        faults: tuple[type[Exception], ...],
        explain: Callable[[Exception], MalformedTableError],
    ) -> None:
        """`sources`: what is read, then what has to be closed with it."""
        self._sources, self._faults, self._explain = sources, faults, explain

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        super().close()
        for source in self._sources:
            source.close()

    def readinto(self, buffer) -> int:
        try:
            block = self._sources[0].read(len(buffer))
        except self._faults as error:
            raise self._explain(error) from None
        buffer[: len(block)] = block
        return len(block)
