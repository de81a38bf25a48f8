"""The vocabulary: roles of columns, and how a value in a text table is written.

Every table enters as text. The patterns here say which texts are a number, a truth value or a day, for every
engine alike: they use only what RE2, Rust's and Java's regular expressions share, and `cast`-ing happens after a
value has matched, so an engine's own guessing never decides.
"""

import re
from enum import StrEnum
from typing import Final

ROW: Final = "gallop_row"
"""Column added on reading: the number of the data row in its file, from 1."""

DISTRIBUTION: Final = "gallop-leads"
"""Name of the installed package, which is not that of the import: the package index has another `gallop`."""

RULE: Final = "gallop_rule"
"""Column of the rejected rows: the first rule that the row broke."""

RESERVED: Final = frozenset({ROW, RULE})
"""Names no column of a table can have. A file's own column of such a name is read with a `_` behind it."""


def usable_names(header: list[str]) -> list[str]:
    """The header's names as the settings know them: `column_7` for an empty seventh, `gallop_row_` for a reserved."""
    names = [name.strip() or f"column_{position}" for position, name in enumerate(header, 1)]
    return [f"{name}_" if name in RESERVED else name for name in names]


Parameter = str | int | float | bool | None
"""A parameter of a classifier, as params.yaml and the tracker write it."""


class Role(StrEnum):
    """What a column is for."""

    ID = "id"
    GROUP = "group"
    """Rows with the same value are one lead's, and are never parted by a split or a fold."""
    LABEL = "label"
    TREATMENT = "treatment"
    """Whether the lead was contacted, at random: never an input."""
    DAY = "day"
    DATE = "date"
    NUMBER = "number"
    CATEGORY = "category"
    BOOLEAN = "boolean"
    IGNORE = "ignore"


class New(StrEnum):
    """What happens to a value that was not there when the schema was learned. It is counted in any case."""

    KEEP = "keep"
    """The row stays; an unreadable value counts as missing, a new level as one of the rare ones."""
    REJECT = "reject"
    """The row is set aside."""
    REFUSE = "refuse"
    """The run stops."""


NUMBER: Final = r"^[+-]?(?:[0-9]{1,40}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE](?:\+?[0-9]{1,2}|-[0-9]{1,3}))?$"
"""A finite decimal number, small enough to be squared: not `NaN`, `inf` or `1e999`, nor a thousand nines."""

TRUE: Final = ("true", "t", "yes", "y", "1")
FALSE: Final = ("false", "f", "no", "n", "0")
"""Truth values, compared in lower case: one table may hold `true` in one column and `True` in another."""

# A day is year-month-day, zero-padded or not (`2024-01-3`); after padding, only days that exist match.
_LEAP = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
DAY: Final = (
    r"^(?:[0-9]{4}-(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|[0-9]{4}-(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|[0-9]{4}-02-(?:0[1-9]|1[0-9]|2[0-8])"
    rf"|{_LEAP}-02-29)$"
)

BLANKS: Final = " \t\u00a0\u2009\u202f"
"""Blanks within a number or date: also the non-breaking, the thin and the narrow one that spreadsheets put there."""

TIME: Final = (
    rf"(?:(?:t|[,{BLANKS}]+)(?:[01]?[0-9]|2[0-3])[:.][0-5][0-9](?:[:.][0-5][0-9](?:[.,][0-9]{{1,9}})?)?"
    rf"|t(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9])?)"
    rf"(?:[{BLANKS}]*[ap][.]?m[.]?)?"
    rf"(?:[{BLANKS}]*(?:z|utc|gmt|[ecmp][sd]t|(?:utc|gmt)?[+-](?:[01]?[0-9]|2[0-3]):?(?:[0-5][0-9])?))?$"
)
"""The time of day that may follow a day, in lower case; only the day counts."""

MISSING_LEVEL: Final = "missing"
"""The level that stands for a category or truth value that is not there."""

NEW_LEVEL: Final = "(new)"
"""The level that stands for a category the schema did not know, where such rows are kept."""

SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US
"""Times are whole microseconds since 1970 in UTC, everywhere."""

DURATION: Final = r"^[0-9]{1,5}[smhdw]$"
"""A duration: a whole number of seconds, minutes, hours, days of 24 hours, or weeks, such as `30m` or `7d`."""

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}

EVER: Final = "ever"
"""The window without a beginning."""


def duration_us(text: str) -> int:
    """A duration such as `30m` in microseconds. Raises `ValueError`: it is none."""
    if not re.match(DURATION, text):
        raise ValueError(f"{text!r} is no duration; 30m, 1h and 7d are (s, m, h, d, w)")
    return int(text[:-1]) * _UNITS_S[text[-1]] * SECOND_US
