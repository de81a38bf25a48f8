"""Events that are at hand as rows, such as those of one lead in a service: the same arrays as those of a file."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final

import numpy as np

from gallop.errors import MissingColumnError, WrongTypeError
from gallop.events.cleaning import clean_events
from gallop.events.features import features
from gallop.events.raw import NO_TIME, UNREADABLE, Coded, RawEvents, Times, read_time
from gallop.schema import NUMBER
from gallop.settings.events import Events

EventRow = Mapping[str, Any]
_SOURCE: Final = "the events"
_IS_NUMBER: Final = re.compile(NUMBER)
_PLAIN: Final = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-5][0-9]:[0-5][0-9]\n)*")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def features_of(rows: Sequence[EventRow], events: Events, at: datetime | str) -> dict[str, float | str | None]:
    """The features of one lead at a moment, from its recent events, by the rules of training.

    Args:
        rows: column → value, of each event: texts as in the log, or numbers and `datetime`s. Those at `at` or later, or
            that arrive later, do not count. Events further back than the longest window matter to features of `ever`.
        events: the section `events` of the settings, such as `bundle.settings.events`.
        at: the moment; a text or `datetime` without a zone is in `events.timezone`.

    Returns:
        Name → number or text, None where there is none.

    Raises:
        MissingColumnError: no event has a column that the settings name. WrongTypeError: `at` is no time, or the events
            are of several leads.
    """
    clean = clean_events(raw_of(rows, events), events, live=True)
    log, moment = clean.log, moment_of(at, events)
    if len(log.leads) > 1:
        raise WrongTypeError(f"{_SOURCE} are of {len(log.leads)} leads, {list(log.leads)[:3]}; one is accepted")
    if not log.leads:
        log = log.at(slice(0, 0), np.zeros(2, dtype=np.int64), [""])
    made = features(log, np.zeros(1, dtype=np.int64), np.array([moment], dtype=np.int64), events)
    return {name: _plain(values[0]) for name, values in made.items()}


def moment_of(at: datetime | str, events: Events) -> int:
    """A moment as microseconds in UTC. Raises `WrongTypeError`."""
    from gallop.events.zones import to_utc

    micros, local = _instant(at, "iso") if isinstance(at, datetime) else read_time(at.strip(), "iso")
    if micros <= UNREADABLE:
        raise WrongTypeError(f"{at!r} is no time; 2024-03-01T09:00 and 2024-03-01T09:00+01:00 are")
    return int(to_utc(np.array([micros]), events.timezone)[0][0]) if local else micros


def raw_of(rows: Sequence[EventRow], events: Events) -> RawEvents:
    """Rows as the arrays that a file would give. Raises `MissingColumnError`."""
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    table = {name: [row.get(name) for row in rows] for name in names}
    keys = [events.lead, events.time, events.event, events.id, events.arrived, events.zone]
    wanted = [*(name for name in keys if name is not None), *events.attributes]
    if rows and (absent := [name for name in wanted if name not in table]):
        raise MissingColumnError(f"{_SOURCE}: none has {absent}; they have {names}")
    missing, nothing = frozenset(events.missing), [None] * len(rows)
    attributes = [(name, of, table.get(name, nothing)) for name, of in events.attributes.items()]
    numbers = {name: _numbers(values, missing, of.decimal) for name, of, values in attributes if of.role == "number"}

    def coded(name: str | None) -> Coded:
        return _coded(table.get(name, nothing), missing) if name else Coded(np.zeros(len(rows), np.int64), [""])

    return RawEvents(
        _SOURCE,
        coded(events.lead),
        _moments(table.get(events.time, nothing), events, missing),
        coded(events.event),
        _classes([values for name, values in table.items() if name != events.arrived]),
        _moments(table.get(events.arrived, nothing), events, missing) if events.arrived else None,
        coded(events.id) if events.id else None,
        coded(events.zone) if events.zone else None,
        {name: read for name, (read, _) in numbers.items()},
        {name: bad for name, (_, bad) in numbers.items()},
        {name: _coded(values, missing) for name, of, values in attributes if of.role == "category"},
    )


def _classes(columns: Sequence[Sequence[Any]]) -> np.ndarray:
    """Equal for rows whose values are all equal."""
    contents = list(zip(*columns, strict=True))
    codes = {content: code for code, content in enumerate(dict.fromkeys(contents))}
    return np.array([codes[content] for content in contents], dtype=np.int64)


def _text(value: Any) -> str:
    """As a CSV would hold it."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
    return str(value)


def _coded(values: Sequence[Any], missing: frozenset[str]) -> Coded:
    texts = values if all(type(value) is str for value in values) else [_text(value) for value in values]
    # Each text is stripped once, however often it comes.
    bare = {text: text.strip() for text in dict.fromkeys(texts)}
    names = [text for text in dict.fromkeys(bare.values()) if text and text not in missing]
    place = {text: code for code, text in enumerate(names)}
    codes = {text: place.get(stripped, -1) for text, stripped in bare.items()}
    return Coded(np.array([codes[text] for text in texts], dtype=np.int64), names)


def _moments(values: Sequence[Any], events: Events, missing: frozenset[str]) -> Times:
    plain = _plain_times(values) if events.written == "iso" else None
    if plain is not None:
        return Times(plain, np.ones(len(values), dtype=bool))
    found = [_instant(value, events.written, missing) for value in values]
    micros = np.array([micros for micros, _ in found], dtype=np.int64)
    return Times(micros, np.array([local for _, local in found], dtype=bool))


def _plain_times(values: Sequence[Any]) -> np.ndarray | None:
    """Texts that are all written as `2024-01-31 09:00:00`, read at once; None where one is not."""
    if not all(isinstance(value, str) for value in values) or not _PLAIN.fullmatch("\n".join([*values, ""])):
        return None
    try:
        return np.array(values, dtype="datetime64[us]").astype(np.int64)
    except ValueError:
        return None


def _instant(value: Any, written: str, missing: frozenset[str] = frozenset()) -> tuple[int, bool]:
    if isinstance(value, datetime):
        local = value.tzinfo is None
        moment = value.replace(tzinfo=UTC) if local else value
        return (moment - _EPOCH) // _MICROSECOND, local
    text = _text(value)
    return (NO_TIME, False) if not text or text in missing else read_time(text, written)


def _numbers(values: Sequence[Any], missing: frozenset[str], decimal: str) -> tuple[np.ndarray, int]:
    found, bad = [], 0
    for value in values:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found.append(float(value))
            continue
        text = _text(value)
        if decimal == ",":
            text = text.replace(".", "").replace(",", ".")
        readable = text not in missing and _IS_NUMBER.match(text) is not None
        bad += not readable and text not in missing and text != ""
        found.append(float(text) if readable else np.nan)
    return np.array(found, dtype=np.float64), bad


def _plain(value: Any) -> float | str | None:
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    return None if math.isnan(number) else number
