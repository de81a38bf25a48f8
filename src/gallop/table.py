"""The settings of a table: what its columns are, which rows are in scope, and which values are possible."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gallop.schema import ROW, RULE, Role

Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Values = Annotated[tuple[str, ...], Field(min_length=1)]


class Frozen(BaseModel):
    """Base of every setting: no unknown keys, no changes after loading, no silent conversions, no infinite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Column(Frozen):
    """What one column of the raw table is, and which of its values are possible."""

    role: Role = Field(description="id, label, day, number, category, boolean or ignore.")
    minimum: float | None = Field(None, description="Smallest possible number; a smaller one rejects its row.")
    maximum: float | None = Field(None, description="Largest possible number; a larger one rejects its row.")
    levels: Values | None = Field(None, description="Known categories; another one rejects its row.")

    @model_validator(mode="after")
    def _bounds_fit_role(self) -> Self:
        if self.role is not Role.NUMBER and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"minimum and maximum are for the role number, not {self.role.value}")
        if self.role is not Role.CATEGORY and self.levels is not None:
            raise ValueError(f"levels are for the role category, not {self.role.value}")
        if self.levels and len(set(self.levels)) != len(self.levels):
            raise ValueError(f"levels names one more than once: {list(self.levels)}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        return self


class Label(Frozen):
    """The yes/no outcome to predict."""

    column: str = Field(description="The column with the outcome.")
    positive: Values = Field(description="Texts that mean converted.")
    negative: Values = Field(description="Texts that mean not converted.")
    other: Literal["refuse", "reject"] = Field(
        "refuse", description="A third value stops the run (refuse) or sets its row aside (reject)."
    )

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        if both := set(self.positive) & set(self.negative):
            raise ValueError(f"{sorted(both)} cannot be both positive and negative")
        return self


class Window(Frozen):
    """The days whose leads are used for training, both ends included."""

    first: date = Field(description="First day, as YYYY-MM-DD.")
    last: date = Field(description="Last day, as YYYY-MM-DD.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.first > self.last:
            raise ValueError(f"first {self.first} is after last {self.last}")
        return self


class Table(Frozen):
    """The raw table: its columns, which rows are in scope, and which are possible."""

    missing: tuple[str, ...] = Field(("",), description="Texts that mean: no value.")
    max_defect_share: Share = Field(0.05, description="Share of broken rows above which the run stops.")
    label: Label = Field(description="The outcome.")
    window: Window | None = Field(None, description="Days to keep; needs a column with the role day.")
    keep: dict[str, Values] = Field(default_factory=dict, description="Column → values whose leads are in scope.")
    columns: dict[str, Column] = Field(min_length=2, description="Every column of the raw table, by name.")

    def with_role(self, role: Role) -> tuple[str, ...]:
        """Names of the columns with this role, in the table's order."""
        return tuple(name for name, column in self.columns.items() if column.role is role)

    @property
    def id(self) -> str:
        """The column that tells leads apart."""
        return self.with_role(Role.ID)[0]

    @property
    def day(self) -> str | None:
        """The column with the day of the lead, if there is one."""
        return next(iter(self.with_role(Role.DAY)), None)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that may become features: numbers, categories, booleans."""
        wanted = {Role.NUMBER, Role.CATEGORY, Role.BOOLEAN}
        return tuple(name for name, column in self.columns.items() if column.role in wanted)

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        for role, allowed in ((Role.ID, {1}), (Role.LABEL, {1}), (Role.DAY, {0, 1})):
            if len(names := self.with_role(role)) not in allowed:
                raise ValueError(f"exactly one column must have the role {role.value}, got {list(names)}")
        if self.with_role(Role.LABEL) != (self.label.column,):
            raise ValueError(
                f"label.column is {self.label.column!r}, but the role label is at {self.with_role(Role.LABEL)}"
            )
        if self.window and not self.day:
            raise ValueError("window needs a column with the role day")
        if taken := {ROW, RULE} & set(self.columns):
            raise ValueError(f"{sorted(taken)} are names that gallop uses itself")
        for name, kept in self.keep.items():
            if name not in self.values:
                raise ValueError(f"keep.{name} needs a column of that name with the role category, number or boolean")
            levels = self.columns[name].levels
            if levels and (unknown := set(kept) - set(levels)):
                raise ValueError(f"keep.{name} has {sorted(unknown)}, which are not among its levels {list(levels)}")
        return self
