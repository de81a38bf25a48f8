"""The rules of events, read a second time: one decision at a time, in plain loops over rows of texts.

Written from docs/events-rules.md, not from the code. It shares with gallop only what a name of a feature means.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gallop.settings.event_features import EventFeature
from gallop.settings.events import Events

SPAN = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True)
class Event:
    """A row that is an event."""

    row: int
    lead: str
    time: datetime
    arrived: datetime
    id: str
    content: tuple
    kind: str
    zone: str
    values: dict


def span(text: str) -> timedelta:
    return timedelta(seconds=int(text[:-1]) * SPAN[text[-1]])


def moment(text: str, zone: str) -> datetime | None:
    """A text as a moment; None where it is none or was left out by the clocks."""
    try:
        shown = datetime.fromisoformat(text)
    except ValueError:
        return None
    if shown.tzinfo is None:
        shown = shown.replace(tzinfo=ZoneInfo(zone))
        if shown.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != shown.replace(tzinfo=None):
            return None
    return shown.astimezone(UTC)


def read(rows: list[dict], events: Events) -> list[Event]:
    """The rows that are events, before repeats and limits."""
    found = []
    for number, row in enumerate(rows):
        time = moment(row[events.time].strip(), events.timezone)
        arrived = time if events.arrived is None else moment(row[events.arrived].strip(), events.timezone)
        lead = row[events.lead].strip()
        if not lead or time is None or arrived is None:
            continue
        if events.arrived and time > arrived + timedelta(days=1):
            continue
        if events.until and max(time, arrived) >= datetime.fromisoformat(events.until).replace(tzinfo=UTC):
            continue
        kind = row[events.event].strip() if events.event else events.kinds[0]
        zone = row[events.zone].strip() if events.zone else ""
        content = tuple(value for name, value in row.items() if name != events.arrived)
        key = row[events.id].strip() if events.id else ""
        found.append(Event(number, lead, time, arrived, key, content, kind, zone, row))
    return found


def without_repeats(found: list[Event], events: Events) -> list[tuple[Event, datetime | None]]:
    """Events, and until when each version of them was the one that was known."""
    by_key: dict = {}
    for event in sorted(found, key=lambda event: (event.arrived, event.row) if events.arrived else event.row):
        key = event.id or ("row", event.row) if events.id else event.content
        versions = by_key.setdefault(key, [])
        if not versions or (events.id and events.arrived and event.content != versions[-1].content):
            versions.append(event)
    return [
        (version, after.arrived if after else None)
        for versions in by_key.values()
        for version, after in zip(versions, [*versions[1:], None], strict=True)
    ]


def within_limit(found: list[tuple[Event, datetime | None]], events: Events) -> list[tuple[Event, datetime | None]]:
    counts: Counter = Counter()
    kept = []
    for event, until in sorted(found, key=lambda pair: (pair[0].arrived, pair[0].row)):
        counts[event.lead, event.arrived.date()] += 1
        if counts[event.lead, event.arrived.date()] <= events.daily_limit:
            kept.append((event, until))
    return kept


def owner(
    event: Event, identities: list[tuple[str, str, datetime]]
) -> list[tuple[str, datetime | None, datetime | None]]:
    """Whose an event is: (lead, from, until)."""
    said = sorted(
        (since, user) for anonymous, user, since in identities if anonymous == event.lead and user != event.lead
    )
    if not said:
        return [(event.lead, None, None)]
    before = [user for since, user in said if since <= event.time]
    if before:
        return [(before[-1], None, None)]
    since, user = said[0]
    return [(event.lead, None, since), (user, since, None)]


Versions = list[tuple[Event, datetime | None]]


def versions(rows: list[dict], events: Events) -> Versions:
    """All events that count at some time, and until when each was what was known of it."""
    return within_limit(without_repeats(read(rows, events), events), events)


def seen(log: Versions, lead: str, at: datetime, identities=()) -> list[Event]:
    """The events of a lead that were known at a moment and happened before it, in their order."""
    found = []
    for event, until in log:
        if event.arrived > at or (until is not None and until <= at) or event.time >= at:
            continue
        for who, since, end in owner(event, list(identities)):
            if who == lead and (since is None or since <= at) and (end is None or end > at):
                found.append(event)
    return sorted(found, key=lambda event: (event.time, event.row))


def converted(log: Versions, lead: str, at: datetime, events: Events) -> bool:
    """The label, without an identity map."""
    final = [event for event, until in log if until is None]
    return any(
        event.lead == lead and event.kind in events.converted and at < event.time <= at + span(events.horizon)
        for event in final
    )


def features(known: list[Event], at: datetime, events: Events) -> dict:
    """The features of a decision, from what was known at it."""
    return {feature.name: _value(feature, known, at, events) for feature in events.definitions}


def _value(feature: EventFeature, known: list[Event], at: datetime, events: Events):
    begin = None if feature.window == "ever" else at - span(feature.window)
    inside = [event for event in known if begin is None or event.time >= begin]
    if feature.statistic in {"count", "days", "days since last", "days since first", "trend"}:
        return _of_kind(feature, known, inside, at)
    if feature.statistic.startswith("session"):
        return _sessions(feature, known, begin, events)
    if feature.statistic in {"habit", "event before", "days between", "after"}:
        return _order(feature, known, inside, events)
    return _attribute(feature, known, inside, events)


def _of_kind(feature: EventFeature, known, inside, at):
    def mine(some):
        return [event for event in some if feature.subject in {"any event", event.kind}]

    if feature.statistic == "count":
        return len(mine(inside))
    if feature.statistic == "days":
        return len({local(event).date() for event in mine(inside)})
    if feature.statistic == "trend":
        earlier = at - 2 * span(feature.window)
        before = [event for event in known if earlier <= event.time < at - span(feature.window)]
        return len(mine(inside)) - len(mine(before))
    if not mine(known):
        return None
    event = mine(known)[-1 if feature.statistic == "days since last" else 0]
    return (at - event.time) / timedelta(days=1)


def local(event: Event) -> datetime:
    zone = event.zone or event.values["_zone"]
    return event.time.astimezone(ZoneInfo(zone))


def _sessions(feature: EventFeature, known, begin, events: Events):
    sessions: list[list[Event]] = []
    for event in known:
        if not sessions or event.time - sessions[-1][-1].time >= span(events.session_gap):
            sessions.append([])
        sessions[-1].append(event)
    sessions = [session for session in sessions if begin is None or session[0].time >= begin]
    if feature.statistic == "sessions":
        return len(sessions)
    if not sessions:
        return None
    if feature.statistic == "session minutes":
        total = sum((session[-1].time - session[0].time for session in sessions), timedelta())
        return (total // timedelta(microseconds=1)) / (len(sessions) * 60_000_000)
    if feature.statistic == "session pages":
        return sum(len(session) for session in sessions) / len(sessions)
    return sum(len(session) == 1 for session in sessions) / len(sessions)


def _order(feature: EventFeature, known, inside, events: Events):
    if feature.statistic == "habit":
        hits = [event for event in inside if (local(event).weekday() >= 5) if feature.subject == "weekend"] or [
            event
            for event in inside
            if feature.subject != "weekend"
            and ("night", "morning", "afternoon", "evening")[local(event).hour // 6] == feature.subject
        ]
        return len(hits) / len(inside) if inside else None
    if feature.statistic == "event before":
        if len(known) < int(feature.level):
            return None
        kind = known[-int(feature.level)].kind
        return kind if kind in events.kinds else "other"
    if feature.statistic == "days between":
        if len(inside) < 2:
            return None
        passed = (inside[-1].time - inside[0].time) // timedelta(microseconds=1)
        return passed / ((len(inside) - 1) * 86_400_000_000)
    later = [event.time for event in inside if event.kind == feature.subject]
    earlier = [event.time for event in inside if event.kind == feature.level]
    return float(any(a > b for a in later for b in earlier))


def _attribute(feature: EventFeature, known, inside, events: Events):  # noqa: PLR0911
    attribute = events.attributes[feature.subject]
    if attribute.role == "number":
        scale = 10**attribute.decimals
        amounts = [round(float(text) * scale) for text in _texts(inside, feature.subject) if _is_number(text)]
        ever = [round(float(text) * scale) for text in _texts(known, feature.subject) if _is_number(text)]
        if feature.statistic == "sum":
            return sum(amounts) / scale
        if feature.statistic == "last":
            return ever[-1] / scale if ever else None
        if not amounts:
            return None
        return sum(amounts) / (len(amounts) * scale) if feature.statistic == "mean" else max(amounts) / scale
    levels = _texts(inside, feature.subject)
    ever = _texts(known, feature.subject)

    def named(level: str) -> str:
        return level if level in attribute.levels else "other"

    if feature.statistic == "distinct":
        return len(set(levels))
    if feature.statistic in {"last", "first"}:
        return named(ever[-1 if feature.statistic == "last" else 0]) if ever else None
    if not levels:
        return None
    if feature.statistic == "share":
        return sum(level == feature.level for level in levels) / len(levels)
    counts = Counter(named(level) for level in levels)
    return max([*attribute.levels, "other"], key=lambda level: counts[level])


def _texts(some: list[Event], name: str) -> list[str]:
    return [text for event in some if (text := event.values[name].strip())]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
