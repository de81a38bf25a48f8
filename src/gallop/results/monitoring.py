"""What `gallop monitor` finds out: is the live model still right?"""

from typing import Final

from gallop.results.estimates import Estimate, ResultModel
from gallop.results.unlike import Unlike

FEWER_OR_LATER: Final = "fewer or later"
FEWER: Final = "fewer"
DIFFERENT_LEADS: Final = "different leads"


class Alarm(ResultModel):
    """One question that is asked again at every look, and its answer."""

    name: str
    """`fewer or later` (young leads), `fewer` (ripe leads) or `different leads`."""
    raised: bool
    since: str | None = None
    """The first day at whose end it was raised, whether or not anybody looked."""
    evidence: float | None = None
    """How many times more likely the outcomes are where fewer convert than where all is well, at most 1e12; None where
    it cannot be told yet."""
    because: str
    """In a sentence."""


class ExpectedByNow(ResultModel):
    """Conversions that scores and delays let one expect by now, and those that came."""

    leads: int
    expected: float
    low: float
    high: float
    """Between which the number lies in 95 of 100 cases where all is well; delays are themselves known from few."""
    came: int
    in_all: float
    """Conversions to expect once all these leads are ripe."""


class GroupRate(ResultModel):
    """Ripe leads of one band, period or kind: what was expected, and the rate that came, with its Wilson interval."""

    name: str
    leads: int
    expected: float
    """Mean probability."""
    came: int
    rate: Estimate


class MovedColumn(ResultModel):
    """A column whose values are not what they were, beyond chance and usual variation."""

    column: str
    level: str | None
    """A level whose share has moved; None where numbers have."""
    before: float
    now: float
    """Shares of the level, or medians of the numbers."""


class MonitoringReport(ResultModel):
    """One look."""

    version: str
    since: str
    """First score of this version since it became live, UTC."""
    until: str
    """Until when outcomes are known, UTC."""
    horizon_days: int
    ripe_days: float
    """Age at which a lead's outcome is known: the horizon, and how late conversions come to be seen."""
    alpha: float
    leads: int
    ripe: int
    again: int
    """Scores of leads that this version had scored before; the first one counts."""
    converted_before: int
    """Leads left out because they had converted before this version scored them."""
    hold_out: float
    """Share of the settings."""
    delays_from: int | None
    """Conversions that delays are known from; None where they are too few."""
    median_delay: float | None
    """In days."""
    now: ExpectedByNow | None
    """None where delays are not known yet."""
    alarms: tuple[Alarm, ...]
    bands: tuple[GroupRate, ...]
    periods: tuple[GroupRate, ...]
    held_out: tuple[GroupRate, ...]
    """Ripe leads in the hold-out, and the others; empty where there is no hold-out."""
    slope: Estimate | None
    """How much of what scores tell apart is there, on ripe leads: 1 is all of it, 0 nothing; None where few are."""
    scores: tuple[Unlike, ...]
    columns: tuple[MovedColumn, ...]
    remarks: tuple[str, ...]

    @property
    def alarmed(self) -> bool:
        """Whether somebody should be told: leads that are merely different call nobody."""
        return any(alarm.raised for alarm in self.alarms if alarm.name != DIFFERENT_LEADS)
