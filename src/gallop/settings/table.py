"""The settings of a table: how its file is written, what its columns are, which rows and values are possible."""

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gallop.schema import RESERVED, ROW, New, Role
from gallop.settings.base import SettingsModel, Share, Texts
from gallop.settings.treatment import Treatment


class Format(SettingsModel):
    """How a CSV is written, and which part of it or of an Excel file is the table. `gallop init` finds it out once; no
    run guesses."""

    separator: Annotated[str, Field(min_length=1, max_length=1)] = Field(
        ",", description="Between values; a blank stands for any number of them."
    )
    encoding: str = Field("utf-8", description="Of the text, by its Python name, such as utf-8, cp1252 or utf-16.")
    header: bool = Field(True, description="The first row has the names; without one they are column_1, column_2, ….")
    sheet: str | None = Field(None, description="Of an Excel file; nothing for the only one, or the first.")
    preamble: int = Field(0, ge=0, le=1000, description="Lines above the header that are no part of the table.")
    footer: int = Field(0, ge=0, le=1000, description="Lines below the rows that are no part of it; blank ones aside.")

    @model_validator(mode="after")
    def _known(self) -> Self:
        import codecs

        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise ValueError(f"encoding {self.encoding!r} is not known; utf-8, cp1252 and utf-16 are") from None
        if self.separator in '"\r\n':
            raise ValueError(f"separator cannot be {self.separator!r}")
        return self


class OnNew(SettingsModel):
    """What happens to a row with a value the table did not have when its schema was learned."""

    level: New = Field(New.REJECT, description="A category that is not among the levels of its column.")
    range: New = Field(New.REJECT, description="A number outside minimum and maximum of its column.")
    type: New = Field(New.REJECT, description="A text where a number, truth value or date belongs.")


