"""Which features a log of events can have: their names, and what each means. A name that means nothing is refused.

A name is read from its end: `page_view count 7d` is the statistic `count` of the kind of event `page_view` in the
window `7d`. The rules by which a feature is computed are in `gallop.events`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from gallop.schema import EVER, Role

ANY: Final = "any event"
"""The subject of features of all events together."""

OTHER_LEVEL: Final = "other"
"""The kind or level that stands for all that the settings do not list."""

PARTS_OF_DAY: Final = ("night", "morning", "afternoon", "evening")
"""Six hours each, from midnight, of the lead's place."""

STATISTICS: Final = (
    "count",
    "days",
    "days since last",
    "days since first",
    "trend",
    "sum",
    "mean",
    "max",
    "last",
    "first",
    "most frequent",
    "distinct",
    "share",
    "sessions",
    "session minutes",
    "session pages",
    "session bounces",
    "habit",
    "event before",
    "days between",
    "after",
)

_OF_KINDS: Final[dict[str, bool]] = {
    "days since last": False,
    "days since first": False,
    "count": True,
    "days": True,
    "trend": True,
}
_OF_NUMBERS: Final[dict[str, bool]] = {"sum": True, "mean": True, "max": True, "last": False}
_OF_CATEGORIES: Final[dict[str, bool]] = {"most frequent": True, "distinct": True, "last": False, "first": False}
_OF_SESSIONS: Final = ("sessions", "session minutes", "session pages", "session bounces")
_HABITS: Final = tuple(f"{part} share" for part in (*PARTS_OF_DAY, "weekend"))
BEFORE: Final = ("last event", "second last event", "third last event")
_BETWEEN: Final = "days between events"


@dataclass(frozen=True)
class EventFeature:
    """One feature: what is said of which events in which window."""

    name: str
    statistic: str
    """One of `STATISTICS`."""
    subject: str = ""
    """A kind of event, `ANY`, or an attribute; of a habit, the part of the day, or `weekend`."""
    window: str = EVER
    level: str = ""
    """Of a share, the level. Of `after`, the earlier kind. Of `event before`, the place from the end, from 1."""
    role: Role = Role.NUMBER

    def sentence(self, value: str | float | None) -> str:
        """What a lead has, in words: `4 product view in the last 7 days`."""
        return _sentence(self, value)


def read_feature(
    name: str, kinds: Collection[str], numbers: Collection[str], categories: Mapping[str, Collection[str]]
) -> EventFeature:
    """The feature that a name means.

    Args:
        kinds: the kinds of events that the settings list.
        numbers: the attributes that are numbers.
        categories: the attributes that are categories → their listed levels.

    Raises:
        ValueError: it means none.
    """
    if name in BEFORE:
        return EventFeature(name, "event before", ANY, level=str(BEFORE.index(name) + 1), role=Role.CATEGORY)
    for suffix, windowed in {**_OF_KINDS, **_OF_NUMBERS, **_OF_CATEGORIES}.items():
        subject = name.removesuffix(f" {suffix}")
        if windowed or subject == name:
            continue
        if suffix in _OF_KINDS and (subject in kinds or subject == ANY):
            return EventFeature(name, suffix, subject)
        if suffix in _OF_NUMBERS and subject in numbers:
            return EventFeature(name, suffix, subject)
        if suffix in _OF_CATEGORIES and subject in categories:
            return EventFeature(name, suffix, subject, role=Role.CATEGORY)
    rest, _, window = name.rpartition(" ")
    feature = _in_window(name, rest, window, kinds, numbers, categories)
    if feature is None:
        raise ValueError(
            f"{name!r} is no feature; `KIND count 7d`, `KIND days since last`, `ATTRIBUTE last`, `sessions 30d` are, "
            f"of {ANY}, of the kinds {sorted(kinds)[:8]} and of the attributes {[*numbers, *categories][:8]}"
        )
    return feature


