"""Where the table begins and ends in what a report tool exports: titles above the header, notes below the rows.

`gallop init` and `gallop score` look once; the settings keep what was found, so that no run guesses. Lines count as
above or below only where they are narrower than the table and cannot be taken for a row of it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from gallop.tables.header import looks_like_values

TextRow = Sequence[str]

_LONGEST_PREAMBLE, _LONGEST_FOOTER = 50, 50
_WIDE: Final = 4
"""A row of so many cells with a text in one of them is a title that a spreadsheet filled up with separators."""


def table_width(rows: Sequence[TextRow]) -> int:
    """The number of values that most rows have; 0 where there is none."""
    widths = Counter(len(row) for row in rows if row)
    return widths.most_common(1)[0][0] if widths else 0


def preamble(rows: Sequence[TextRow], width: int) -> int:
    """How many of the first rows lie above the header: 0 where the first row is it, or where none can be taken for it.

    Args:
        rows: the first rows, empty ones included.
        width: of the table.
    """
    for index, row in enumerate(rows[: _LONGEST_PREAMBLE + 1]):
        if is_beside(row, width):
            continue
        names = [cell.strip() for cell in row if cell.strip()]
        # A row without values as a header; else the first lead would be taken for it.
        whole = len(row) == width and len(set(names)) == len(names) and not looks_like_values(names)
        above = any(any(cell.strip() for cell in row) for row in rows[:index])
        return index if whole and above else 0
    return 0


def footer(rows: Sequence[TextRow], width: int) -> int:
    """How many of the last rows lie below the table, empty ones not counted: 0 unless an empty row parts them from it.

    Without an empty row before it, a narrow last row is a row that was cut.
    """
    last = len(rows)
    while last and len(rows) - last < _LONGEST_FOOTER and is_beside(rows[last - 1], width):
        last -= 1
    below = rows[last:]
    notes = sum(any(cell.strip() for cell in row) for row in below)
    return notes if notes and not any(cell.strip() for cell in below[0]) else 0


def is_beside(row: TextRow, width: int) -> bool:
    """Whether a row is narrower than the table, or an only text in a wide one."""
    filled = sum(bool(cell.strip()) for cell in row)
    return len(row) < width or not filled or (width >= _WIDE and filled == 1)
