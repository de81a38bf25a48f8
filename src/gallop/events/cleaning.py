"""From raw rows to a log: which rows are events, counted by rule; when each was known, and whose it was.

Rules claim rows in a fixed order, and the first that a row breaks claims it, so the counts add up. None of them looks
at what came later than the event was known: what is deleted or moved after t changes nothing of what is known at t.
"""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gallop.errors import EmptyTableError, WrongTypeError
from gallop.events.identity import Identities, assign
from gallop.events.log import FOREVER, EventLog
from gallop.events.raw import NO_TIME, UNREADABLE, Coded, RawEvents, Times, read_time
from gallop.events.row_rules import (
    BAD_TIME,
    FUTURE,
    LEFT_OUT,
    NO_ARRIVAL,
    NO_LEAD,
    NO_TIME_RULE,
    RULES,
    claim_repeats,
    iso,
    lone_future,
    over_limit,
)
from gallop.events.windows import ABSENT, Whole
from gallop.events.zones import known_zones, offsets, to_utc
from gallop.schema import DAY_US
from gallop.settings.events import Events

_LARGEST: Final = 9.0e12
"""Largest number in units of its last decimal: a million of them still have a sum of 64 bits."""
_TOLERANCE_US: Final = DAY_US
"""A clock may be wrong by a day before an event counts as from the future."""


@dataclass(frozen=True)
class LogCounts:
    """What became of the rows of a log."""

    rows: int
    aside: dict[str, int]
    """Rule → rows set aside."""
    noticed: dict[str, int] = field(default_factory=dict)
    """What was kept all the same, and counted: kinds and zones that are not listed, corrections, unreadable numbers."""


@dataclass(frozen=True)
class CleanLog:
    """The log, and the rule that claimed each row."""

    log: EventLog
    counts: LogCounts
    end: int
    """The last arrival (of events without one, the last time): until then everything is in the log."""
    persons: Whole
    """Shape (leads,): who each lead turned out to be; itself where no identity map says otherwise."""


def clean_events(
    raw: RawEvents, events: Events, identities: Identities | None = None, *, live: bool = False
) -> CleanLog:
    """Sort raw rows into events and rows set aside.

    Args:
        identities: who an anonymous lead turned out to be.
        live: a few events of one lead, which may be none.

    Raises:
        EmptyTableError: no row is an event. WrongTypeError: most times are unreadable, or the last ones lie alone in
            the future; names row, value and remedy.
    """
    claimed = np.full(len(raw), -1, dtype=np.int8)
    time, arrived = _times(raw, events, claimed)
    if not live:
        _require_times(raw, events, claimed)
    known_until = claim_repeats(raw, arrived if raw.arrived else None, claimed)
    noticed = {f"{name}_unreadable": count for name, count in raw.unreadable.items() if count}
    kept = np.flatnonzero(claimed < 0)
    kept = kept[~over_limit(raw.lead.codes, arrived, kept, events.daily_limit, claimed)]
    if not live:
        _require_no_lone_future(raw, time, kept, events)
    if raw.arrived:
        noticed["corrected"] = int(np.sum(known_until[kept] != FOREVER))
    aside = {rule: int(np.sum(claimed == index)) for index, rule in enumerate(RULES)}
    if not len(kept) and not live:
        listed = ", ".join(f"{rule} {count}" for rule, count in aside.items() if count)
        raise EmptyTableError(f"{raw.source}: none of the {len(raw)} rows is an event ({listed})")
    lead, order, leads, extra = _sorted(raw, kept, time, arrived if raw.arrived else None, known_until, identities)
    rows = kept[extra.source[order]]
    day, hour = _places_clock(raw, rows, time[rows], events, noticed)
    kinds = _listed(raw.kind, list(events.kinds))[rows] if events.event else np.zeros(len(rows), dtype=np.int64)
    noticed["unlisted_kind"] = int(np.sum(kinds < 0))
    log = EventLog(
        leads,
        np.searchsorted(lead[order], np.arange(len(leads) + 1)),
        time[rows],
        kinds.astype(np.int32),
        day,
        hour,
        {name: _whole(raw.numbers[name][rows], of.decimals, name, noticed) for name, of in _of_role(events, "number")},
        {name: _levels(raw.categories[name], of.levels)[rows] for name, of in _of_role(events, "category")},
    )
    if raw.arrived or identities is not None:
        log = replace(
            log, known_from=extra.known_from[order], known_until=extra.known_until[order], moved=extra.moved[order]
        )
    end = int(np.max(np.maximum(arrived[kept], time[kept]) if raw.arrived is None else arrived[kept], initial=NO_TIME))
    noticed = {rule: count for rule, count in noticed.items() if count}
    return CleanLog(log, LogCounts(len(raw), aside, noticed), end, extra.persons)


def _of_role(events: Events, role: str):
    return [(name, of) for name, of in events.attributes.items() if of.role == role]


def _claim(claimed: NDArray, which: NDArray, rule: str) -> None:
    claimed[which & (claimed < 0)] = RULES.index(rule)


def _utc(times: Times, zone: str) -> tuple[Whole, NDArray]:
    """Moments in UTC, and whether there was such a time; sentinels stay."""
    there = times.local & (times.micros > UNREADABLE)
    if zone == "UTC" or not there.any():
        return times.micros, np.ones(len(times.micros), dtype=bool)
    moments, exists = times.micros.copy(), np.ones(len(times.micros), dtype=bool)
    moments[there], exists[there] = to_utc(times.micros[there], zone)
    return moments, exists