def _in_window(name, rest, window, kinds, numbers, categories) -> EventFeature | None:
    if rest in _OF_SESSIONS:
        return EventFeature(name, rest, ANY, window)
    if rest in _HABITS:
        return EventFeature(name, "habit", rest.removesuffix(" share"), window)
    if rest == _BETWEEN:
        return EventFeature(name, "days between", ANY, window)
    for suffixes, subjects in ((_OF_KINDS, {*kinds, ANY}), (_OF_NUMBERS, {*numbers}), (_OF_CATEGORIES, {*categories})):
        for suffix in (suffix for suffix, windowed in suffixes.items() if windowed):
            subject = rest.removesuffix(f" {suffix}")
            if subject != rest and subject in subjects and not (suffix == "trend" and window == EVER):
                role = Role.CATEGORY if suffix == "most frequent" else Role.NUMBER
                return EventFeature(name, suffix, subject, window, role=role)
    return _share_or_order(name, rest, window, kinds, categories)


def _share_or_order(name, rest, window, kinds, categories) -> EventFeature | None:
    if rest.endswith(" share"):
        for subject, levels in categories.items():
            level = rest.removesuffix(" share").removeprefix(f"{subject}=")
            if rest == f"{subject}={level} share" and level in levels:
                return EventFeature(name, "share", subject, window, level)
    for later in kinds:
        earlier = rest.removeprefix(f"{later} after ")
        if earlier != rest and earlier in kinds:
            return EventFeature(name, "after", later, window, earlier)
    return None


def _sentence(feature: EventFeature, value: str | float | None) -> str:
    subject = feature.subject.replace("_", " ")
    if value is None or value == "":
        none_yet = feature.statistic in {"days since last", "days since first"}
        return f"no {subject} yet" if none_yet else f"{feature.name.replace('_', ' ')}: unknown"
    said = _said(value)
    number = value if isinstance(value, int | float) else 0.0
    when, of_all = _when(feature.window), feature.subject == ANY
    events = f"{'' if of_all else f'{subject} '}{'event' if number == 1 else 'events'}"
    last, days = "event" if of_all else subject, "day" if number == 1 else "days"
    level = feature.level.replace("_", " ")
    part_of_day = {"weekend": "at the weekend", "night": "at night"}.get(subject, f"in the {subject}")
    return {
        "count": f"{said} {events} {when}",
        "days": f"{'active' if of_all else subject} on {said} {days} {when}",
        "days since last": f"last {last} {said} {days} ago",
        "days since first": f"first {last} {said} {days} ago",
        "trend": f"{abs(number):g} {'more' if number >= 0 else 'fewer'} {events} {when} than in as long before",
        "sum": f"{subject} {said} in total {when}",
        "mean": f"{subject} {said} on average {when}",
        "max": f"{subject} {said} at most {when}",
        "last": f"last {subject}: {said}",
        "first": f"first {subject}: {said}",
        "most frequent": f"mostly {subject} {said} {when}",
        "distinct": f"{said} different {subject} {when}",
        "share": f"{subject} {level} in {number:.0%} of events {when}",
        "sessions": f"{said} {'session' if number == 1 else 'sessions'} {when}",
        "session minutes": f"sessions of {said} minutes on average {when}",
        "session pages": f"{said} events a session {when}",
        "session bounces": f"{number:.0%} of sessions with one event only {when}",
        "habit": f"{number:.0%} of events {part_of_day} {when}",
        "event before": f"{feature.name}: {said}",
        "days between": f"{said} {days} between events on average {when}",
        "after": f"{subject} {'' if number else 'not '}after {level} {when}",
    }[feature.statistic]


def _said(value: str | float) -> str:
    if isinstance(value, str):
        return value.replace("_", " ")
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _when(window: str) -> str:
    if window == EVER:
        return "so far"
    units = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
    number, unit = int(window[:-1]), units[window[-1]]
    return f"in the last {unit}" if number == 1 else f"in the last {number} {unit}s"
