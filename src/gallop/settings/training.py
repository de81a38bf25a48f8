"""The settings of the search: which families compete, with which settings, for how long. Part of the settings."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from gallop.schema import Parameter
from gallop.settings.base import SettingsModel

Family = Literal["logistic_regression", "random_forest", "gradient_boosting", "splines", "forest", "lightgbm"]


class Range(SettingsModel):
    """Numbers from low to high, both included; whole ones where both ends are whole."""

    low: int | float = Field(description="Smallest value.")
    high: int | float = Field(description="Largest value.")
    log: bool = Field(False, description="Draw evenly on a logarithmic scale.")

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError("low must be less than high, and above 0 where log is true")
        return self


ParameterValues = Range | Annotated[tuple[Parameter, ...], Field(min_length=1)]


_BUDGETS: Final = {"quick": 1 / 3, "standard": 1.0, "thorough": 4.0}


class FamilySearch(SettingsModel):
    """How many settings of one family are tried, and from which space."""

    trials: int = Field(ge=1, le=500, description="Settings tried with the standard budget, none of them twice.")
    start: tuple[dict[str, Parameter], ...] = Field((), description="Settings known to be good, tried first.")
    space: tuple[dict[str, ParameterValues], ...] = Field(
        min_length=1, description="Grids of valid combinations: parameter → a list of values, or {low, high, log}."
    )

    def tried(self, budget: str) -> int:
        """How many settings are tried with a budget."""
        return max(1, round(self.trials * _BUDGETS[budget]))

    @model_validator(mode="after")
    def _starts_lie_in_the_space(self) -> Self:
        for parameters in self.start:
            if not any(_holds(grid, parameters) for grid in self.space):
                raise ValueError(f"start has {parameters}, which lies in none of the grids of space")
        return self


def _holds(grid: dict[str, ParameterValues], parameters: dict[str, Parameter]) -> bool:
    def within(values: ParameterValues | None, value: Parameter) -> bool:
        if not isinstance(values, Range):
            return values is not None and value in values
        return isinstance(value, int | float) and values.low <= value <= values.high

    return all(within(grid.get(name), value) for name, value in parameters.items())


class Encoding(SettingsModel):
    """How categories and missing numbers enter the model. All of it is fitted on training rows, inside each fold."""

    drop_first: bool = Field(True, description="Leave out the first level of each one-hot category.")
    rare_rows: int = Field(1, ge=1, description="Levels with fewer training rows than this are one level together.")
    one_hot_levels: int = Field(20, ge=2, description="Categories with more levels than this are target-encoded.")
    missing_indicators: bool = Field(
        False, description="For each number with missing values, an input that marks them."
    )
    columns: dict[str, Literal["one_hot", "target"]] = Field(
        default_factory=dict, description="Inputs whose encoding does not follow from the number of levels."
    )


class Training(SettingsModel):
    """The search for the best candidate."""

    folds: int = Field(5, ge=2, le=20, description="Folds of the cross-validation on training rows.")
    clip_sd: float = Field(2.0, gt=0.0, description="Numbers are clipped at mean ± this many standard deviations.")
    encoding: Encoding = Field(default_factory=Encoding, description="Of categories and missing numbers.")
    budget: Literal["quick", "standard", "thorough"] = Field(
        "standard", description="A third of each family's trials, all of them, or four times as many."
    )
    seconds: int | None = Field(
        None, ge=1, description="No new trial is begun after this long; null for no limit. Runs then differ by machine."
    )
    search_rows: int = Field(
        30_000,
        ge=1_000,
        description="Most rows that the search learns from and is judged on: larger tables are searched on a sample, "
        "and the recipe found is fitted on all rows.",
    )
    families: dict[Family, FamilySearch] = Field(min_length=1, description="The families that compete.")
    stack: int = Field(4, ge=0, le=12, description="Most models in the weighted sum of several; 0 for no such sum.")
    repeats: int = Field(
        4, ge=1, le=20, description="Fits of each boosted model of the winner, with other draws; their mean is used."
    )
    monotone: dict[str, Literal["increasing", "decreasing"]] = Field(
        default_factory=dict, description="Numbers that may move the score in one direction only."
    )
    screen: int | None = Field(
        None,
        ge=1,
        description="Most inputs a fold learns from: those that say most of the label alone, in its own rows.",
    )
    forced: tuple[str, ...] = Field((), description="Inputs that the deployed model must make use of.")

    @model_validator(mode="after")
    def _demands_can_be_kept(self) -> Self:
        if self.monotone and "lightgbm" not in self.families:
            raise ValueError("training.monotone is kept by the family lightgbm alone, which is not among the families")
        if not {"splines", "forest", "lightgbm"} & set(self.families):
            raise ValueError(
                "training.families: what is deployed gives reasons for its scores; the families that do are splines, "
                "forest and lightgbm, none of which is among the families"
            )
        return self
