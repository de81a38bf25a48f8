"""`gallop outcomes`: what became of leads, out of a file or a table of a database, into the log of outcomes."""

import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import narwhals.stable.v2 as nw

from gallop.adapters.monitoring.outcome_log import read_outcomes, record_outcomes
from gallop.adapters.monitoring.score_log import first_scores
from gallop.errors import MissingColumnError, SettingsError, WrongTypeError
from gallop.events.raw import UNREADABLE
from gallop.files import sha256_of
from gallop.flow.project import Project
from gallop.flow.score_log import ScoreLog, no_scores
from gallop.flow.scoring import read_raw_table
from gallop.monitoring.outcomes import REPEATED, OutcomeRow, SortedOutcomes, TimeStyle, moment_of_text, sort_outcomes
from gallop.monitoring.scored_lead import hashed_id
from gallop.schema import ROW
from gallop.settings.events import Events

CONVERTED_AT, SEEN_AT, VALUE = "converted_at", "seen_at", "value"


@dataclass(frozen=True)
class OutcomeColumns:
    """Which columns say what; None where the usual name is meant, if there is such a column."""

    id: str | None = None
    converted: str | None = None
    seen: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class TakenOutcomes:
    """What `gallop outcomes` did."""

    rows: SortedOutcomes
    until: int
    """Until when it is known what happened, microseconds since 1970."""
    remarks: tuple[str, ...]


def take_outcomes(
    project: Project,
    source: str,
    columns: OutcomeColumns | None = None,
    *,
    written: TimeStyle | None = None,
    until: str | None = None,
    sheet: str | None = None,
) -> TakenOutcomes:
    """Sort the rows of a file by the rules of `gallop.monitoring.outcomes`, and remember what is new.

    Args:
        source: a file or address as `gallop score` reads it, or `postgresql://user@host/database/table`.
        until: a time, or `now`: when the file ends, so that what it does not say had not happened; None for the last
            time in it.

    Raises:
        MissingOutputError: no score was ever recorded. MissingColumnError, SettingsError, WrongTypeError, and what
        reading a table raises.
    """
    written, now = written or TimeStyle(), time.time_ns() // 1000
    _require_zone(written.zone)
    _require_order(written.order)
    log = ScoreLog.of_project(project)
    first = first_scores(log.folder)
    if not first:
        raise no_scores(log.folder)
    end = _end(until, written, now)
    raw, remarks = _read(source, sheet)
    key = project.settings.events.lead if project.settings.events else project.settings.table.id
    rows = _rows(raw, source, columns or OutcomeColumns(), key, log.key)
    known = read_outcomes(project.paths.outcomes)
    digest = sha256_of(repr((written, rows)))
    if digest in known.files:
        remarks = (*remarks, f"{source}: was taken before, row for row")
        taken = SortedOutcomes(counts=Counter({REPEATED: len(rows)}), examples={REPEATED: 1})
    else:
        taken = sort_outcomes(rows, first, known.said, written, now)
    end = min(end if end is not None else taken.latest or 0, now)
    known_until = max(end, known.until or 0)
    if taken.kept or end > (known.until or 0):
        record_outcomes(taken.kept, end, digest, project.paths.outcomes)
    return TakenOutcomes(taken, known_until, remarks)


def _require_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"--timezone {zone!r} is not known; UTC and Europe/Paris are") from None


def _require_order(order: str) -> None:
    known = get_args(Events.model_fields["written"].annotation)
    if order not in known:
        raise SettingsError(f"--dates {order!r} is not known; accepted are {', '.join(known)}")


def _end(until: str | None, written: TimeStyle, now: int) -> int | None:
    if until is None or until == "now":
        return now if until else None
    end = moment_of_text(until, TimeStyle(written.zone))
    if end is None or end == UNREADABLE:
        raise WrongTypeError(f"--until {until!r}: no time; accepted are now, and times such as 2026-03-01T09:00")
    return end


def _read(source: str, sheet: str | None) -> tuple[nw.DataFrame, tuple[str, ...]]:
    from gallop.adapters.tables.postgres import is_database, parse_table_url, snapshot

    if not is_database(source):
        return read_raw_table(source, sheet)
    from gallop.adapters.tables.polars import read_text

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "outcomes.csv")
        snapshot(parse_table_url(source), path)
        return read_text(path), ()


def _rows(raw: nw.DataFrame, source: str, columns: OutcomeColumns, key: str, secret: bytes | None) -> list[OutcomeRow]:
    has = [name for name in raw.columns if name != ROW]
    wanted = {
        "--id": columns.id or key,
        "--converted": columns.converted or CONVERTED_AT,
        "--seen": columns.seen or (SEEN_AT if SEEN_AT in has else None),
        "--value": columns.value or (VALUE if VALUE in has else None),
    }
    for option, name in wanted.items():
        if name is not None and name not in has:
            raise MissingColumnError(f"{source}: no column {name!r}; it has {', '.join(has)}. {option} names another")
    texts = [
        [(value or "").strip() for value in raw[name].to_list()] if name else [""] * len(raw)
        for name in wanted.values()
    ]
    return [OutcomeRow(hashed_id(lead, secret) if lead else "", *said) for lead, *said in zip(*texts, strict=True)]
