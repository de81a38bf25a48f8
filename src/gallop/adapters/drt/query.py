"""How DuckDB, inside drt, reads a scores file: as it is, so no warehouse is needed."""

import os
from pathlib import Path
from typing import Final

from gallop.adapters.drt.delivery import SQL_TYPES, Delivery
from gallop.errors import SettingsError

_SEPARATORS: Final = {".csv": ",", ".tsv": "\\t"}
_PARQUET: Final = (".parquet", ".pq")
_TEMPLATED: Final = "{}$"
"""drt takes such characters for its templates and variables."""
_PATTERNS: Final = "*?[]"
"""DuckDB takes a name with such characters for many files."""
_FORMULA_MARK: Final = r"regexp_replace({}, '^''([=+@＝＋－＠-])', '\1')"
"""Undoes the apostrophe that gallop puts in front of what a spreadsheet would run: a CRM knows the lead without it."""


def require_kind(scores: Path) -> str | None:
    """How a scores file separates values; None for Parquet. Raises `SettingsError` for what DuckDB cannot read."""
    ending = scores.suffix.lower()
    if ending not in _SEPARATORS and ending not in _PARQUET:
        raise SettingsError(
            f"{scores}: delivered are .csv, .tsv and .parquet; `gallop score -o scores.parquet` writes one"
        )
    return _SEPARATORS.get(ending)


def scores_query(delivery: Delivery, selected: dict[str, str], folder: Path) -> str:
    """The SQL by which DuckDB, inside drt, reads what is delivered.

    Raises:
        SettingsError: the file or a column is called what drt cannot take.
    """
    separator = require_kind(delivery.scores)
    for name in selected:
        _require_plain(name, "a column is called", _TEMPLATED)
    path = Path(os.path.relpath(delivery.scores.resolve(), folder.resolve())).as_posix()
    _require_plain(path, "the scores file is called", _TEMPLATED + _PATTERNS)
    columns = ",\n  ".join(
        _column(delivery, name, field, text=separator is not None) for name, field in selected.items()
    )
    if separator is None:
        source = f"read_parquet({_literal(path)})"
    else:
        options = f"header = true, all_varchar = true, delim = '{separator}', quote = '\"', escape = '\"'"
        source = f"read_csv({_literal(path)}, {options})"
    return f"SELECT\n  {columns}\nFROM {source}\nWHERE {_quoted(delivery.key)} IS NOT NULL\n"


def _column(delivery: Delivery, name: str, field: str, *, text: bool) -> str:
    value, kind = f"CAST({_quoted(name)} AS VARCHAR)", SQL_TYPES.get(name, "VARCHAR")
    if name == delivery.key and text and delivery.to != "sheets":
        value = _FORMULA_MARK.format(value)
    elif kind == "VARCHAR" or delivery.to == "sheets":  # nothing would be written as the word None
        value = f"coalesce({value}, '')"
    else:
        value = f"CAST({_quoted(name)} AS {kind})"
    return f"{value} AS {_quoted(field)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _require_plain(name: str, what: str, refused: str) -> None:
    if any(character in refused or not character.isprintable() for character in name):
        raise SettingsError(
            f"deliver: {what} {name!r}; drt cannot take {' '.join(refused)} or what cannot be printed in it"
        )
