"""Figures with intervals on one scale: where each dot, line and tick goes, in percent of the width."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from gallop.evaluation.metrics import Estimate

_PADDING = 0.04


@dataclass(frozen=True)
class Mark:
    """A dot with its interval; places in percent of the strip's width. `kind` chooses the colour."""

    at: float
    start: float
    end: float
    kind: str


@dataclass(frozen=True)
class Tick:
    """A labelled place on the scale."""

    at: float
    label: str


@dataclass(frozen=True)
class Scale:
    """A linear scale from `low` to `high`."""

    low: float
    high: float

    @classmethod
    def around(cls, estimates: Iterable[Estimate], *, zero: bool = False) -> "Scale":
        """The scale that holds all these intervals, and zero where asked, with a little room on both sides."""
        known = [x for each in estimates for x in (each.value, each.low, each.high) if math.isfinite(x)]
        known += [0.0] if zero or not known else []
        low, high = min(known), max(known)
        room = (high - low) * _PADDING or max(abs(high) * _PADDING, 1e-6)
        return cls(low - room, high + room)

    def place(self, value: float) -> float:
        """Where the value is, in percent of the width, kept within it."""
        if not math.isfinite(value):
            return 0.0
        return round(min(100.0, max(0.0, 100 * (value - self.low) / (self.high - self.low))), 2)

    def mark(self, estimate: Estimate, kind: str) -> Mark:
        """Where the estimate's dot and interval are."""
        return Mark(self.place(estimate.value), self.place(estimate.low), self.place(estimate.high), kind)

    def ticks(self, wanted: int = 4) -> tuple[Tick, ...]:
        """About `wanted` round values (steps of 1, 2 or 5 times a power of ten) on the scale."""
        rough = (self.high - self.low) / wanted
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * 0.999)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        values = [index * step + 0.0 for index in range(first, last + 1)]
        return tuple(Tick(self.place(value), f"{value:.{decimals}f}") for value in values)
