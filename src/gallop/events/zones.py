"""Time zones over arrays: what the clock of a place shows, and which moment a shown time was. PEP 495's rules.

A zone's changes are found once a decade with `zoneinfo`, by bisection between days; a million times are then looked up
in microseconds each.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gallop.schema import DAY_US, SECOND_US

Micros = NDArray[np.int64]
"""Microseconds since 1970; in UTC where nothing else is said."""

_DECADE_US: Final = 3653 * DAY_US
_EMPTY: Final = np.empty(0, dtype=np.int64)
_DAY_S: Final = 86_400


def offsets(utc: Micros, zone: str) -> Micros:
    """How far a zone's clock is ahead of UTC at each moment, in microseconds; shape as `utc`."""
    if zone == "UTC" or not len(utc):
        return np.zeros(len(utc), dtype=np.int64)
    first, last = int(utc.min()) // _DECADE_US, int(utc.max()) // _DECADE_US
    parts = [_changes(zone, decade) for decade in range(first, last + 1)]
    moments, ahead = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    return ahead[np.searchsorted(moments, utc, side="right") - 1]


def to_utc(local: Micros, zone: str) -> tuple[Micros, NDArray[np.bool_]]:
    """The moments at which a zone's clock showed these times, and whether it ever showed them.

    Of a time that it showed twice (clocks set back), the first. A time that was left out (clocks set forward) is read
    with the clock of before, which is as far behind the change as the time said.
    """
    if zone == "UTC" or not len(local):
        return local, np.ones(len(local), dtype=bool)
    earlier = local - offsets(local - DAY_US, zone)
    later = local - offsets(local + DAY_US, zone)
    is_earlier = earlier + offsets(earlier, zone) == local
    is_later = later + offsets(later, zone) == local
    return np.where(is_earlier | ~is_later, earlier, later), is_earlier | is_later


@lru_cache(maxsize=4096)
def _changes(zone: str, decade: int) -> tuple[Micros, Micros]:
    """The moments in a decade from which a new offset holds, the decade's begin first; and the offsets."""
    from datetime import UTC, datetime, timedelta
    from zoneinfo import ZoneInfo

    place, epoch = ZoneInfo(zone), datetime(1970, 1, 1, tzinfo=UTC)

    def ahead(second: int) -> int:
        shown = (epoch + timedelta(seconds=second)).astimezone(place).utcoffset()
        return 0 if shown is None else round(shown.total_seconds())

    begin = decade * 3653 * _DAY_S
    moments, found = [begin], [ahead(begin)]
    for day in range(begin, begin + 3653 * _DAY_S, _DAY_S):
        before, after = found[-1], ahead(day + _DAY_S)
        if before == after:
            continue
        low, high = day, day + _DAY_S
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if ahead(middle) == before else (low, middle)
        moments.append(high)
        found.append(after)
    return np.array(moments, dtype=np.int64) * SECOND_US, np.array(found, dtype=np.int64) * SECOND_US


def known_zones(names: list[str]) -> list[bool]:
    """Which of these texts are names of time zones."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    def known(name: str) -> bool:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return False
        return True

    return [known(name) for name in names]
