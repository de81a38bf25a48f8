"""The settings of a log of events: how it is read, when decisions are taken, which features it gives."""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from gallop.schema import DAY_US, DURATION, EVER, duration_us
from gallop.settings.base import SettingsModel, Texts
from gallop.settings.event_features import ANY, OTHER_LEVEL, EventFeature, read_feature
from gallop.settings.expressions import names_of
from gallop.settings.table import Format

Duration = Annotated[str, Field(pattern=DURATION)]
Written = Literal["iso", "dmy", "mdy", "compact", "seconds", "milliseconds", "microseconds"]

DECISION: Final = "decision"
"""Column of the table of decisions: the lead and the time, which tell a decision from all others."""
DECIDED_AT: Final = "decided_at"
LEAD: Final = "lead"
CONVERTED: Final = "converted"
"""The further columns before the features: the time in UTC, whose rows they are, and the label."""


class Attribute(SettingsModel):
    """A column of the log that says something of its event."""

    role: Literal["number", "category"] = Field(description="What its values are.")
    decimals: int = Field(
        2, ge=0, le=6, description="Of a number: digits kept behind the point, with which sums are exact."
    )
    decimal: Literal[".", ","] = Field(".", description="Of a number: 1234.5 or 1.234,5.")
    levels: tuple[str, ...] = Field((), description="Of a category: the levels with a name; all others are `other`.")

    @model_validator(mode="after")
    def _fits_its_role(self) -> Self:
        if self.role == "number" and self.levels:
            raise ValueError("levels are for the role category")
        if len(set(self.levels)) != len(self.levels) or OTHER_LEVEL in self.levels:
            raise ValueError(f"levels names one twice, or {OTHER_LEVEL!r}, which stands for the rest")
        return self


class DecisionTimes(SettingsModel):
    """When a decision about a lead is taken."""

    rule: Literal["every", "first", "each", "table"] = Field(
        description="every: each `days` days at midnight while the lead is active; first: at its first event; each: at "
        "each event of some kinds; table: as a table says."
    )
    days: int = Field(7, ge=1, le=366, description="Of every: days from one decision to the next; 7 is each Monday.")
    active: Duration = Field("30d", description="Of every: how long after an event a lead counts as active.")
    events: tuple[str, ...] = Field((), description="Of each: the kinds of events.")
    after: Duration = Field("0s", description="Of first and each: how long after the event the decision is taken.")
    raw: str | None = Field(None, description="Of table: a file with a row per decision.")
    lead: str | None = Field(None, description="Of table: its column with the lead.")
    time: str | None = Field(None, description="Of table: its column with the time.")
    repeat: bool = Field(True, description="Decide about a lead again after it has converted.")

    @model_validator(mode="after")
    def _rule_is_complete(self) -> Self:
        if self.rule == "each" and not self.events:
            raise ValueError("rule is each, which needs events: the kinds at which to decide")
        if self.rule == "table" and None in {self.raw, self.lead, self.time}:
            raise ValueError("rule is table, which needs raw, lead and time")
        return self


class LeadTable(SettingsModel):
    """A table with a row per lead, whose columns are joined to its decisions. They must have been known at the time."""

    raw: str = Field(description="The file.")
    format: Format = Field(default_factory=Format, description="How it is written, if a CSV.")
    lead: str = Field(description="Its column with the lead.")


class IdentityMap(SettingsModel):
    """A table that says which anonymous lead became which known one, and from when that is known."""

    raw: str = Field(description="The file.")
    format: Format = Field(default_factory=Format, description="How it is written, if a CSV.")
    anonymous: str = Field(description="Its column with the anonymous id.")
    user: str = Field(description="Its column with the known id.")
    valid_from: str = Field(description="Its column with the time from which that is known.")


