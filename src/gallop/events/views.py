"""What decisions see of a log: windows as places in it, of all events or of some, looked up once for all features."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gallop.events.log import EventLog
from gallop.events.windows import ABSENT, Distinct, Whole, first_at_or_after, running
from gallop.schema import EVER, duration_us
from gallop.settings.events import Events

Shared = TypeVar("Shared")


class View:
    """Some of the events, as the decisions see them.

    Args:
        places: shape (m,): which events; None for all.
        running_places: shape (n + 1,): how many of them are before each event.
    """

    def __init__(self, seen: "Lookups", places: Whole | None, before: Whole | None) -> None:
        self.seen, self.places = seen, places
        self.start = seen.start if before is None else before[seen.start]
        self.end = seen.end if before is None else before[seen.end]
        """Shape (k,): places of the decisions' first events, and after their last ones."""
        self.before = before

    def low(self, place: int) -> Whole:
        """Places where a window begins: shape (k,)."""
        low = self.seen.low[place]
        return low if self.before is None else self.before[low]

    def of(self, values: NDArray) -> NDArray:
        """An array of all events, of those of the view."""
        return values if self.places is None else values[self.places]

    def count(self, place: int) -> Whole:
        """How many of them are in a window: shape (k,)."""
        return self.end - self.low(place)

    def at_end(self, values: NDArray, back: int = 1) -> tuple[NDArray, NDArray]:
        """Values of the last events before the decisions, and where there is one."""
        there = self.end - back >= self.start
        return pick(self.of(values), self.end - back, there), there

    def at_start(self, values: NDArray) -> tuple[NDArray, NDArray]:
        """Values of the leads' first events, where they are before the decision."""
        there = self.end > self.start
        return pick(self.of(values), self.start, there), there

    @cached_property
    def days(self) -> Distinct:
        """Counts different days."""
        return Distinct(self.of(self.seen.log.day), self.of(self.seen.owner))


def pick(values: NDArray, places: Whole, there: NDArray) -> NDArray:
    """Values at places, and anything where there is none."""
    if not len(values):
        return np.zeros(len(places), dtype=values.dtype)
    return values[np.where(there, places, 0)]


class Lookups:
    """What decisions see of a log: look-ups that features share, each done once, and only where one asks."""

    def __init__(self, log: EventLog, lead: Whole, at: Whole, events: Events, windows: Sequence[str]) -> None:
        self.log, self.at, self.events = log, at, events
        self.places = {name: index for index, name in enumerate(windows)}
        self.start = log.starts[lead]
        stop = log.starts[lead + 1]
        self.end = first_at_or_after(log.time, self.start, stop, at)
        self._spans = [None if name == EVER else duration_us(name) for name in windows]
        self.low = [self._begin(1, span) for span in self._spans]
        self._views: dict[tuple[str, str], View] = {}
        self._shared: dict[tuple[str, str], Any] = {}

    def _begin(self, times: int, span: int | None) -> Whole:
        if span is None:
            return self.start
        return first_at_or_after(self.log.time, self.start, self.end, self.at - times * span)

    @cached_property
    def twice(self) -> list[Whole]:
        """Places where windows of twice the length begin."""
        return [self._begin(2, span) for span in self._spans]

    @cached_property
    def owner(self) -> Whole:
        """Whose each event is: shape (n,)."""
        return self.log.lead

    def view(self, what: str, name: str) -> View:
        """All events (`any`), those of a kind, with a value of an attribute, or those that begin a session."""
        key = (what, name)
        if key not in self._views:
            if what == "any":
                self._views[key] = View(self, None, None)
            else:
                within = self._within(what, name)
                self._views[key] = View(self, np.flatnonzero(within), running(within))
        return self._views[key]

    def _within(self, what: str, name: str) -> NDArray:
        if what == "kind":
            return self.log.kind == self.events.kinds.index(name)
        if what == "number":
            return self.log.numbers[name] != ABSENT
        if what == "category":
            return self.log.categories[name] >= 0
        begins = np.ones(len(self.log), dtype=bool)
        begins[1:] = np.diff(self.log.time) >= duration_us(self.events.session_gap)
        first = self.log.starts[:-1]
        begins[first[first < len(begins)]] = True
        return begins

    def share(self, what: str, name: str, make: Callable[[], Shared]) -> Shared:
        """Something that several features need, made once."""
        key = (what, name)
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]
