"""The rules that set rows of a log aside, by name, and those among them that look at more than one row."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gallop.events.log import FOREVER
from gallop.events.raw import RawEvents
from gallop.events.windows import Whole
from gallop.schema import DAY_US

NO_LEAD, NO_TIME_RULE, BAD_TIME, LEFT_OUT, FUTURE = (
    "no_lead",
    "no_time",
    "unreadable_time",
    "no_such_time",
    "in_the_future",
)
NO_ARRIVAL, DUPLICATE_EVENT, CONFLICTING, LIMIT = "no_arrival", "duplicate", "conflicting_id", "over_daily_limit"
RULES: Final = (
    *(NO_LEAD, NO_TIME_RULE, BAD_TIME, LEFT_OUT, NO_ARRIVAL, FUTURE),
    *(DUPLICATE_EVENT, CONFLICTING, LIMIT),
)
"""The rules that set rows aside, in order."""
_BREAK_US: Final = 30 * DAY_US
_FEW: Final = 1000


def claim_repeats(raw: RawEvents, arrived: Whole | None, claimed: NDArray) -> Whole:
    """Count equal events once; of an id that comes again with other content, each version until the next arrived.

    Without times of arrival nobody can say which version is right at which time: the first row counts.
    """
    until = np.full(len(raw), FOREVER, dtype=np.int64)
    alive = np.flatnonzero(claimed < 0)
    key = raw.same if raw.id is None else np.where(raw.id.codes >= 0, raw.id.codes, -2 - np.arange(len(raw)))
    keys = (alive, key[alive]) if arrived is None else (alive, arrived[alive], key[alive])
    order = alive[np.lexsort(keys)]
    again = np.zeros(len(order), dtype=bool)
    again[1:] = key[order[1:]] == key[order[:-1]]
    if raw.id is None or arrived is None:
        first = order[np.maximum.accumulate(np.where(~again, np.arange(len(order)), 0))]
        repeats, firsts = order[again], first[again]
        equal = raw.same[repeats] == raw.same[firsts]
        claimed[repeats[equal]], claimed[repeats[~equal]] = RULES.index(DUPLICATE_EVENT), RULES.index(CONFLICTING)
        return until
    version = again & np.concatenate([[False], raw.same[order[1:]] == raw.same[order[:-1]]])
    claimed[order[version]] = RULES.index(DUPLICATE_EVENT)
    order, again = order[~version], again[~version]
    later = np.flatnonzero(again)
    until[order[later - 1]] = arrived[order[later]]
    return until


def over_limit(lead: Whole, arrived: Whole, kept: Whole, limit: int, claimed: NDArray) -> NDArray[np.bool_]:
    """Events of a lead and day (in UTC, of arrival) after as many as a person can make: those that arrived last."""
    over = np.zeros(len(kept), dtype=bool)
    if len(kept) <= limit:
        return over
    day = arrived[kept] // DAY_US
    order = np.lexsort((arrived[kept], day, lead[kept]))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(lead[kept][order]) != 0) | (np.diff(day[order]) != 0)
    begin = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    over[order] = np.arange(len(order)) - begin >= limit
    claimed[kept[over]] = RULES.index(LIMIT)
    return over


def lone_future(time: Whole, horizon_us: int) -> tuple[int, int] | None:
    """The last time before the log breaks off, and the first of the few that lie alone long after; None without such.

    Args:
        time: shape (n,), in UTC, of events.
    """
    if len(time) < 2:
        return None
    few = min(len(time) - 1, max(1, len(time) // 1000))
    last = np.sort(np.partition(time, -few - 1)[-few - 1 :])
    # Of few events, the last may well come late; as long after all the others as those span, it hardly does.
    span = int(last[0]) - int(time.min()) if len(time) < _FEW else 0
    jumps = np.flatnonzero(np.diff(last) > max(horizon_us, _BREAK_US, span))
    return (int(last[jumps[0]]), int(last[jumps[0] + 1])) if len(jumps) else None


def iso(micros: int) -> str:
    """A moment for people and files: `2024-03-01T09:00:00Z`, with a fraction where it has one."""
    text = str(np.datetime64(int(micros), "us"))
    return f"{text.removesuffix('.000000')}Z"
