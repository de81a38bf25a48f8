"""When decisions are taken, what came of them, and whether that is known yet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallop.events.cleaning import CleanLog
from gallop.events.log import EventLog, as_known, surprised
from gallop.events.windows import Whole, chunked, first_at_or_after, running, spans
from gallop.events.zones import to_utc
from gallop.schema import DAY_US, duration_us
from gallop.settings.events import Events

_MONDAY = 4
"""1970-01-05, counted in days since 1970: decisions of each seven days are taken on Mondays."""
_EVENTS = 1 << 20


@dataclass(frozen=True)
class Decisions:
    """Leads and times, sorted by both; no two are equal."""

    lead: Whole
    """Shape (k,): place in the log's leads."""
    at: Whole
    """Shape (k,): microseconds in UTC."""

    def __len__(self) -> int:
        return len(self.at)

    def only(self, which: NDArray) -> "Decisions":
        """Some of them."""
        return Decisions(self.lead[which], self.at[which])


@dataclass(frozen=True)
class Outcomes:
    """What came of decisions, each of shape (k,)."""

    converted: NDArray[np.bool_]
    """There was a conversion in (t, t + horizon]."""
    ripe: NDArray[np.bool_]
    """The horizon has passed in the data."""
    at_once: NDArray[np.bool_]
    """There was a conversion at exactly t, which is in neither features nor label."""
    surprised: NDArray[np.bool_]
    """An event of before t was not known at t: late, corrected since, or another lead's."""


def decide(clean: CleanLog, events: Events, table: Decisions | None = None) -> Decisions:
    """The decisions by the rule of the settings.

    Args:
        table: the given decisions, for the rule `table`.
    """
    rule = events.decisions.rule
    if rule == "table":
        found = table if table is not None else Decisions(np.empty(0, np.int64), np.empty(0, np.int64))
    elif rule == "every":
        found = _every(clean, events)
    else:
        found = _at_events(clean.log, events)
    found = _unique(found)
    if not events.decisions.repeat:
        found = found.only(_conversions_known(clean.log, events, found) == 0)
    return found


def as_of(log: EventLog, at: int) -> Decisions:
    """A decision for each lead with an event that was known at a moment."""
    everyone = np.arange(len(log.starts) - 1)
    found = Decisions(everyone, np.full(len(everyone), at, dtype=np.int64))
    return found.only(_known(log, found, None, None) > 0)


def outcomes(clean: CleanLog, events: Events, decisions: Decisions) -> Outcomes:
    """Label, ripeness and the rest. The label asks what the person did, whoever they were known as."""
    log, at = clean.log, decisions.at
    final = log.final()
    times, starts = _conversions(final, events)
    person = clean.persons[decisions.lead]
    begin, stop = starts[person], starts[person + 1]
    exactly = first_at_or_after(times, begin, stop, at)
    after = first_at_or_after(times, begin, stop, at + 1)
    until = first_at_or_after(times, begin, stop, at + events.horizon_us + 1)
    late = np.zeros(len(at), dtype=bool)
    for part in chunked(np.diff(log.starts)[decisions.lead], _EVENTS):
        late[part] = surprised(log, decisions.lead[part], at[part])
    return Outcomes(until > after, at + events.horizon_us < clean.end, after > exactly, late)


def _conversions(log: EventLog, events: Events) -> tuple[Whole, Whole]:
    """Times of conversions, and where each lead's begin."""
    converts = np.isin(log.kind, [events.kinds.index(name) for name in events.converted])
    return log.time[converts], running(converts)[log.starts]


def _conversions_known(log: EventLog, events: Events, decisions: Decisions) -> Whole:
    """Conversions of before each decision that were known at its time."""
    kinds = [events.kinds.index(name) for name in events.converted]
    return _known(log, decisions, None, kinds)


def _known(log: EventLog, decisions: Decisions, span: int | None, kinds: list[int] | None) -> Whole:
    """How many events of before each decision were known: in the last `span`, of some kinds."""

    def count(of: EventLog, lead: Whole, at: Whole) -> Whole:
        within = running(np.ones(len(of), bool) if kinds is None else np.isin(of.kind, kinds))
        start, stop = of.starts[lead], of.starts[lead + 1]
        low = start if span is None else first_at_or_after(of.time, start, stop, at - span)
        return within[first_at_or_after(of.time, start, stop, at)] - within[low]

    found = count(log, decisions.lead, decisions.at)
    places = np.flatnonzero(surprised(log, decisions.lead, decisions.at))
    for part in chunked(np.diff(log.starts)[decisions.lead[places]], _EVENTS):
        here = places[part]
        known = as_known(log, decisions.lead[here], decisions.at[here])
        found[here] = count(known, np.arange(len(here)), decisions.at[here])
    return found


def _unique(decisions: Decisions) -> Decisions:
    order = np.lexsort((decisions.at, decisions.lead))
    lead, at = decisions.lead[order], decisions.at[order]
    fresh = np.ones(len(lead), dtype=bool)
    fresh[1:] = (np.diff(lead) != 0) | (np.diff(at) != 0)
    return Decisions(lead[fresh], at[fresh])


def _every(clean: CleanLog, events: Events) -> Decisions:
    """Each so many days, at midnight of the project's zone, while the lead has had an event lately.

    The days are the same for all leads, as a list of whom to call is made for all on one day; so they do not hang on a
    first event that may arrive late.
    """
    log, active = clean.log, duration_us(events.decisions.active)
    some = np.flatnonzero(np.diff(log.starts) > 0)
    if not len(some):
        return Decisions(np.empty(0, np.int64), np.empty(0, np.int64))
    first, last = log.time[log.starts[some]], log.time[log.starts[some + 1] - 1]
    step = events.decisions.days
    begin, stop = int(first.min()) // DAY_US - 1, min(int(last.max()) + active, clean.end) // DAY_US + 2
    days = np.arange(begin, stop)
    grid, _ = to_utc(days[(days - _MONDAY) % step == 0] * DAY_US, events.timezone)
    low = np.searchsorted(grid, first, side="right")
    high = np.searchsorted(grid, np.minimum(last + active, clean.end), side="right")
    owner, places = spans(low, high)
    found = Decisions(some[owner], grid[places])
    return found.only(_known(log, found, active, None) > 0)


def _at_events(log: EventLog, events: Events) -> Decisions:
    """When an event was seen, that is, known; its first one, or each of some kinds."""
    seen = log.time if log.known_from is None else np.maximum(log.time, log.known_from)
    own = np.ones(len(log), dtype=bool) if log.moved is None else ~log.moved
    rule = events.decisions
    if rule.rule == "each":
        own &= np.isin(log.kind, [events.kinds.index(name) for name in rule.events])
    lead, seen = log.lead[own], seen[own] + duration_us(rule.after)
    if rule.rule == "each":
        return Decisions(lead, seen)
    order = np.lexsort((seen, lead))
    lead, seen = lead[order], seen[order]
    first = np.ones(len(lead), dtype=bool)
    first[1:] = np.diff(lead) != 0
    return Decisions(lead[first], seen[first])
