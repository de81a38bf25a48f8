"""JSON → a table of text: one object per line (JSON lines, NDJSON), or a list of objects.

Numbers are taken as they are written, so that no digit of a long id is lost. What is within an object's objects and
lists is no value of a table. No message quotes the file, which may name people.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from gallop.adapters.tables.header import column_names
from gallop.errors import EmptyTableError, EncodingError, MalformedTableError

_WANTED = "one object per line, or one list of objects"


def read_json(data: bytes, path: Path) -> pl.DataFrame:
    """The objects as rows of text; the columns are all their names, in the order in which they come.

    Raises:
        EncodingError, EmptyTableError. MalformedTableError: not JSON, or JSON of another shape.
    """
    try:
        text = data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise EncodingError(f"{path}: JSON, but not in {error.encoding}: {error.reason}") from None
    try:
        records = list(_listed(text, path) if text.lstrip().startswith("[") else _lines(text, path))
    except RecursionError:
        raise MalformedTableError(f"{path}: JSON, but nested too deeply for a table; give {_WANTED}") from None
    names = list(dict.fromkeys(name for record in records for name in record))
    if not names:
        raise EmptyTableError(f"{path}: JSON without any names; at least one lead is needed")
    usable = column_names(names, path)
    columns = {
        column: [_text(record.get(name)) for record in records] for name, column in zip(names, usable, strict=True)
    }
    return pl.DataFrame(columns, dict.fromkeys(usable, pl.String))


def _lines(text: str, path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = _parsed(line)
        except ValueError as error:
            if number == 1 and _is_one_object(text):
                raise MalformedTableError(f"{path}: JSON, but one object and no table; give {_WANTED}") from None
            raise MalformedTableError(f"{path}: line {number} is not whole JSON: {_why(error)}") from None
        yield _record(record, f"line {number}", path)


def _listed(text: str, path: Path) -> Iterator[dict[str, Any]]:
    try:
        records = _parsed(text)
    except ValueError as error:
        raise MalformedTableError(f"{path}: not whole JSON: {_why(error)}") from None
    for number, record in enumerate(records, 1):
        yield _record(record, f"entry {number}", path)


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=str, parse_float=_number, parse_constant=lambda _: None)


def _is_one_object(text: str) -> bool:
    try:
        return isinstance(_parsed(text), dict)
    except ValueError:
        return False


def _record(record: object, where: str, path: Path) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise MalformedTableError(f"{path}: JSON, but {where} is no object; give {_WANTED}")
    return record


def _why(error: ValueError) -> str:
    """The parser's words, which name a place and quote nothing."""
    return str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"


def _number(text: str) -> str:
    """2.0 as `2`, as from every other kind of file; other digits as they are written."""
    whole, point, fraction = text.partition(".")
    return whole if point and fraction and not fraction.strip("0") else text


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return None
    # Half a surrogate pair, which JSON can write and no file can hold.
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
