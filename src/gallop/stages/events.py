"""events: from a log of events to one row per lead and decision time, with label and features. Before data_clean.

Only in projects whose settings have a section `events`; a table of leads that is there needs no such stage. Decisions
that are not ripe have no label yet: they are kept beside the others and counted, never trained on.
"""

from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np

from gallop.errors import EmptyTableError, MissingColumnError
from gallop.events.cleaning import CleanLog, clean_events
from gallop.events.decisions import Decisions, decide, outcomes
from gallop.events.features import features
from gallop.events.identity import Identities
from gallop.events.raw import RawEvents
from gallop.events.row_rules import iso
from gallop.results.run import EventCounts
from gallop.schema import ROW, Role
from gallop.settings.events import CONVERTED, DECIDED_AT, DECISION, LEAD, Events


@dataclass(frozen=True)
class DecisionTable:
    """What the stage makes."""

    ripe: nw.DataFrame
    """A row per decision: its name, lead, time and label, features, and what is known of the lead."""
    unripe: nw.DataFrame
    """The same, without the label."""
    counts: EventCounts


@dataclass(frozen=True)
class LeadRows:
    """What is known of the leads themselves, as texts."""

    table: nw.DataFrame
    key: str
    """Its column with the lead."""
    columns: tuple[str, ...]
    """Those to join."""
    source: str


@dataclass(frozen=True)
class GivenDecisions:
    """Decisions as a table has them."""

    lead: list[str]
    at: list[int]
    """Microseconds in UTC."""


def events(
    raw: RawEvents,
    settings: Events,
    *,
    given: GivenDecisions | None = None,
    identities: Identities | None = None,
    leads: LeadRows | None = None,
) -> DecisionTable:
    """Clean the log, take the decisions, and compute what was known at each.

    Args:
        raw: the rows of the log.
        given: the decisions, for the rule `table`.
        identities: who an anonymous lead turned out to be.
        leads: what is known of the leads themselves.

    Raises:
        EmptyTableError: no event, or no ripe decision. WrongTypeError: the times are not what the settings say.
        MissingColumnError: the leads' table lacks a column.
    """
    clean = clean_events(raw, settings, identities)
    decisions = decide(clean, settings, placed(clean, given) if given else None)
    came = outcomes(clean, settings, decisions)
    if not came.ripe.any():
        raise EmptyTableError(
            f"{raw.source}: none of {len(decisions)} decisions is ripe: the log ends at {iso(clean.end)}, and "
            f"events.horizon is {settings.horizon}; a shorter horizon, or other events.decisions, would be"
        )
    table = decision_table(clean, settings, decisions, leads)
    label = nw.new_series(CONVERTED, came.converted.astype(np.int8), nw.Int8, backend="polars")
    counts = EventCounts(
        rows=clean.counts.rows,
        events=clean.counts.rows - sum(clean.counts.aside.values()),
        leads=len(clean.log.leads),
        first=iso(int(clean.log.time.min())),
        last=iso(int(clean.log.time.max())),
        end=iso(clean.end),
        aside={rule: rows for rule, rows in clean.counts.aside.items() if rows},
        noticed=clean.counts.noticed,
        ripe=int(came.ripe.sum()),
        unripe=int((~came.ripe).sum()),
        converted=int(came.converted[came.ripe].sum()),
        at_once=int(came.at_once.sum()),
        surprised=int(came.surprised.sum()),
    )
    ripe = came.ripe.tolist()
    columns = [DECISION, LEAD, DECIDED_AT, CONVERTED]
    labelled = table.with_columns(label).select(*columns, *[name for name in table.columns if name not in columns])
    return DecisionTable(labelled.filter(ripe), table.filter([not is_ripe for is_ripe in ripe]), counts)


def decision_table(
    clean: CleanLog, settings: Events, decisions: Decisions, leads: LeadRows | None = None
) -> nw.DataFrame:
    """A row per decision, without label: name, lead (who it turned out to be), time, features, leads' own columns."""
    names = clean.log.leads
    who = [names[lead] for lead in decisions.lead.tolist()]
    person = [names[lead] for lead in clean.persons[decisions.lead].tolist()]
    at = [iso(moment) for moment in decisions.at.tolist()]
    made = features(clean.log, decisions.lead, decisions.at, settings)
    columns: dict = {
        DECISION: [f"{lead} {moment}" for lead, moment in zip(who, at, strict=True)],
        LEAD: person,
        DECIDED_AT: at,
    }
    for name, values in made.items():
        kind = nw.String if values.dtype == object else nw.Float64
        columns[name] = nw.new_series(name, values.tolist() if kind is nw.String else values, kind, backend="polars")
    table = nw.from_dict(columns, backend="polars")
    table = table.with_columns(nw.col(name).fill_nan(None) for name in made if table[name].dtype == nw.Float64)
    return table if leads is None else table.with_columns(*_of_leads(leads, who))


def by_lead(table: nw.DataFrame, *, lead: str, at: str) -> nw.DataFrame:
    """Scores of decisions at one moment, with the lead and the moment in place of the decision's name."""
    key = table.columns[0]
    taken = table.columns[1:]
    while lead in taken:
        lead += "_"
    names = [name.removesuffix(f" {at}") for name in table[key].to_list()]
    who = nw.new_series(lead, names, nw.String, backend="polars")
    when = nw.new_series("at", [at] * len(names), nw.String, backend="polars")
    return table.with_columns(who, when).select(lead, "at", *taken)


def _of_leads(leads: LeadRows, who: list[str]) -> list[nw.Series]:
    wanted = (leads.key, *leads.columns)
    if absent := [name for name in wanted if name not in leads.table.columns]:
        has = ", ".join(name for name in leads.table.columns if name != ROW)
        raise MissingColumnError(f"{leads.source}: no column {', '.join(map(repr, absent))}; the header has: {has}")
    place: dict[str, int] = {}
    for row, lead in enumerate(leads.table[leads.key].to_list()):
        place.setdefault((lead or "").strip(), row)
    rows = [place.get(lead, -1) for lead in who]
    found = []
    for name in leads.columns:
        texts = [*leads.table[name].to_list(), None]
        found.append(nw.new_series(name, [texts[row] for row in rows], nw.String, backend="polars"))
    return found


def placed(clean: CleanLog, given: GivenDecisions) -> Decisions:
    """Given decisions, of the leads that the log knows."""
    place = {lead: at for at, lead in enumerate(clean.log.leads)}
    known = [(place[lead], at) for lead, at in zip(given.lead, given.at, strict=True) if lead in place]
    return Decisions(np.array([lead for lead, _ in known], np.int64), np.array([at for _, at in known], np.int64))


def joined_columns(settings_columns: dict, made: Events) -> tuple[str, ...]:
    """The columns of the settings' table that come from the leads' own table."""
    own = {DECISION, LEAD, DECIDED_AT, CONVERTED, *made.features, *made.expressions}
    return tuple(
        name for name, column in settings_columns.items() if name not in own and column.role is not Role.IGNORE
    )
