"""What a conversion is worth and a contact costs, and the rule by which leads are contacted. Part of the settings."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gallop.settings.base import SettingsModel, Share

Amount = Annotated[float, Field(gt=0.0, lt=1e12)]


class Bands(SettingsModel):
    """How many of the leads are in the bands above `cold`, which holds the rest."""

    hot: Share = Field(0.1, description="Share of the leads that are called hot: the best ones.")
    warm: Share = Field(0.2, description="Share of the leads that are called warm: the next best ones.")

    @model_validator(mode="after")
    def _leave_some(self) -> Self:
        if self.hot + self.warm >= 1:
            raise ValueError(f"hot and warm are {self.hot + self.warm:g} together; less than 1 leaves leads to be cold")
        return self


class DecisionRule(SettingsModel):
    """When a lead counts as worth contacting, and what that is worth."""

    threshold: Share | Literal["auto", "profit", "f1"] = Field(
        "auto",
        description="Smallest probability that means: contact. `profit` and `f1` choose it on out-of-fold predictions; "
        "`auto` is profit where value and cost are set, else the capacity, else the hot leads.",
    )
    value: Amount | None = Field(None, description="What a conversion is worth, in any currency; needs `cost`.")
    cost: Amount | None = Field(None, description="What a contact costs, in the same currency; needs `value`.")
    example: bool = Field(
        False, description="Whether value and cost are made up: whatever rests on them says so until this is taken out."
    )
    capacity: int | None = Field(
        None, ge=1, le=1_000_000, description="Contacts that can be made a week; the report shows what they bring."
    )
    bands: Bands = Field(default_factory=Bands, description="Hot, warm and cold leads, by shares.")

    @model_validator(mode="after")
    def _money_is_complete(self) -> Self:
        if (self.value is None) != (self.cost is None):
            given, missing = ("value", "cost") if self.cost is None else ("cost", "value")
            raise ValueError(f"decision.{given} is given and decision.{missing} is not; profit needs both")
        if self.example and self.value is None:
            raise ValueError("decision.example is true, and there is no decision.value and cost that it could be about")
        if self.threshold == "profit" and self.value is None:
            raise ValueError("decision.threshold is profit, which needs decision.value and decision.cost")
        return self