class Column(SettingsModel):
    """What one column of the raw table is, when it is known, and which of its values are possible."""

    role: Role = Field(description="id, group, label, treatment, day, date, number, category, boolean or ignore.")
    known_at: str | None = Field(None, description="The moment at which the value is known; one of table.moments.")
    minimum: float | None = Field(None, description="Smallest number seen or possible; see table.on_new.range.")
    maximum: float | None = Field(None, description="Largest number seen or possible; see table.on_new.range.")
    levels: Texts | None = Field(None, description="Known categories; see table.on_new.level.")
    missing: tuple[str, ...] = Field((), description="Texts that mean no value in this column, besides table.missing.")
    fold_case: bool = Field(False, description="Take `May`, `MAY` and `may` for one level, in lower case.")
    order: Literal["ymd", "dmy", "mdy", "epoch"] = Field(
        "ymd", description="Of a date: 2024-01-31 and 20240131 are ymd, 1/31/24 mdy; epoch: (milli)seconds since 1970."
    )
    decimal: Literal[".", ","] = Field(".", description="Of a number: 1234.5 or 1234,5.")
    thousands: Literal[",", ".", " ", "'"] | None = Field(
        None, description="Of a number, between groups of three digits: 1,234.5 has `,`; a blank stands for any blank."
    )
    unit: tuple[str, ...] = Field(
        (),
        description="Texts before or behind a number: [$, USD] or [%]. % must be there, others may.",
    )
    duration: bool = Field(
        False, description="A number of seconds, written as 1:23:45, 2:13 (minutes), 2 days 03:04:05 or 3 hours."
    )
    on_new: New | None = Field(None, description="keep, reject or refuse, instead of table.on_new.")

    @model_validator(mode="after")
    def _bounds_fit_role(self) -> Self:
        if self.role is not Role.NUMBER and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"minimum and maximum are for the role number, not {self.role.value}")
        if self.role is not Role.CATEGORY and (self.levels is not None or self.fold_case):
            raise ValueError(f"levels and fold_case are for the role category, not {self.role.value}")
        if self.thousands == self.decimal:
            raise ValueError(f"thousands and decimal cannot both be {self.decimal!r}")
        if strange := [unit for unit in self.unit if not unit.strip() or re.search(r"[0-9+.,()'-]", unit)]:
            raise ValueError(f"unit {strange} has a digit, a sign or nothing; $, EUR and % are units")
        if self.duration and (self.thousands or self.unit):
            raise ValueError("a duration has neither thousands nor unit")
        if self.levels and len(set(self.levels)) != len(self.levels):
            raise ValueError(f"levels names one more than once: {list(self.levels)}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        if self.fold_case and self.levels and (upper := [level for level in self.levels if level != level.lower()]):
            raise ValueError(f"fold_case makes values lower case, so the levels {upper} can never be met")
        return self


class Label(SettingsModel):
    """The yes/no outcome to predict."""

    column: str = Field(description="The column with the outcome.")
    positive: Texts = Field(description='Texts that mean converted; `""` is no text at all.')
    negative: Texts = Field(description='Texts that mean not converted; `""` is no text at all.')
    other: Literal["refuse", "reject"] = Field(
        "refuse", description="A third value stops the run (refuse) or sets its row aside (reject)."
    )

    @property
    def texts(self) -> tuple[Texts, Texts]:
        """The texts that mean converted, and those that mean not converted."""
        return self.positive, self.negative

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        if both := set(self.positive) & set(self.negative):
            raise ValueError(f"{sorted(both)} cannot be both positive and negative")
        return self


class Window(SettingsModel):
    """The days whose leads are used for training, both ends included."""

    first: date = Field(description="First day, as YYYY-MM-DD.")
    last: date = Field(description="Last day, as YYYY-MM-DD.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.first > self.last:
            raise ValueError(f"first {self.first} is after last {self.last}")
        return self


class Table(SettingsModel):
    """The raw table: its columns, which rows are in scope, and which are possible."""

    format: Format = Field(default_factory=Format, description="How a CSV is written.")
    missing: tuple[str, ...] = Field(("",), description="Texts that mean: no value.")
    max_defect_share: Share = Field(0.05, description="Share of broken rows above which the run stops.")
    on_new: OnNew = Field(default_factory=OnNew, description="keep, reject or refuse what was not seen before.")
    moments: Texts = Field(("visit", "signup", "after"), description="The moments of a lead's life, in their order.")
    score_at: str | None = Field(None, description="The moment at which leads are scored; one of table.moments.")
    label: Label = Field(description="The outcome.")
    treatment: Treatment | None = Field(
        None, description="Who was contacted, drawn at random: then scores say what a contact changes."
    )
    window: Window | None = Field(None, description="Days to keep; needs a column with the role day.")
    keep: dict[str, Texts] = Field(default_factory=dict, description="Column → values whose leads are in scope.")
    columns: dict[str, Column] = Field(min_length=2, description="Every column of the raw table, by name.")

    def with_role(self, role: Role) -> tuple[str, ...]:
        """Names of the columns with this role, in the table's order."""
        return tuple(name for name, column in self.columns.items() if column.role is role)

    def without_role(self, *roles: Role) -> list[str]:
        """Names of the columns with none of these roles, in the table's order."""
        return [name for name, column in self.columns.items() if column.role not in roles]

    @property
    def id(self) -> str:
        """The column that tells leads apart; where the table has none, the row number in the file."""
        return next(iter(self.with_role(Role.ID)), ROW)

    @property
    def day(self) -> str | None:
        """The column with the day of the lead, if there is one."""
        return next(iter(self.with_role(Role.DAY)), None)

    @property
    def group(self) -> str | None:
        """The column that says which rows are one lead's, if there is one."""
        return next(iter(self.with_role(Role.GROUP)), None)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns whose values rules look at: numbers, categories, booleans, dates."""
        wanted = {Role.NUMBER, Role.CATEGORY, Role.BOOLEAN, Role.DATE}
        return tuple(name for name, column in self.columns.items() if column.role in wanted)

    def on(self, name: str, kind: Literal["level", "range", "type"]) -> New:
        """What happens to a new value of this kind in this column."""
        return self.columns[name].on_new or getattr(self.on_new, kind)

    def too_late(self, name: str) -> str | None:
        """Why a column cannot be used at the moment of scoring, or None where it can."""
        if self.score_at is None:
            return None
        known = self.columns[name].known_at
        if known is None:
            return f"column {name!r} is used, but table.columns.{name}.known_at does not say when its value is known"
        if self.moments.index(known) > self.moments.index(self.score_at):
            return f"column {name!r} is known at {known!r}, which is after table.score_at {self.score_at!r}"
        return None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        for role, allowed in ((Role.ID, {0, 1}), (Role.LABEL, {1}), (Role.DAY, {0, 1}), (Role.GROUP, {0, 1})):
            if len(names := self.with_role(role)) not in allowed:
                raise ValueError(f"exactly one column must have the role {role.value}, got {list(names)}")
        if self.with_role(Role.LABEL) != (self.label.column,):
            raise ValueError(
                f"label.column is {self.label.column!r}, but the role label is at {self.with_role(Role.LABEL)}"
            )
        named = () if self.treatment is None else (self.treatment.column,)
        if self.with_role(Role.TREATMENT) != named:
            raise ValueError(
                f"treatment.column is {list(named)}, but the role treatment is at {self.with_role(Role.TREATMENT)}"
            )
        if self.window and not self.day:
            raise ValueError("window needs a column with the role day")
        if reserved := RESERVED & set(self.columns):
            raise ValueError(
                f"{sorted(reserved)} are names that gallop uses itself; a file's own such columns get a `_`"
            )
        for name, kept in self.keep.items():
            if name not in self.values:
                raise ValueError(f"keep.{name} needs a column of that name with the role category, number or boolean")
            levels = self.columns[name].levels
            if levels and (unknown := set(kept) - set(levels)):
                raise ValueError(f"keep.{name} has {sorted(unknown)}, which are not among its levels {list(levels)}")
        return self

    @model_validator(mode="after")
    def _moments_known(self) -> Self:
        if len(set(self.moments)) != len(self.moments):
            raise ValueError(f"moments {list(self.moments)} names one twice")
        moments_named = {"score_at": self.score_at} | {
            f"columns.{name}.known_at": column.known_at for name, column in self.columns.items()
        }
        for key, moment in moments_named.items():
            if moment is not None and moment not in self.moments:
                raise ValueError(f"{key} is {moment!r}; table.moments has {list(self.moments)}")
        return self
