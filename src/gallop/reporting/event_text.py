"""What became of a log of events, in words, for every page alike."""

from typing import Final

from gallop.reporting.formatting import count, percent
from gallop.results.run import EventCounts


def told_counts(counts: EventCounts | None) -> list[tuple[str, str]]:
    """What became of a log, as pairs of a heading and a sentence, for any page; none without a log."""
    if counts is None:
        return []
    per_lead = counts.events / max(1, counts.leads)
    found = [
        (
            "log",
            f"{count(counts.events)} events of {count(counts.leads)} leads ({per_lead:.1f} each) in "
            f"{count(counts.rows)} rows, {counts.first} to {counts.last}",
        )
    ]
    found += [("set aside", f"{count(rows)} rows: {MEANINGS.get(rule, rule)}") for rule, rows in counts.aside.items()]
    found += [("noticed", f"{count(rows)} events: {noticed(rule)}") for rule, rows in counts.noticed.items()]
    share = percent(counts.converted / max(1, counts.ripe), 1)
    found.append(("decisions", f"{count(counts.ripe)} ripe, {count(counts.converted)} ({share}) with a conversion"))
    if counts.unripe:
        found.append(
            (
                "unripe",
                f"{count(counts.unripe)} decisions whose horizon ends after {counts.end}: kept, never trained on",
            )
        )
    if counts.at_once:
        found.append(
            ("at once", f"{count(counts.at_once)} decisions with a conversion at exactly their time: in neither")
        )
    if counts.surprised:
        found.append(("late", f"{count(counts.surprised)} decisions that do not see an event that arrived after them"))
    return found


MEANINGS: Final = {
    "no_lead": "no lead",
    "no_time": "no time",
    "unreadable_time": "the time is none",
    "no_such_time": "the clocks left that time out",
    "no_arrival": "no time of arrival",
    "in_the_future": "a time in the future",
    "duplicate": "the same event again",
    "conflicting_id": "an id again, with another content; the first counts",
    "over_daily_limit": "more events of a lead and day than a person makes",
}


def noticed(rule: str) -> str:
    """What a count of kept events means."""
    if rule == "unlisted_kind":
        return "of a kind without features of its own"
    if rule == "corrected":
        return "corrected later; each version counts while it was known"
    if rule == "unknown_zone":
        return "no such time zone; the project's counts"
    name, _, what = rule.rpartition("_")
    if what == "large":
        return f"{name.removesuffix('_too')} is too large a number; counts as missing"
    return f"{name} is no number; counts as missing"
