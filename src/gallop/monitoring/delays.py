"""How late conversions come: of the leads that will be seen to convert, the share that has been by each age. Pure.

Conversions of young leads are seen only where they came early, so counting their delays as they are would make all
delays look short. The reverse-time product limit (Lagakos, Barraj & De Gruttola 1988, Biometrika 75, 515-523) corrects
that: a conversion at delay d is compared with those that came by d and could have been seen until then. Of ripe leads
alone it is the share seen by each age.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.float64]

FEWEST: Final = 50
"""Conversions of ripe leads from which delays are known well enough to expect anything of younger ones."""
_NEWEST: Final = 1000
"""Conversions that a curve is made of at most, so that it follows delays that change slowly."""


@dataclass(frozen=True)
class DelayCurve:
    """F(a): the share of conversions seen by age a."""

    ages: Days
    """Rising, from 0 to the age at which leads are ripe; in days."""
    shares: Days
    """Rising, from 0 to 1."""
    conversions: int
    """How many it was made of."""

    def __call__(self, age: Days) -> Days:
        """F at these ages, in days, of any shape; 0 before the score, 1 from the ripe age on."""
        return np.interp(age, self.ages, self.shares)


def delay_curve(delay: Days, could_see: Days, ripe_age: float) -> DelayCurve | None:
    """The curve of conversions seen so far; None where too few of them are of ripe leads.

    Args:
        delay: from the score until the conversion was seen, in days, shape (n,).
        could_see: age of each of these leads now, in days, shape (n,): later delays could not have been seen.
        ripe_age: in days; later conversions do not count.
    """
    counts = (delay >= 0) & (delay <= np.minimum(could_see, ripe_age))
    delay, could_see = delay[counts], np.minimum(could_see[counts], ripe_age)
    if np.sum(could_see >= ripe_age) < FEWEST:
        return None
    if len(delay) > _NEWEST:
        # The newest ones, but never fewer ripe ones than it takes.
        ripe_first = np.argsort(could_see, kind="stable")
        last = max(_NEWEST, int(np.searchsorted(could_see[ripe_first], ripe_age)) + FEWEST)
        delay, could_see = delay[ripe_first[:last]], could_see[ripe_first[:last]]
    ages, events = np.unique(delay, return_counts=True)
    # At risk at d, backwards in time: seen by d, and d could have been seen.
    at_risk = np.searchsorted(np.sort(delay), ages, side="right") - np.searchsorted(np.sort(could_see), ages)
    later = np.append(np.cumprod((1 - events / at_risk)[::-1])[::-1], 1.0)
    # Between two steps the truth is anywhere, so the curve goes through the middle of each.
    middle = (later[:-1] + later[1:]) / 2
    inside = (ages > 0) & (ages < ripe_age)
    return DelayCurve(np.r_[0.0, ages[inside], ripe_age], np.r_[0.0, middle[inside], 1.0], conversions=len(delay))
