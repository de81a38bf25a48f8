"""A log of events as arrays: sorted by lead and time, every event with the interval in which it counted as known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gallop.events.windows import Whole, first_at_or_after, largest, spans

FOREVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class EventLog:
    """Events, sorted by lead, then time, then row in the file: of equal times, the later row is the later event."""

    leads: Sequence[str]
    """Ids of the leads, L of them."""
    starts: Whole
    """Shape (L + 1,): the events of lead i are those from starts[i] to starts[i + 1]."""
    time: Whole
    """Shape (n,): microseconds in UTC."""
    kind: NDArray[np.int32]
    """Place in the settings' kinds; −1 for a kind that they do not list."""
    day: NDArray[np.int32]
    """Days since 1970 of the lead's place."""
    hour: NDArray[np.int8]
    """Hour of the lead's place."""
    numbers: dict[str, Whole]
    """Attribute → whole multiples of 10 ** -decimals, `ABSENT` where there is none."""
    categories: dict[str, NDArray[np.int32]]
    """Attribute → place in the settings' levels; beyond them, one code for each other text; −1 for none."""
    known_from: Whole | None = None
    """From when the event was known: decisions at this time or later see it. None: from its time on."""
    known_until: Whole | None = None
    """From when it was known otherwise (corrected, or another's); `FOREVER` for never."""
    moved: NDArray[np.bool_] | None = None
    """Events that came to their lead by the identity map."""

    def __len__(self) -> int:
        return len(self.time)

    @property
    def lead(self) -> Whole:
        """Whose each event is: shape (n,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def at(self, places: NDArray | slice, starts: Whole, leads: Sequence[str]) -> "EventLog":
        """The log of these events, all of them known."""
        return EventLog(
            leads,
            starts,
            self.time[places],
            self.kind[places],
            self.day[places],
            self.hour[places],
            {name: values[places] for name, values in self.numbers.items()},
            {name: values[places] for name, values in self.categories.items()},
        )

    def of_leads(self, first: int, last: int) -> "EventLog":
        """The log of the leads from `first` to before `last`; views of the same arrays."""
        part = slice(int(self.starts[first]), int(self.starts[last]))
        cut = self.at(part, self.starts[first : last + 1] - self.starts[first], self.leads[first:last])
        if self.known_from is None or self.known_until is None:
            return cut
        return replace(cut, known_from=self.known_from[part], known_until=self.known_until[part])

    def final(self) -> "EventLog":
        """The events as they are known in the end, for labels."""
        if self.known_until is None:
            return self
        keep = self.known_until == FOREVER
        starts = np.concatenate([[0], np.cumsum(keep)])[self.starts]
        return self.at(np.flatnonzero(keep), starts, self.leads)


def surprised(log: EventLog, lead: Whole, at: Whole) -> NDArray[np.bool_]:
    """Decisions at which an event from before was not known (late, corrected since, or another's): shape (k,)."""
    if log.known_from is None or log.known_until is None or not len(log):
        return np.zeros(len(at), dtype=bool)
    starts = log.starts[lead]
    ends = first_at_or_after(log.time, starts, log.starts[lead + 1], at)
    late = largest(log.known_from, starts, ends) > at
    # A minimum is the largest of the negatives; ~x is −x − 1, which has no overflow.
    return late | ((starts < ends) & (~largest(~log.known_until, starts, ends) <= at))


def as_known(log: EventLog, lead: Whole, at: Whole) -> EventLog:
    """For each decision a lead of its own, with the events of before that were known at its time."""
    starts = log.starts[lead]
    ends = first_at_or_after(log.time, starts, log.starts[lead + 1], at)
    owner, places = spans(starts, ends)
    known = np.ones(len(places), dtype=bool)
    if log.known_from is not None and log.known_until is not None:
        known = (log.known_from[places] <= at[owner]) & (log.known_until[places] > at[owner])
    counts = np.bincount(owner[known], minlength=len(at))
    return log.at(places[known], np.concatenate([[0], np.cumsum(counts)]), [""] * len(at))
