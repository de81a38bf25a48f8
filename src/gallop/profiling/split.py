"""How `gallop init` proposes to split: at random, or forward in time where something changes along it. Pure.

A day of the lead, or a date by which the file is sorted, is time; a date that is not may be anything of the lead, such
as when it became a customer. The order of the rows is time where the outcome changes along it, and the rows are not
simply sorted by a column.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gallop.results.estimates import Estimate
from gallop.results.over_time import Drift
from gallop.settings.split import BY_DAY, BY_ORDER, BY_RANDOM, BY_REVERSE

_FEW_DAYS: Final = 20
"""With fewer distinct days than this, a file that is sorted by them is split by rows instead."""
_SORTED: Final = 0.9
"""Rank correlation of a date with the order of the rows from which the file counts as sorted by it."""
_FILLED: Final = 0.99
_GROUPED: Final = 0.95
"""AUC with which one column tells the last fifth of the rows from the others, from which they are sorted by it."""
_FEWEST: Final = 10
"""Leads of each outcome that the test leads need."""
_TIME: Final = frozenset(["date", "day", "days", "week", "weekday", "month", "quarter", "season", "year", "time"])


@dataclass(frozen=True)
class Clock:
    """One thing that time may go by, and what changes along it."""

    drift: Drift
    moments: int
    """Distinct ones."""
    filled: float
    """Share of the leads that have one."""
    order: float
    """Rank correlation with the order of the rows: 1 sorted, -1 newest first."""
    fewest: int
    """Leads of the rarer outcome among those that would be test leads."""


@dataclass(frozen=True)
class ProposedSplit:
    """The section `split` of params.yaml, and why."""

    by: str = BY_RANDOM
    because: str = ""
    gap_days: int = 0
    notes: tuple[str, ...] = ()
    """For people: what was seen and not followed."""
    elapsed: tuple[str, ...] = ()
    """Dates whose days since 1970 are no input: every later lead has a value that no model has seen."""


@dataclass(frozen=True)
class _Rows:
    """What is known of the order of the rows."""

    newest_first: bool
    dates: tuple[str, ...]
    """The lead's day, and the dates by which the file is sorted."""

    @property
    def by(self) -> str:
        return BY_REVERSE if self.newest_first else BY_ORDER


def choose_split(clocks: Sequence[Clock], ids: float, asked: str | None = None, horizon_days: int = 0) -> ProposedSplit:
    """Propose a split.

    Args:
        clocks: all of the table: the lead's day, dates, and the order of the rows as the last one.
        ids: rank correlation of a numeric id with the order of the rows; 0 where there is none.
        asked: as `split.by`, where a person has said it.
        horizon_days: how soon a conversion counts.
    """
    *dates, order = clocks
    newest_first = next((clock.order < 0 for clock in dates if abs(clock.order) >= _SORTED), ids <= -_SORTED)
    in_order = tuple(clock.drift.by for clock in dates if clock.drift.by == BY_DAY or abs(clock.order) >= _SORTED)
    rows, notes = _Rows(newest_first, in_order), []
    if asked:
        return _forward(asked, "set with --split", rows, horizon_days)
    for clock in dates:
        by, because = _along_date(clock, rows)
        if by:
            return _forward(by, because, rows, horizon_days)
        notes += [because] if because else []
    by, because = _along_rows(order, rows)
    if by:
        return _forward(by, because, rows, horizon_days)
    return ProposedSplit(notes=tuple([*notes, because] if because else notes))


def _forward(by: str, because: str, rows: _Rows, horizon_days: int) -> ProposedSplit:
    if by == BY_RANDOM:
        return ProposedSplit(because=because)
    if by in {BY_ORDER, BY_REVERSE}:
        lost = ("a gap of the horizon needs days: --split with a date keeps one",) if horizon_days else ()
        return ProposedSplit(by, because, notes=lost, elapsed=rows.dates)
    return ProposedSplit(by, because, horizon_days, elapsed=tuple(dict.fromkeys((*rows.dates, by))))


def _along_date(clock: Clock, rows: _Rows) -> tuple[str | None, str]:
    """What to split by because of a date, and why; nothing, and what a person may want to know."""
    changes = _changes(clock.drift, columns=True)
    if not changes:
        return None, ""
    if clock.filled < _FILLED or clock.drift.by not in rows.dates:
        tell = f"{changes}; if that is when leads come in, --split says so"
        return None, tell if clock.drift.outcome.changed else ""
    if clock.fewest < _FEWEST:
        return None, f"{changes}, but its last leads are too few of one outcome to test on"
    if clock.moments >= _FEW_DAYS or abs(clock.order) < _SORTED:
        return clock.drift.by, changes
    return rows.by, f"{changes}, in {clock.moments} days; the rows are in that order"


def _along_rows(clock: Clock, rows: _Rows) -> tuple[str | None, str]:
    """As `_along_date`, of the order of the rows."""
    changes = _changes(clock.drift, columns=False)
    if not changes:
        return None, ""
    grouped = [name for name, change in clock.drift.columns.items() if change.figure.value > _GROUPED]
    if grouped := [name for name in grouped if not _of_time(name)]:
        return None, f"{changes}, but the rows are sorted by {grouped[0]}, which is not time"
    if clock.fewest < _FEWEST:
        return None, f"{changes}, but the last rows are too few of one outcome to test on"
    way = "newest first, by ids or dates" if rows.newest_first else "taken to be oldest first"
    return rows.by, f"{changes}; the rows are {way}"


def _changes(drift: Drift, *, columns: bool) -> str:
    """What changes along a clock, in a sentence; empty where nothing does."""
    clocks = {BY_ORDER: "the order of the rows", BY_REVERSE: "the order of the rows", BY_DAY: "the lead's day"}
    along = clocks.get(drift.by, drift.by)
    if drift.outcome.changed:
        return f"along {along} the outcome changes: a tenth of it ranks leads with {_auc(drift.outcome.figure)}"
    if drift.relation.changed:
        lost = drift.relation.figure
        return (
            f"along {along} what the columns say of the outcome changes: a score of the leads before ranks the last "
            f"fifth by {lost.value:+.3f} [{lost.low:+.3f}, {lost.high:+.3f}] of AUC less well, where 0 is no change"
        )
    changed = {"a score of all columns": drift.scores} if drift.scores.changed else {}
    changed |= drift.changed_columns if columns else {}
    if not changed:
        return ""
    name, change = next(iter(changed.items()))
    return f"along {along} the leads change: {name} tells the last fifth from the others with {_auc(change.figure)}"


def _auc(auc: Estimate) -> str:
    return f"AUC {auc.value:.3f} [{auc.low:.3f}, {auc.high:.3f}], where .5 is no change"


def _of_time(name: str) -> bool:
    return bool(_TIME & {*re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())})