def _times(raw: RawEvents, events: Events, claimed: NDArray) -> tuple[Whole, Whole]:
    """Times and arrivals in UTC; an event without a time of arrival arrived when it happened."""
    time, exists = _utc(raw.time, events.timezone)
    _claim(claimed, raw.lead.codes < 0, NO_LEAD)
    _claim(claimed, time == NO_TIME, NO_TIME_RULE)
    _claim(claimed, time == UNREADABLE, BAD_TIME)
    _claim(claimed, ~exists, LEFT_OUT)
    arrived = time
    if raw.arrived is not None:
        arrived, exists = _utc(raw.arrived, events.timezone)
        _claim(claimed, (arrived <= UNREADABLE) | ~exists, NO_ARRIVAL)
        _claim(claimed, time > arrived + _TOLERANCE_US, FUTURE)
    if events.until is not None:
        _claim(claimed, np.maximum(time, arrived) >= read_until(events.until), FUTURE)
    return time, arrived


def read_until(text: str) -> int:
    """`events.until` in microseconds; without a zone it is in UTC."""
    return read_time(text, "iso")[0]


def _require_times(raw: RawEvents, events: Events, claimed: NDArray) -> None:
    bad = claimed == RULES.index(BAD_TIME)
    if len(raw) and bad.sum() > 0.5 * len(raw):
        raise WrongTypeError(
            f"{raw.source}: row {int(np.flatnonzero(bad)[0]) + 1}, column {events.time!r}: no time as events.written = "
            f"{events.written} says, like most rows ({int(bad.sum())} of {len(raw)}); accepted are iso "
            "(2024-01-31T09:00), dmy, mdy, compact (20240131), seconds, milliseconds and microseconds since 1970"
        )


def _require_no_lone_future(raw: RawEvents, time: Whole, kept: Whole, events: Events) -> None:
    """A wrong clock must not end the data in 2099, when every decision would count as ripe."""
    found = None if raw.arrived is not None else lone_future(time[kept], events.horizon_us)
    if found is None:
        return
    end, begin = found
    row = int(kept[np.flatnonzero(time[kept] == begin)[0]]) + 1
    alone = int(np.sum(time[kept] >= begin))
    raise WrongTypeError(
        f"{raw.source}: row {row}, column {events.time!r}: {iso(begin)} lies {(begin - end) // DAY_US:,} days after "
        f"the event before it, alone with {alone} of {len(kept)} events. Such a time would make decisions count as "
        f"known that are not; set events.until to the end of the export, such as {iso(end + DAY_US)}"
    )


def _sorted(raw, kept, time, arrived, known_until, identities):
    """Leads in the order of their ids, and the order of events: by lead, time, row."""
    codes = raw.lead.codes[kept]
    used = np.unique(codes)
    names = [raw.lead.names[code] for code in used.tolist()]
    known_from = time[kept] if arrived is None else arrived[kept]
    extra, leads = assign(names, np.searchsorted(used, codes), time[kept], known_from, known_until[kept], identities)
    by_name = sorted(range(len(leads)), key=leads.__getitem__)
    place = np.empty(len(leads), dtype=np.int64)
    place[by_name] = np.arange(len(leads))
    lead = place[extra.lead]
    moments = time[kept][extra.source]
    settled = (np.diff(lead) > 0) | ((np.diff(lead) == 0) & (np.diff(moments) >= 0))
    order = np.arange(len(lead)) if settled.all() else np.lexsort((extra.source, moments, lead))
    persons = np.empty(len(leads), dtype=np.int64)
    persons[place] = place[extra.persons]
    return lead, order, [leads[at] for at in by_name], replace(extra, persons=persons)


def _places_clock(raw: RawEvents, rows: Whole, time: Whole, events: Events, noticed: dict) -> tuple[NDArray, NDArray]:
    """Day and hour of the lead's place."""
    ahead = offsets(time, events.timezone)
    if raw.zone is not None:
        known = known_zones(list(raw.zone.names))
        codes = raw.zone.codes[rows]
        for code, (name, is_zone) in enumerate(zip(raw.zone.names, known, strict=True)):
            here = codes == code
            if is_zone:
                ahead[here] = offsets(time[here], name)
            else:
                noticed["unknown_zone"] = noticed.get("unknown_zone", 0) + int(here.sum())
    local = time + ahead
    return (local // DAY_US).astype(np.int32), (local % DAY_US // (DAY_US // 24)).astype(np.int8)


def _listed(coded: Coded, names: list[str]) -> Whole:
    """Codes as places in a list; −1 for what it does not have."""
    place = {name: at for at, name in enumerate(names)}
    table = np.array([*(place.get(name, -1) for name in coded.names), -1], dtype=np.int64)
    return table[coded.codes]


def _levels(coded: Coded, levels: tuple[str, ...]) -> NDArray[np.int32]:
    """Codes as places in the levels; other texts after them, each by a code of its own."""
    place = {name: at for at, name in enumerate(levels)}
    others = len(levels)
    table = np.array([*(place.get(name, others + at) for at, name in enumerate(coded.names)), -1], dtype=np.int32)
    return table[coded.codes]


def _whole(numbers: NDArray[np.float64], decimals: int, name: str, noticed: dict) -> Whole:
    scaled = np.rint(numbers * 10.0**decimals)
    there = ~np.isnan(scaled)
    fits = there & (np.abs(scaled) <= _LARGEST)
    if (there & ~fits).any():
        noticed[f"{name}_too_large"] = int(np.sum(there & ~fits))
    return np.where(fits, np.where(fits, scaled, 0).astype(np.int64), ABSENT)
