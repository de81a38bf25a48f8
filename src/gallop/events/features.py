"""The features of decisions: one definition for training, batch scoring and one lead live.

Every feature is a difference of two look-ups in running sums, or the value at a place, of the events in [t − w, t). The
events of one kind, or those with a value of an attribute, are a `View`: the same windows, in places of its own.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gallop.events.expressions import evaluate_expression
from gallop.events.log import EventLog, as_known, surprised
from gallop.events.views import Lookups, View, pick
from gallop.events.windows import ABSENT, Distinct, Whole, chunked, largest, running
from gallop.schema import DAY_US, EVER, Role
from gallop.settings.event_features import ANY, OTHER_LEVEL, PARTS_OF_DAY, EventFeature
from gallop.settings.events import Events

Values = NDArray[np.float64] | NDArray[np.object_]
"""Numbers with NaN where there is none, or texts with None."""

_MINUTE_US: Final = 60_000_000
_EVENTS: Final = 1 << 19
"""Events that are looked at in one piece; running sums of so many stay in the processor's cache."""


def features(log: EventLog, lead: Whole, at: Whole, events: Events) -> dict[str, Values]:
    """The features of decisions.

    Args:
        log: the events.
        lead: shape (k,): whose decisions, sorted.
        at: shape (k,): their times.

    Returns:
        Name → shape (k,), in the settings' order, expressions last.
    """
    parts = chunked(np.diff(log.starts), _EVENTS)
    if len(parts) <= 1 and not surprised(log, lead, at).any():
        made = _evaluate(log, lead, at, events)
    else:
        made = _in_parts(parts, log, lead, at, events)
    found = {feature.name: made[feature.name] for feature in events.definitions}
    return found | {name: evaluate_expression(text, made) for name, text in events.expressions.items()}


def _in_parts(parts: list[slice], log: EventLog, lead: Whole, at: Whole, events: Events) -> dict[str, Values]:
    """Some leads after the others, so that memory is bounded."""
    made = {
        feature.name: np.full(len(at), np.nan) if feature.role is Role.NUMBER else np.full(len(at), None, dtype=object)
        for feature in events.computed
    }
    for leads in parts:
        low, high = np.searchsorted(lead, [leads.start, leads.stop])
        if low < high:
            part = log.of_leads(leads.start, leads.stop)
            _fill(made, slice(low, high), part, lead[low:high] - leads.start, at[low:high], events)
    return made


def _fill(made: dict[str, Values], rows: slice, log: EventLog, lead: Whole, at: Whole, events: Events) -> None:
    strange = surprised(log, lead, at)
    for name, values in _evaluate(log, lead, at, events).items():
        made[name][rows] = values
    if not strange.any():
        return
    places = np.flatnonzero(strange)
    for piece in chunked(np.diff(log.starts)[lead[places]], _EVENTS):
        here = places[piece]
        known = as_known(log, lead[here], at[here])
        for name, values in _evaluate(known, np.arange(len(here)), at[here], events).items():
            made[name][rows][here] = values


def _evaluate(log: EventLog, lead: Whole, at: Whole, events: Events) -> dict[str, Values]:
    windows = [*events.windows, *([EVER] if EVER not in events.windows else [])]
    seen = _Evaluator(log, lead, at, events, windows)
    return {feature.name: seen.value(feature) for feature in events.computed}


