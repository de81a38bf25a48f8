"""What windows are made of: looking times up, and counting, differing and largest values between two places.

A window [t − w, t) of a lead is two places in the sorted log, so a count or sum is a difference of two running sums
and costs the same for an hour and for ever. Running sums are of whole numbers: exact, whatever the order.
"""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
ABSENT: Final = np.iinfo(np.int64).min
"""A number that is not there."""
_CHUNK: Final = 1 << 22


def first_at_or_after(times: Whole, starts: Whole, ends: Whole, moments: Whole) -> Whole:
    """The first place in [start, end) whose time is `moment` or later; `end` where there is none.

    Args:
        times: shape (n,), sorted between each start and end.
        starts, ends, moments: shape (k,).
    """
    low, high = starts.astype(np.int64), ends.astype(np.int64)
    if len(starts) == 1:
        return low + np.searchsorted(times[low[0] : high[0]], moments)
    if not len(times):
        return low
    longest = int((high - low).max()) if len(low) else 0
    for _ in range(longest.bit_length()):
        middle = (low + high) >> 1
        before = (low < high) & (times[np.minimum(middle, len(times) - 1)] < moments)
        low, high = np.where(before, middle + 1, low), np.where(before, high, middle)
    return low


def running(values: NDArray) -> Whole:
    """Running sums, from 0: shape (n + 1,). Sums that leave 64 bits still have right differences."""
    sums = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


def spans(starts: Whole, ends: Whole) -> tuple[Whole, Whole]:
    """All places between each start and end: whose they are (0 to k − 1), and the places, one after the other."""
    lengths = np.maximum(ends - starts, 0)
    owner = np.repeat(np.arange(len(starts)), lengths)
    begin = np.cumsum(lengths) - lengths
    return owner, np.arange(len(owner)) - begin[owner] + starts[owner]


def chunked(lengths: Whole, most: int = _CHUNK) -> list[slice]:
    """Cut k things into runs whose lengths sum up to about `most`, so that memory stays bounded."""
    if not len(lengths):
        return []
    total = np.cumsum(lengths)
    edges = np.searchsorted(total, np.arange(most, int(total[-1]) + most, most)) + 1
    edges = np.unique(np.minimum(np.concatenate([[0], edges, [len(lengths)]]), len(lengths)))
    return [slice(int(low), int(high)) for low, high in pairwise(edges)]


def largest(values: Whole, starts: Whole, ends: Whole) -> Whole:
    """The largest value between each start and end, `ABSENT` where there is none; shape (k,).

    By the largest of all runs of 1, 2, 4, … values, of which two overlapping ones cover any window (a sparse table, of
    which only one row is kept at a time).
    """
    found = np.full(starts.shape, ABSENT, dtype=np.int64)
    lengths = ends - starts
    level = np.frexp(np.maximum(lengths, 1))[1] - 1
    runs = values
    for power in range(int(level.max(initial=0)) + 1):
        at = (level == power) & (lengths > 0)
        if at.any():
            found[at] = np.maximum(runs[starts[at]], runs[ends[at] - (1 << power)])
        runs = np.maximum(runs[: -(1 << power)], runs[1 << power :])
    return found


class Distinct:
    """Counts different values between places of a sorted log.

    Args:
        codes: shape (n,): what each event has.
        lead: shape (n,): whose event it is; sorted.
    """

    def __init__(self, codes: NDArray, lead: Whole) -> None:
        same_lead = np.zeros(len(codes), dtype=bool)
        same_lead[1:] = lead[1:] == lead[:-1]
        fresh = ~same_lead
        fresh[1:] |= codes[1:] != codes[:-1]
        self._fresh, self._runs = fresh, running(fresh)
        self._again, self._before = _met_again(codes, lead, fresh, same_lead)

    def between(self, starts: Whole, ends: Whole) -> Whole:
        """How many different values are between each start and end: shape (k,)."""
        there = starts < ends
        # The runs of equal values that begin within, and the one that reaches in; less those met before within.
        found = self._runs[ends] - self._runs[starts]
        if len(self._fresh):
            found += there & ~self._fresh[np.minimum(starts, len(self._fresh) - 1)]
        found[~there] = 0
        if len(self._again):
            low, high = np.searchsorted(self._again, starts), np.searchsorted(self._again, ends)
            for part in chunked(high - low):
                owner, place = spans(low[part], high[part])
                met = self._before[place] >= starts[part][owner]
                found[part] -= np.bincount(owner[met], minlength=part.stop - part.start)
        return found


def _met_again(codes: NDArray, lead: Whole, fresh: NDArray, same_lead: NDArray) -> tuple[Whole, Whole]:
    """Places where a run begins with a value that the lead had before, and where it was last."""
    if np.all((codes[1:] >= codes[:-1]) | ~same_lead[1:]):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    order = np.lexsort((codes, lead))  # stable: equal ones stay in time
    again = np.zeros(len(codes), dtype=bool)
    again[1:] = (codes[order][1:] == codes[order][:-1]) & (lead[order][1:] == lead[order][:-1])
    before = np.full(len(codes), -1, dtype=np.int64)
    before[order[again]] = order[np.flatnonzero(again) - 1]
    places = np.flatnonzero(fresh & (before >= 0))
    return places, before[places]
