"""Events as they were read: typed, but nothing decided. A file and a list of live events become the same arrays."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gallop.schema import SECOND_US

NO_TIME: Final = np.iinfo(np.int64).min
UNREADABLE: Final = NO_TIME + 1
"""In place of a time: there is no text, and the text is no time."""

_DATES: Final = {
    "iso": r"(?P<y>[0-9]{4})[-/.](?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})",
    "dmy": r"(?P<d>[0-9]{1,2})[-/.](?P<m>[0-9]{1,2})[-/.](?P<y>[0-9]{4})",
    "mdy": r"(?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})[-/.](?P<y>[0-9]{4})",
    "compact": r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
}
_CLOCK: Final = (
    r"(?:[T ] ?(?P<H>[0-9]{1,2}):(?P<M>[0-5][0-9])(?::(?P<S>[0-5][0-9])(?:[.,](?P<f>[0-9]{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?(?: ?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?)?$"
)
_TIMES: Final = {written: re.compile(f"^{date}{_CLOCK}") for written, date in _DATES.items()}
_EPOCHS: Final = {"seconds": SECOND_US, "milliseconds": 1000, "microseconds": 1}
_NUMBER: Final = re.compile(r"^[0-9]{1,16}(?:\.[0-9]{1,9})?$")


@dataclass(frozen=True)
class Coded:
    """Texts as codes."""

    codes: NDArray[np.int64]
    """Shape (n,): places in `names`, −1 where there is no text."""
    names: Sequence[str]


@dataclass(frozen=True)
class Times:
    """Times as they are written."""

    micros: NDArray[np.int64]
    """Shape (n,): microseconds since 1970, or `NO_TIME` or `UNREADABLE`."""
    local: NDArray[np.bool_]
    """Times without a zone of their own, still to be read with the settings' one."""


@dataclass(frozen=True)
class RawEvents:
    """Rows of a log, in the file's order; all arrays have shape (n,)."""

    source: str
    """The log's name in errors."""
    lead: Coded
    time: Times
    kind: Coded
    same: NDArray[np.int64]
    """Equal where rows are equal, in all columns but the time of arrival."""
    arrived: Times | None = None
    id: Coded | None = None
    zone: Coded | None = None
    numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """Attribute → numbers, NaN where there is none."""
    unreadable: dict[str, int] = field(default_factory=dict)
    """Attribute → texts that are no numbers."""
    categories: dict[str, Coded] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.same)


def read_time(text: str, written: str) -> tuple[int, bool]:
    """A text as microseconds since 1970, and whether it has no zone of its own; `UNREADABLE` where it is no time.

    Args:
        written: as `events.written` of the settings.
    """
    if written in _EPOCHS:
        if not _NUMBER.match(text):
            return UNREADABLE, False
        micros = round(float(text) * _EPOCHS[written]) if "." in text else int(text) * _EPOCHS[written]
        return (micros, False) if micros < 1 << 60 else (UNREADABLE, False)
    match = _TIMES[written].match(text)
    if match is None:
        return UNREADABLE, False
    part = match.groupdict()
    hour = int(part["H"] or 0)
    if part["half"]:
        if not 1 <= hour <= 12:
            return UNREADABLE, False
        hour = hour % 12 + (12 if part["half"] in "pP" else 0)
    try:
        moment = datetime(int(part["y"]), int(part["m"]), int(part["d"]), hour, int(part["M"] or 0), tzinfo=UTC)
    except ValueError:
        return UNREADABLE, False
    fraction = int((part["f"] or "0").ljust(6, "0")[:6])
    micros = (moment - _EPOCH) // _MICROSECOND + int(part["S"] or 0) * SECOND_US + fraction
    return micros - _ahead(part["zone"]), part["zone"] is None


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def _ahead(zone: str | None) -> int:
    """How far a written offset is ahead of UTC, in microseconds."""
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (1 if zone[0] == "+" else -1) * (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * SECOND_US


def first_bad(times: Times, which: int) -> int:
    """The first row, from 1, whose time is missing or unreadable."""
    return int(np.flatnonzero(times.micros == which)[0]) + 1
