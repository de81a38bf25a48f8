"""The settings of the split: which leads are held out for the final report. Part of the settings."""

from typing import Annotated, Final

from pydantic import Field

from gallop.schema import Role
from gallop.settings.base import SettingsModel
from gallop.settings.table import Table

BY_RANDOM: Final = "random"
BY_DAY: Final = "day"
BY_ORDER: Final = "order"
BY_REVERSE: Final = "reverse"


class Split(SettingsModel):
    """Which leads are held out for the final report."""

    by: Annotated[str, Field(min_length=1)] = Field(
        BY_RANDOM,
        description="random, by each id's hash; or forward in time, the last leads: by day (the lead's), by the name "
        "of a date column, or by order of the rows in the raw file (reverse: its newest rows come first).",
    )
    test_share: Annotated[float, Field(gt=0.0, le=0.5)] = Field(0.15, description="Share of leads held out.")
    gap_days: int = Field(
        0, ge=0, le=3660, description="Of days: whole days between learning and testing, whose rows are in neither."
    )

    @property
    def is_forward(self) -> bool:
        """Whether the last leads are held out, and folds go forward."""
        return self.by != BY_RANDOM

    def require_clock(self, table: Table) -> None:
        """Raises `ValueError`: the table does not have what the split goes by."""
        if self.by == BY_DAY and not table.day:
            raise ValueError("split.by is day, but no column has the role day")
        dates = [*table.with_role(Role.DAY), *table.with_role(Role.DATE)]
        if self.by not in {BY_RANDOM, BY_DAY, BY_ORDER, BY_REVERSE, *dates}:
            raise ValueError(f"split.by is {self.by!r}; accepted are random, day, order, reverse, and dates: {dates}")
        if self.by in {BY_RANDOM, BY_ORDER, BY_REVERSE} and self.gap_days:
            raise ValueError(f"split.gap_days is {self.gap_days}, but a split by {self.by} knows no days")
