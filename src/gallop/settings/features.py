"""The settings of what the model sees of a lead: columns, bins, parts of dates. All row-wise."""

from typing import Literal, Self

from pydantic import Field, model_validator

from gallop.settings.base import SettingsModel, Texts


class Bins(SettingsModel):
    """A category with few levels, made from one with many."""

    column: str = Field(description="The category to bin.")
    groups: dict[str, Texts] = Field(min_length=1, description="New level → levels it takes in.")
    other: str = Field("other", description="New level of everything else.")

    @model_validator(mode="after")
    def _no_overlap(self) -> Self:
        seen = [level for levels in self.groups.values() for level in levels]
        if twice := {level for level in seen if seen.count(level) > 1}:
            raise ValueError(f"{sorted(twice)} are in more than one group")
        return self


class DatePart(SettingsModel):
    """A part of a date, as an input: dates themselves are neither numbers nor categories."""

    column: str = Field(description="The date; a column with the role date or day.")
    part: Literal["weekday", "month", "days", "until"] = Field(
        description="weekday and month as categories; days since 1970-01-01; days until the date `of`."
    )
    of: str | None = Field(None, description="For until: the later date, a column with the role date or day.")

    @model_validator(mode="after")
    def _until_of(self) -> Self:
        if (self.part == "until") != (self.of is not None):
            raise ValueError("of is for the part until, which needs it")
        return self


class Features(SettingsModel):
    """What the model sees of a lead. All row-wise: one row in, one row out, no other row looked at."""

    bins: dict[str, Bins] = Field(default_factory=dict, description="Binned categories, by their new name.")
    dates: dict[str, DatePart] = Field(default_factory=dict, description="Parts of dates, by their new name.")
    inputs: Texts = Field(description="Columns, bins and parts of dates that the model takes, in order.")

    def sources(self, name: str) -> tuple[str, ...]:
        """The columns of the table that an input is made from."""
        if name in self.bins:
            return (self.bins[name].column,)
        if name in self.dates:
            part = self.dates[name]
            return (part.column,) if part.of is None else (part.column, part.of)
        return (name,)

    @property
    def used(self) -> frozenset[str]:
        """All columns of the table that the model's inputs are made from."""
        return frozenset(source for name in self.inputs for source in self.sources(name))