class _Evaluator(Lookups):
    """Each statistic as a method: a feature and the place of its window → shape (k,)."""

    def value(self, feature: EventFeature) -> Values:
        """A feature of all decisions: shape (k,)."""
        return getattr(self, _METHODS[feature.statistic])(feature, self.places[feature.window])

    def _of(self, feature: EventFeature) -> View:
        return self.view("any", "") if feature.subject == ANY else self.view("kind", feature.subject)

    def _count(self, feature: EventFeature, window: int) -> Values:
        return self._of(feature).count(window).astype(np.float64)

    def _days(self, feature: EventFeature, window: int) -> Values:
        view = self._of(feature)
        return view.days.between(view.low(window), view.end).astype(np.float64)

    def _since_last(self, feature: EventFeature, _: int) -> Values:
        time, there = self._of(feature).at_end(self.log.time)
        return np.where(there, (self.at - time) / DAY_US, np.nan)

    def _since_first(self, feature: EventFeature, _: int) -> Values:
        time, there = self._of(feature).at_start(self.log.time)
        return np.where(there, (self.at - time) / DAY_US, np.nan)

    def _trend(self, feature: EventFeature, window: int) -> Values:
        view = self._of(feature)
        twice = self.twice[window]
        before = view.low(window) - (twice if view.before is None else view.before[twice])
        return (view.count(window) - before).astype(np.float64)

    def _sum(self, feature: EventFeature, window: int) -> Values:
        view, scale = self.view("number", feature.subject), self._scale(feature.subject)
        return self._total(feature.subject, view, window) / scale

    def _total(self, name: str, view: View, window: int) -> Whole:
        sums = self.share("total", name, lambda: running(view.of(self.log.numbers[name])))
        return sums[view.end] - sums[view.low(window)]

    def _scale(self, name: str) -> float:
        return 10.0 ** self.events.attributes[name].decimals

    def _mean(self, feature: EventFeature, window: int) -> Values:
        view, scale = self.view("number", feature.subject), self._scale(feature.subject)
        return _share(self._total(feature.subject, view, window), view.count(window) * scale)

    def _max(self, feature: EventFeature, window: int) -> Values:
        view, scale = self.view("number", feature.subject), self._scale(feature.subject)
        found = largest(view.of(self.log.numbers[feature.subject]), view.low(window), view.end)
        return np.where(found == ABSENT, np.nan, found / scale)

    def _last(self, feature: EventFeature, _: int) -> Values:
        name = feature.subject
        if feature.role is Role.CATEGORY:
            return self._levels(name, *self.view("category", name).at_end(self.log.categories[name]))
        value, there = self.view("number", name).at_end(self.log.numbers[name])
        return np.where(there, value / self._scale(name), np.nan)

    def _first(self, feature: EventFeature, _: int) -> Values:
        name = feature.subject
        return self._levels(name, *self.view("category", name).at_start(self.log.categories[name]))

    def _levels(self, name: str, codes: NDArray, there: NDArray) -> Values:
        return _texts(self.events.attributes[name].levels, codes, there)

    def _level_counts(self, name: str, level: int, window: int) -> Whole:
        view = self.view("category", name)
        sums = self.share(f"level {level}", name, lambda: running(view.of(self.log.categories[name]) == level))
        return sums[view.end] - sums[view.low(window)]

    def _most_frequent(self, feature: EventFeature, window: int) -> Values:
        name = feature.subject
        levels = self.events.attributes[name].levels
        counts = [self._level_counts(name, level, window) for level in range(len(levels))]
        counts.append(self.view("category", name).count(window) - sum(counts))
        every = np.stack(counts)
        return self._levels(name, every.argmax(axis=0), every.sum(axis=0) > 0)

    def _distinct(self, feature: EventFeature, window: int) -> Values:
        name = feature.subject
        view = self.view("category", name)
        values = self.share("distinct", name, lambda: Distinct(view.of(self.log.categories[name]), view.of(self.owner)))
        return values.between(view.low(window), view.end).astype(np.float64)

    def _share_of_level(self, feature: EventFeature, window: int) -> Values:
        name = feature.subject
        level = self.events.attributes[name].levels.index(feature.level)
        return _share(self._level_counts(name, level, window), self.view("category", name).count(window))

    def _sessions(self, feature: EventFeature, window: int) -> Values:
        """Sessions that begin in the window, as far as they were seen: the one that goes on is cut at t."""
        view = self.view("session", "")
        low, end = view.low(window), view.end
        count = end - low
        if feature.statistic == "sessions":
            return count.astype(np.float64)
        begin, _ = view.at_end(np.arange(len(self.log)))
        last_time = pick(self.log.time, self.end - 1, count > 0)
        seen_pages = self.end - begin
        ended, pages, alone = self._session_sums(view)
        before = np.maximum(end - 1, low)
        if feature.statistic == "session minutes":
            seen = last_time - pick(self.log.time, begin, count > 0)
            return _share(ended[before] - ended[low] + seen, count * float(_MINUTE_US))
        if feature.statistic == "session pages":
            return _share(pages[before] - pages[low] + seen_pages, count)
        return _share(alone[before] - alone[low] + (seen_pages == 1), count)

    def _session_sums(self, view: View) -> tuple[Whole, Whole, Whole]:
        """Running sums over whole sessions: how long each lasts, its events, and whether it has one event only."""

        def sums() -> tuple[Whole, Whole, Whole]:
            begins = view.of(np.arange(len(self.log)))
            ends = np.append(begins, len(self.log))[1:]
            length = self.log.time[ends - 1] - self.log.time[begins]
            return running(length), running(ends - begins), running(ends - begins == 1)

        return self.share("sessions", "", sums)

    def _habit(self, feature: EventFeature, window: int) -> Values:
        def within() -> Whole:
            if feature.subject == "weekend":
                return running((self.log.day + 3) % 7 >= 5)  # day 0, 1970-01-01, was a Thursday
            return running(self.log.hour // 6 == PARTS_OF_DAY.index(feature.subject))

        view, sums = self.view("any", ""), self.share("habit", feature.subject, within)
        return _share(sums[view.end] - sums[view.low(window)], view.count(window))

    def _event_before(self, feature: EventFeature, _: int) -> Values:
        return _texts(self.events.kinds, *self.view("any", "").at_end(self.log.kind, back=int(feature.level)))

    def _days_between(self, _: EventFeature, window: int) -> Values:
        view = self.view("any", "")
        low, count = view.low(window), view.count(window)
        last, first = pick(self.log.time, view.end - 1, count > 1), pick(self.log.time, low, count > 1)
        return _share(last - first, np.where(count > 1, count - 1, 0) * float(DAY_US))

    def _after(self, feature: EventFeature, window: int) -> Values:
        later, earlier = self.view("kind", feature.subject), self.view("kind", feature.level)
        both = (later.count(window) > 0) & (earlier.count(window) > 0)
        last = pick(later.of(self.log.time), later.end - 1, both)
        first = pick(earlier.of(self.log.time), earlier.low(window), both)
        return (both & (last > first)).astype(np.float64)


_METHODS: Final = {
    **{statistic: f"_{statistic}" for statistic in ("count", "days", "trend", "sum", "mean", "max", "last", "first")},
    **{statistic: f"_{statistic.replace(' ', '_')}" for statistic in ("most frequent", "distinct", "habit", "after")},
    **dict.fromkeys(("sessions", "session minutes", "session pages", "session bounces"), "_sessions"),
    "days since last": "_since_last",
    "days since first": "_since_first",
    "share": "_share_of_level",
    "event before": "_event_before",
    "days between": "_days_between",
}


def _share(part: NDArray, whole: NDArray) -> Values:
    """`part / whole`, NaN where the whole is nothing."""
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _texts(names: Sequence[str], codes: NDArray, there: NDArray) -> Values:
    """Names of codes: `OTHER_LEVEL` beyond them or below 0, None where there is nothing."""
    table = np.array([*names, OTHER_LEVEL, None], dtype=object)
    within = np.where((codes >= 0) & (codes < len(names)), codes, len(names))
    return table[np.where(there, within, len(names) + 1)]