class Events(SettingsModel):
    """A log of events, from which leads and their features are made. Optional: a table of leads needs none."""

    format: Format = Field(default_factory=Format, description="How the log is written, if a CSV.")
    missing: tuple[str, ...] = Field(("",), description="Texts that mean: no value.")
    lead: str = Field(description="Column with the id of the lead.")
    time: str = Field(description="Column with the time of the event.")
    event: str | None = Field(None, description="Column with the kind of event; null where all rows are of one kind.")
    id: str | None = Field(None, description="Column that tells events apart; else equal rows are one event.")
    arrived: str | None = Field(None, description="Column with the time at which the event arrived in the log.")
    zone: str | None = Field(None, description="Column with the time zone of the lead's place, such as Europe/Paris.")
    timezone: str = Field("UTC", description="Zone of times without one, and of days where there is no column for it.")
    written: Written = Field(
        "iso", description="How times are written: 2024-01-31T09:00, 31/01/2024, 20240131, or a number."
    )
    until: str | None = Field(None, description="Events at this time (ISO, UTC) or later are in the future: set aside.")
    kinds: Texts = Field(description="The kinds of events. Others are counted, and count only as any event.")
    converted: Texts = Field(description="The kinds of events that are a conversion.")
    horizon: Duration = Field(description="A decision's label: was there a conversion this long after it?")
    decisions: DecisionTimes = Field(description="When decisions are taken.")
    windows: tuple[Duration | Literal["ever"], ...] = Field(
        ("1h", "1d", "7d", "30d", EVER), min_length=1, description="How far features look back."
    )
    session_gap: Duration = Field("30m", description="A session ends where nothing follows for so long.")
    daily_limit: int = Field(
        10_000, ge=1, description="Events of a lead and day beyond this many are a machine's: set aside."
    )
    attributes: dict[str, Attribute] = Field(
        default_factory=dict, description="Columns that say something of an event."
    )
    features: Texts = Field(description="The features, by their names, such as `page_view count 7d`.")
    expressions: dict[str, str] = Field(
        default_factory=dict,
        description="Further features, made of numbers that need not be listed: `` `a count 7d` / `a count ever` ``.",
    )
    leads: LeadTable | None = Field(None, description="What is known of the leads themselves.")
    identity: IdentityMap | None = Field(None, description="Who an anonymous lead turned out to be.")

    @cached_property
    def definitions(self) -> tuple[EventFeature, ...]:
        """The features, in their order. Of valid settings."""
        return self._read(self.features)

    @property
    def by_name(self) -> dict[str, EventFeature]:
        """Name → feature."""
        return {feature.name: feature for feature in self.definitions}

    @cached_property
    def computed(self) -> tuple[EventFeature, ...]:
        """The features, and those that only expressions are made of."""
        named = dict.fromkeys(name for text in self.expressions.values() for name in sorted(names_of(text)))
        return self.definitions + self._read([name for name in named if name not in self.features])

    def _read(self, names: Iterable[str]) -> tuple[EventFeature, ...]:
        numbers = [name for name, attribute in self.attributes.items() if attribute.role == "number"]
        categories = {name: of.levels for name, of in self.attributes.items() if of.role == "category"}
        found = tuple(read_feature(name, self.kinds, numbers, categories) for name in names)
        for feature in found:
            if feature.window not in self.windows and feature.window != EVER:
                raise ValueError(f"features: {feature.name!r} has a window that is not among {list(self.windows)}")
        return found

    @property
    def horizon_us(self) -> int:
        """The horizon in microseconds."""
        return duration_us(self.horizon)

    @property
    def gap_days(self) -> int:
        """Whole days that must lie between learning and testing, so that no label reaches over."""
        return -(-self.horizon_us // DAY_US)

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        if unknown := sorted({*self.converted, *self.decisions.events} - {*self.kinds}):
            raise ValueError(
                f"converted and decisions.events name {unknown}, which are not among kinds {list(self.kinds)}"
            )
        if ANY in self.kinds:
            raise ValueError(f"kinds has {ANY!r}, which stands for all of them")
        if self.event is None and len(self.kinds) != 1:
            raise ValueError(f"event is null, so that all rows are of one kind, but kinds has {list(self.kinds)}")
        for zone in (self.timezone,):
            _require_zone(zone)
        if self.until is not None:
            _require_time(self.until)
        if len(set(self.features)) != len(self.features):
            twice = sorted({name for name in self.features if self.features.count(name) > 1})
            raise ValueError(f"features names {twice} more than once")
        _ = self.definitions
        if twice := sorted({*self.features} & {*self.expressions}):
            raise ValueError(f"expressions {twice} are also names of features")
        levels = {feature.name for feature in self.computed if feature.role != "number"}
        for name, text in self.expressions.items():
            if wrong := sorted(names_of(text) & levels):
                raise ValueError(f"expressions.{name} names {wrong}, which are categories")
            if not names_of(text):
                raise ValueError(f"expressions.{name}: {text!r} names no feature; `` `KIND count 7d` / 2 `` does")
        return self


def _require_zone(name: str) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"timezone {name!r} is not known; UTC and Europe/Paris are") from None


def _require_time(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"until {text!r} is no time such as 2024-06-30T00:00") from None


def with_event_columns(raw: dict) -> dict:
    """Raw settings with the columns, label and inputs that follow from their section `events`.

    What a person has written of them stays; saying it once, in events.features, is enough.
    """
    try:
        events = Events.model_validate_json(json.dumps(raw["events"], default=str))
    except ValidationError:
        return raw  # the fields' own validation says what is wrong, and where
    table, features = dict(raw.get("table") or {}), dict(raw.get("features") or {})
    made: dict[str, dict] = {
        DECISION: {"role": "id"},
        LEAD: {"role": "group"},
        DECIDED_AT: {"role": "day"},
        CONVERTED: {"role": "label"},
    }
    made |= {feature.name: {"role": feature.role.value} for feature in events.definitions}
    made |= {name: {"role": "number"} for name in events.expressions}
    if table.get("score_at"):
        known = {"known_at": table["score_at"]}
        made = {name: column | (known if _is_input(column) else {}) for name, column in made.items()}
    said = table.get("columns") or {}
    if isinstance(said, dict):
        table["columns"] = made | said
        own = [name for name, column in said.items() if name not in made and _is_input(column)]
        features.setdefault("inputs", [*list(made)[4:], *own])
    table.setdefault("label", {"column": CONVERTED, "positive": ["1"], "negative": ["0"]})
    return raw | {"table": table, "features": features}


def _is_input(column: Any) -> bool:
    return isinstance(column, dict) and column.get("role") in {"number", "category", "boolean"}
