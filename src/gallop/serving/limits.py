"""How much a caller may ask of the service, and how long it may take to ask."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MOST_CALLERS: Final = 10_000


@dataclass(frozen=True)
class ServiceLimits:
    """Bounds of one service."""

    body_bytes: int = 8_000_000
    """Of a request in JSON; a body in memory is never larger."""
    file_bytes: int = 100_000_000
    """Of a file dropped on the page, which goes to disk as it comes."""
    rows: int = 10_000
    """Leads in a request."""
    requests_per_s: float = 1000.0
    """Of one caller, on average; as many may come at once."""
    header_s: float = 10.0
    """From the first byte of a request until its headers are whole."""
    body_s: float = 60.0
    """From then until the body is whole."""
    waiting: int = 64
    """Requests that may wait for a processor; further ones are told to come again."""


class RateLimit:
    """A bucket of requests for each caller, which fills steadily."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @property
    def callers(self) -> int:
        """How many are remembered."""
        return len(self._buckets)

    def take(self, caller: str) -> float:
        """Take a request out of the caller's bucket; the seconds to wait where there is none, else 0."""
        now = time.monotonic()
        left, last = self._buckets.pop(caller, (self._per_s, now))
        left = min(self._per_s, left + (now - last) * self._per_s)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_s
        self._buckets[caller] = (left if wait else left - 1, now)
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        return wait
