"""Figures with intervals on one scale: the position of each dot, line and tick, in percent of the width."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from gallop.evaluation.metrics import Estimate

_PADDING = 0.04


@dataclass(frozen=True)
class Mark:
    """A dot with its interval; positions in percent of the strip's width. `kind` chooses the colour."""

    at: float
    start: float
    end: float
    kind: str


@dataclass(frozen=True)
class Tick:
    """A labelled position on the scale."""

    at: float
    label: str


@dataclass(frozen=True)
class Scale:
    """A linear scale from `low` to `high`."""

    low: float
    high: float

    @classmethod
    def around(cls, estimates: Iterable[Estimate], *, zero: bool = False) -> "Scale":
        """The scale that holds all these intervals, and zero on request, with a little room on both sides."""
        ends = [x for estimate in estimates for x in (estimate.value, estimate.low, estimate.high) if math.isfinite(x)]
        ends += [0.0] if zero or not ends else []
        low, high = min(ends), max(ends)
        room = (high - low) * _PADDING or max(abs(high) * _PADDING, 1e-6)
        return cls(low - room, high + room)

    def position(self, value: float) -> float:
        """Where the value is, in percent of the width, kept within it."""
        if not math.isfinite(value):
            return 0.0
        return round(min(100.0, max(0.0, 100 * (value - self.low) / (self.high - self.low))), 2)

    def mark(self, estimate: Estimate, kind: str) -> Mark:
        """Where the estimate's dot and interval are."""
        return Mark(self.position(estimate.value), self.position(estimate.low), self.position(estimate.high), kind)

    def ticks(self, count: int = 4) -> tuple[Tick, ...]:
        """About `count` round values (steps of 1, 2 or 5 times a power of ten) on the scale."""
        rough = (self.high - self.low) / count
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * 0.999)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        values = [index * step + 0.0 for index in range(first, last + 1)]
        return tuple(Tick(self.position(value), f"{value:.{decimals}f}") for value in values)
