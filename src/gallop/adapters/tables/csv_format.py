"""The encoding and separator of an unknown CSV: detected once, by `gallop init`, and kept in the settings."""

import codecs
import csv
import io
from collections import Counter
from pathlib import Path

from gallop.adapters.tables.polars import unpacked
from gallop.errors import DataUnavailableError
from gallop.settings.table import Format

_SEPARATORS = ",;\t|"
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SAMPLE_BYTES = 1 << 18


def detect(path: Path) -> Format:
    """The format of a CSV file (plain, gz or zst).

    Raises:
        DataUnavailableError: no such file. MalformedTableError: cannot be unpacked. EmptyTableError: nothing in it.
    """
    if not path.is_file():
        raise DataUnavailableError(f"{path}: no such file")
    content = unpacked(path)
    encoding = _encoding(content)
    return Format(separator=_separator(content[: 4 * _SAMPLE_BYTES].decode(encoding, "ignore")), encoding=encoding)


def _encoding(content: bytes) -> str:
    for mark, name in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return name
    try:
        content.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    from charset_normalizer import from_bytes

    matches = from_bytes(content[:_SAMPLE_BYTES])
    # Short texts fit several code pages equally well; then the one that most Western tables are written in is meant.
    western = any("cp1252" in match.could_be_from_charset for match in matches)
    best = matches.best()
    for name in ("cp1252" if western or best is None else best.encoding, "cp1252"):
        try:
            content.decode(name)
        except UnicodeDecodeError:
            continue
        return codecs.lookup(name).name
    return "latin-1"


def _separator(text: str) -> str:
    """The character that splits the most rows into equally many values."""

    def score(separator: str) -> tuple[float, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        widths: Counter = Counter()
        try:
            for _, row in zip(range(500), reader, strict=False):
                widths[len(row)] += bool(row)
        except csv.Error:
            pass
        if not widths:
            return 0.0, 0
        width, rows = widths.most_common(1)[0]
        return (rows / widths.total(), width) if width > 1 else (0.0, 0)

    return max(_SEPARATORS, key=score)
