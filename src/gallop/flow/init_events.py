"""`gallop init --events`: from a log of events to a project whose first stage is `events`."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gallop.adapters.tables.csv_format import Detected, detect, detect_log
from gallop.adapters.tables.event_log import LogTable, read_log
from gallop.adapters.tables.parquet import text_of
from gallop.adapters.tables.polars import read_text
from gallop.errors import EmptyTableError
from gallop.events.cleaning import CleanLog, clean_events
from gallop.events.raw import UNREADABLE
from gallop.events.row_rules import iso, lone_future
from gallop.flow.init import Made, Source, guarded, make, prepared
from gallop.profiling.event_log import EventOptions, look_at_log, propose_events
from gallop.profiling.event_proposal import EventProposal
from gallop.profiling.proposal import InitOptions, propose
from gallop.schema import DAY_US, ROW
from gallop.settings.events import Events
from gallop.settings.params import Settings
from gallop.settings.table import Format
from gallop.stages.events import LeadRows, events, joined_columns

_FEATURE = "any event count ever"


@dataclass(frozen=True)
class EventSource:
    """Where the log comes from."""

    log: Source
    table: LogTable
    leads: Source | None = None

    @property
    def beside(self) -> tuple[tuple[Path, str], ...]:
        """The leads' own table, and where it lies in the project."""
        return () if self.leads is None else ((self.leads.path, f"data/raw/{self.leads.path.name}"),)


def open_source(log: Path, leads: Path | None) -> EventSource:
    """Read the log. Raises what reading a table raises."""
    source = _source(log, detect_log(log))
    return EventSource(source, read_log(log, source.form), _source(leads, detect(leads)) if leads else None)


def _source(path: Path, found: Detected) -> Source:
    return Source(path, found.form, "", str(found), found.remarks)


def look_events(source: EventSource, asked: EventOptions) -> EventProposal:
    """Look at a log and propose a project for it. Raises what the parts raise."""
    path = source.log.path
    columns = source.table.sample()
    named = asked.event is not None and asked.event in columns
    kinds = source.table.counts(str(asked.event)) if named else {asked.converted[0]: source.table.frame.height}
    seen = look_at_log(columns, kinds, asked, str(path))
    draft = propose_events(seen, asked, leads=1, repeated=1.0, span_days=365.0, end=None)
    rough = _rough(draft)
    raw = source.table.raw(rough, str(path))
    known = raw.time.micros[raw.time.micros > UNREADABLE]
    broken = None if asked.arrived else lone_future(known, rough.horizon_us)
    end = iso(broken[0] + DAY_US) if broken else None
    clean = clean_events(raw, _rough(draft | {"until": end}), None)
    span = (int(clean.log.time.max()) - int(clean.log.time.min())) / DAY_US
    leads = len(clean.log.leads)
    repeated = _repeated(clean, rough)
    section = propose_events(seen, asked, leads=leads, repeated=repeated, span_days=span, end=end)
    proposal = EventProposal(asked, seen, section)
    if source.leads is not None:
        proposal = _with_leads(proposal, source.leads, clean, rough)
    return proposal


def _rough(section: dict[str, Any]) -> Events:
    """The settings by which a log is cleaned before its features are chosen."""
    import json

    return Events.model_validate_json(
        json.dumps(section | {"features": [_FEATURE], "expressions": {}, "attributes": {}})
    )


def _repeated(clean: CleanLog, rough: Events) -> float:
    converts = np.isin(clean.log.kind, [rough.kinds.index(kind) for kind in rough.converted])
    each = np.bincount(clean.log.lead[converts], minlength=len(clean.log.leads))
    return float(np.mean(each[each > 0] > 1)) if (each > 0).any() else 0.0


def _with_leads(proposal: EventProposal, leads: Source, clean: CleanLog, rough: Events) -> EventProposal:
    """With the columns of the leads' own table, each for what it seems to be."""
    table = read_text(leads.path, leads.form)
    columns = {name: table[name].to_list() for name in table.columns if name != ROW}
    key = proposal.asked.lead
    converts = np.isin(clean.log.kind, [rough.kinds.index(kind) for kind in rough.converted])
    who = {clean.log.leads[lead] for lead in np.unique(clean.log.lead[converts]).tolist()}
    label = "converted"
    while label in columns:
        label += "_"
    known: dict[str, list[str | None]] = columns | {
        label: ["1" if (lead or "").strip() in who else "0" for lead in columns.get(key, [])]
    }
    found = propose(known, InitOptions(label, id=key), str(leads.path)).answers("x", "x", leads.form, "0", "")
    entries = []
    for entry in found["columns"]:
        if entry["name"] in {key, label}:
            continue
        if entry["keys"]["role"] in {"day", "date"}:
            entry |= {"keys": {"role": "ignore"}, "because": "a date; of use as an event in the log"}
        entries.append(entry)
    form = {} if leads.form == Format() else {"format": leads.form.model_dump()}
    section = proposal.section | {"leads": {"raw": f"data/raw/{leads.path.name}", "lead": key} | form}
    return replace(proposal, section=section, columns=tuple(entries))


def guard_events(source: EventSource, proposal: EventProposal) -> EventProposal:
    """Take the decisions once, and leave out the features that the leak guard stops at. Raises as `guard`."""
    settings = prepared(source.log, proposal)
    wanted = settings.events
    if wanted is None:
        raise EmptyTableError(f"{source.log.path}: the proposal has no section events")
    raw = source.table.raw(wanted, str(source.log.path))
    made = events(raw, wanted, leads=_lead_rows(source, settings, wanted))
    return replace(guarded(source.log, proposal, text_of(made.ripe)), counts=made.counts)


def _lead_rows(source: EventSource, settings: Settings, wanted: Events) -> LeadRows | None:
    if source.leads is None or wanted.leads is None:
        return None
    table = read_text(source.leads.path, source.leads.form)
    columns = joined_columns(settings.table.columns, wanted)
    return LeadRows(table, wanted.leads.lead, columns, str(source.leads.path))


def make_events(source: EventSource, proposal: EventProposal, into: Path) -> Made:
    """Write the project. Raises as `make`."""
    return make(source.log, proposal, into, source.beside)
