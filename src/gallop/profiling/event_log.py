"""What is this log of events? Its times, kinds and attributes, and the section `events` that is proposed. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from gallop.errors import MissingColumnError, SettingsError, WrongTypeError
from gallop.events.raw import UNREADABLE, read_time
from gallop.profiling.columns import ColumnProfile, profile
from gallop.profiling.event_features import Shape, propose_expressions, propose_features
from gallop.profiling.label import listed
from gallop.schema import DAY_US, EVER, duration_us

_WRITTEN: Final = ("iso", "compact", "seconds", "milliseconds", "microseconds", "dmy", "mdy")
_PLAUSIBLE: Final = (631_152_000_000_000, 4_102_444_800_000_000)
"""1990 to 2100: a number that is a time lies between."""
_MOST_KINDS, _FEWEST_EVENTS, _LEVELS, _MOST_LEVELS = 30, 20, 10, 50
_FEWEST_DECIMALS: Final = 2
_MOST_VALUES, _FEW_FEATURES, _LONGEST_APART, _LONGEST_ACTIVE = 20_000_000, 60, 28, 730
_IDS: Final = ("id", "uuid", "guid", "session", "hash", "token")


@dataclass(frozen=True)
class EventOptions:
    """What a person said of the log."""

    lead: str
    time: str
    converted: tuple[str, ...]
    horizon: str
    event: str | None = None
    id: str | None = None
    arrived: str | None = None
    zone: str | None = None
    timezone: str = "UTC"

    @property
    def columns(self) -> dict[str, str]:
        """Option → the column it names."""
        named = {"--lead": self.lead, "--time": self.time, "--event": self.event, "--event-id": self.id}
        named |= {"--arrived": self.arrived, "--zone": self.zone}
        return {option: column for option, column in named.items() if column is not None}


@dataclass(frozen=True)
class AttributeFound:
    """What is proposed for a column that is none of the keys."""

    keys: dict[str, Any] | None
    """Its entry under events.attributes; None where it is left out."""
    because: str


@dataclass(frozen=True)
class LogProfile:
    """How a log looks."""

    rows: int
    written: str
    by_day: bool
    """All times are days: hours and sessions say nothing."""
    kinds: tuple[str, ...]
    """Those that get features of their own, the commonest first."""
    kind_counts: dict[str, int]
    attributes: dict[str, AttributeFound] = field(default_factory=dict)


def look_at_log(
    columns: Mapping[str, Sequence[str | None]], kinds: Mapping[str, int], asked: EventOptions, source: str
) -> LogProfile:
    """Look at a log.

    Args:
        columns: name → texts, of all rows or of enough of them.
        kinds: kind of event → rows, of all rows; with one entry where no column says the kind.
        source: the log's name in errors.

    Raises:
        MissingColumnError: a column that was named is not there. WrongTypeError: the times are none.
        SettingsError: no event is of a kind that converts.
    """
    for option, column in asked.columns.items():
        if column not in columns:
            examples = "; ".join(
                f"{name} ({listed([value or '' for value in values[:2]])})" for name, values in columns.items()
            )
            raise MissingColumnError(f"{source}: {option} {column!r}: no such column; the log has {examples}")
    if absent := [kind for kind in asked.converted if kind not in kinds]:
        known = ", ".join(f"{kind} ({count:,})" for kind, count in Counter(kinds).most_common(12))
        raise SettingsError(f"--converted {absent}: no event is of this kind; the log has {known}")
    written = _written([value.strip() for value in columns[asked.time] if value and value.strip()], asked.time, source)
    moments = [read_time(value.strip(), written)[0] for value in columns[asked.time][:5000] if value]
    by_day = all(moment % DAY_US == 0 for moment in moments if moment > UNREADABLE)
    common = [kind for kind, count in Counter(kinds).most_common(_MOST_KINDS) if count >= _FEWEST_EVENTS]
    chosen = tuple(dict.fromkeys([*common, *asked.converted]))
    keys = set(asked.columns.values())
    looks = profile(
        {name: values for name, values in columns.items() if name not in keys},
        np.full(len(columns[asked.lead]), np.nan),
    ).columns
    attributes = {name: _attribute(look, _per_lead(columns, name, asked.lead)) for name, look in looks.items()}
    return LogProfile(sum(kinds.values()), written, by_day, chosen, dict(Counter(kinds).most_common()), attributes)


def propose_events(
    seen: LogProfile, asked: EventOptions, *, leads: int, repeated: float, span_days: float, end: str | None
) -> dict[str, Any]:
    """The section `events` for a log.

    Args:
        leads: how many there are.
        repeated: share of converted leads that converted more than once.
        span_days: from the first event to the last.
        end: where wrong clocks point beyond the export: its end.
    """
    try:
        horizon = duration_us(asked.horizon) / DAY_US
    except ValueError as error:
        raise SettingsError(f"--horizon: {error}") from None
    attributes = {name: attribute.keys for name, attribute in seen.attributes.items() if attribute.keys is not None}
    windows = _windows(seen.by_day, horizon, span_days)
    shape = Shape(seen.kinds, asked.converted, attributes, windows, seen.by_day)
    features = propose_features(shape)
    days = _days_apart(leads, span_days, horizon, len(features))
    section: dict[str, Any] = {"lead": asked.lead, "time": asked.time, "event": asked.event}
    section |= {
        key: value for key, value in (("id", asked.id), ("arrived", asked.arrived), ("zone", asked.zone)) if value
    }
    return section | {
        "timezone": asked.timezone,
        "written": seen.written,
        **({"until": end} if end else {}),
        "kinds": list(seen.kinds),
        "converted": list(asked.converted),
        "horizon": asked.horizon,
        "decisions": {
            "rule": "every",
            "days": days,
            # All leads are scored, also those who were last seen long ago; so all are learnt from.
            "active": f"{min(_LONGEST_ACTIVE, max(round(span_days), round(horizon), 4 * days))}d",
            "repeat": repeated > 0.1,
        },
        "windows": list(windows),
        "session_gap": "30m",
        "attributes": attributes,
        "features": features,
        "expressions": propose_expressions(shape),
    }


def _days_apart(leads: int, span_days: float, horizon: float, features: int) -> int:
    """How far decisions lie apart: a week, or as far as keeps the table of decisions small; a day in short logs."""
    days = 7 if span_days >= 60 or horizon >= 7 else 1
    most = _MOST_VALUES / max(features, _FEW_FEATURES)
    while days * 2 <= _LONGEST_APART and leads * span_days / days > most:
        days *= 2
    return days


def _written(values: list[str], column: str, source: str) -> str:
    """How times are written: the way in which most of them can be read, to a moment between 1990 and 2100."""
    sample = values[:: max(1, len(values) // 2000)]
    low, high = _PLAUSIBLE
    read = {way: sum(low <= read_time(value, way)[0] < high for value in sample) for way in _WRITTEN}
    best = max(_WRITTEN, key=lambda way: read[way])
    if not sample or read[best] < 0.5 * len(sample):
        raise WrongTypeError(
            f"{source}: column {column!r} holds {listed(values[:3])}, which are no times such as 2024-01-31 09:00, "
            "31/01/2024, 20240131 or 1706691600"
        )
    return best


def _windows(by_day: bool, horizon: float, span_days: float) -> tuple[str, ...]:
    wanted = {30: "30d", 7: "7d", round(horizon): f"{round(horizon)}d"} if horizon >= 1 else {7: "7d"}
    if not by_day:
        wanted |= {0: "1h", 1: "1d"}
    wanted = {days: name for days, name in wanted.items() if days < span_days}
    return (*(wanted[days] for days in sorted(wanted)), EVER)


def _per_lead(columns: Mapping[str, Sequence[str | None]], name: str, lead: str) -> bool:
    """Whether every lead has one value in all its events."""
    first: dict[str | None, str | None] = {}
    return all(first.setdefault(who, value) == value for who, value in zip(columns[lead], columns[name], strict=True))


def _attribute(look: ColumnProfile, per_lead: bool) -> AttributeFound:
    if look.kind == "number":
        return _number_attribute(look)
    named_id = _is_named_id(look.name)
    if look.kind in {"empty", "constant"}:
        return AttributeFound(None, "says the same of every event")
    if look.kind == "date":
        return AttributeFound(None, "dates of their own; only the time of the event counts")
    if named_id and look.distinct > _LEVELS:
        return AttributeFound(None, "an id; sessions are cut from the times")
    if look.distinct > 0.5 * max(look.present, 1) and look.distinct > _MOST_LEVELS:
        return AttributeFound(None, f"{look.distinct:,} texts in {look.present:,} events: too many to learn from")
    levels = (
        []
        if look.distinct > _MOST_LEVELS
        else [text for text, _ in look.counts.most_common(_LEVELS) if text != "other"]
    )
    said = f"{look.distinct:,} levels" if levels else f"{look.distinct:,} levels: only how many different ones"
    if per_lead:
        said += "; the same in all events of a lead: known at the first of them, or written when the log was exported?"
    return AttributeFound({"role": "category", "levels": levels}, said)


def _decimals(text: str) -> int:
    _, _, fraction = text.replace(",", ".").rpartition(".") if any(sign in text for sign in ".,") else ("", "", "")
    return len(fraction) if fraction.isdigit() else 0


def _number_attribute(look: ColumnProfile) -> AttributeFound:
    if _is_named_id(look.name) and look.distinct > _LEVELS:
        return AttributeFound(None, "an id; sessions are cut from the times")
    decimals = min(6, max(_FEWEST_DECIMALS, *(_decimals(text) for text in list(look.counts)[:2000])))
    decimal = look.spelling.keys.get("decimal", ".")
    if look.spelling.keys.get("thousands") not in {None, "." if decimal == "," else None}:
        examples = listed(look.examples)
        return AttributeFound(None, f"numbers with signs between thousands, {examples}; a log has none")
    keys: dict[str, Any] = {"role": "number", "decimals": decimals}
    return AttributeFound(keys | ({"decimal": ","} if decimal == "," else {}), f"numbers, {listed(look.examples)}")


def _is_named_id(name: str) -> bool:
    lower = name.lower()
    return lower.startswith("session") or any(lower == word or lower.endswith(f"_{word}") for word in _IDS)
