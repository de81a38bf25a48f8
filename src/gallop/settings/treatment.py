"""Who was contacted, where that was drawn at random. Part of the settings."""

from typing import Self

from pydantic import Field, model_validator

from gallop.settings.base import SettingsModel, Texts


class Treatment(SettingsModel):
    """The column that says whether a lead was contacted, and how it says so."""

    column: str = Field(description="Its name; its role must be treatment.")
    treated: Texts = Field(description="Texts that mean: contacted.")
    control: Texts = Field(description="Texts that mean: not contacted.")

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        if both := set(self.treated) & set(self.control):
            raise ValueError(f"{sorted(both)} cannot be both treated and control")
        return self
