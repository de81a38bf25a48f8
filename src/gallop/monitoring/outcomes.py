"""What became of leads, row by row: each row of a file is counted by exactly one rule. Pure.

A row says of one lead when it converted; without a time it says that it did not, or no longer (a refund, a mistake).
What was said last counts: by the time at which it was seen, else by the order of the rows, and a later file after an
earlier one. A row that says what is known changes nothing, so files may hold all leads and be given again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from gallop.events.raw import UNREADABLE, read_time
from gallop.events.zones import to_utc
from gallop.schema import DAY_US, NUMBER, SECOND_US

NEW, CORRECTED, REFUNDED, REPEATED = "converted", "corrected", "refunded", "repeated"
OUTCOME_RULES: Final[Mapping[str, str]] = {
    "no_id": "the row names no lead",
    "unreadable_time": "a time that cannot be read, or none by the zone's clock",
    "unreadable_value": "a value that is no number",
    "in_the_future": "a time later than now",
    "seen_before_it_happened": "seen before the lead converted",
    "unknown_id": "no lead of this id was ever scored with --log",
    "before_score": "converted before its first score",
    REPEATED: "says what is known already",
    "outdated": "something that was seen later is known already",
    "not_converted": "says that the lead did not convert, which is what was known",
    REFUNDED: "the lead had converted, and now has not",
    CORRECTED: "the lead had converted at another time, or for another value",
    NEW: "the lead has converted",
}
"""Every rule by which a row is counted, in the order in which they are tried."""
REMEMBERED: Final = frozenset({NEW, CORRECTED, REFUNDED})


@dataclass(frozen=True)
class LeadOutcome:
    """What a row says of a lead; times are microseconds since 1970, UTC."""

    lead: str
    """As the log of scores knows it."""
    converted: int | None
    """None: it did not, or no longer."""
    seen: int | None
    """When it was seen, where the row says so."""
    value: float | None = None


@dataclass(frozen=True)
class OutcomeRow:
    """A row as it is written."""

    lead: str
    """As the log of scores knows it; empty where the row names none."""
    converted: str
    seen: str = ""
    value: str = ""


@dataclass(frozen=True)
class TimeStyle:
    """How times are written."""

    zone: str = "UTC"
    """Of times without one of their own."""
    order: str = "iso"
    """As `events.written` of the settings."""


@dataclass
class SortedOutcomes:
    """The rows of a file, each under one rule."""

    kept: list[LeadOutcome] = field(default_factory=list)
    """What is new, in the order in which it was said."""
    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, int] = field(default_factory=dict)
    """Rule → the first row it counted, from 1."""
    latest: int | None = None
    """The last time in any row that could be read: until then, at least, the file knows what happened."""


def latest_outcomes(said: Iterable[LeadOutcome]) -> dict[str, LeadOutcome]:
    """Lead → what was said of it last; leads whose conversion was taken back are in it, without a time."""
    return {outcome.lead: outcome for outcome in said}


def sort_outcomes(
    rows: Sequence[OutcomeRow],
    first_scored: Mapping[str, int],
    said: Iterable[LeadOutcome],
    written: TimeStyle,
    now: int,
) -> SortedOutcomes:
    """Each row by its rule.

    Args:
        rows: of a file.
        first_scored: lead → its first score, microseconds since 1970.
        said: everything that earlier files have said, in order.
        now: microseconds since 1970.
    """
    known = latest_outcomes(said)
    result = SortedOutcomes()
    read: list[tuple[int, LeadOutcome]] = []
    for number, row in enumerate(rows, 1):
        outcome, rule = _read(row, written)
        if outcome is not None:
            rule = _refused(outcome, first_scored, now)
            if rule in {None, "unknown_id", "before_score"}:
                result.latest = max(
                    [moment for moment in (outcome.converted, outcome.seen, result.latest) if moment], default=None
                )
        if rule is None and outcome is not None:
            read.append((number, outcome))
        else:
            _count(result, str(rule), number)
    if any(outcome.seen is not None for _, outcome in read):
        read.sort(key=lambda item: item[1].seen if item[1].seen is not None else item[1].converted or 0)
    for number, outcome in read:
        rule = _news(outcome, known.get(outcome.lead))
        _count(result, rule, number)
        if rule in REMEMBERED:
            result.kept.append(outcome)
            known[outcome.lead] = outcome
    return result


def _count(result: SortedOutcomes, rule: str, number: int) -> None:
    result.counts[rule] += 1
    result.examples.setdefault(rule, number)


def _read(row: OutcomeRow, written: TimeStyle) -> tuple[LeadOutcome | None, str | None]:
    if not row.lead:
        return None, "no_id"
    times = [moment_of_text(text, written) for text in (row.converted, row.seen)]
    if UNREADABLE in times:
        return None, "unreadable_time"
    value = row.value.strip()
    if value and not _is_number(value):
        return None, "unreadable_value"
    return LeadOutcome(row.lead, times[0], times[1], float(value) if value else None), None


def moment_of_text(text: str, written: TimeStyle) -> int | None:
    """A text as microseconds since 1970; None where it is empty, `UNREADABLE` where it is no time.

    A day without a time of day is its end: whoever was scored that morning may have converted in the afternoon.
    """
    text = text.strip()
    if not text:
        return None
    micros, is_local = read_time(text, written.order)
    if micros == UNREADABLE:
        return UNREADABLE
    if is_local:
        if ":" not in text:
            micros += DAY_US - SECOND_US
        moments, shown = to_utc(np.array([micros], dtype=np.int64), written.zone)
        return int(moments[0]) if shown[0] else UNREADABLE
    return micros


def _is_number(text: str) -> bool:
    import re

    return re.match(NUMBER, text) is not None


def _refused(outcome: LeadOutcome, first_scored: Mapping[str, int], now: int) -> str | None:
    if max(outcome.converted or 0, outcome.seen or 0) > now:
        # The end of today is no claim about the future.
        if max((outcome.converted or 0) - DAY_US, outcome.seen or 0) > now:
            return "in_the_future"
        return _refused(replace(outcome, converted=now), first_scored, now)
    if outcome.converted is not None and outcome.seen is not None and outcome.seen < outcome.converted - DAY_US:
        return "seen_before_it_happened"
    scored = first_scored.get(outcome.lead)
    if scored is None:
        return "unknown_id"
    if outcome.converted is not None and outcome.converted < scored:
        return "before_score"
    return None


def _news(outcome: LeadOutcome, known: LeadOutcome | None) -> str:
    if known is None:
        return "not_converted" if outcome.converted is None else NEW
    if (outcome.converted, outcome.value) == (known.converted, known.value):
        return REPEATED
    if outcome.seen is not None and known.seen is not None and outcome.seen < known.seen:
        return "outdated"
    if outcome.converted is None:
        return "not_converted" if known.converted is None else REFUNDED
    return NEW if known.converted is None else CORRECTED
