"""The stage `events`: a log and what belongs to it → the table of decisions; and the decisions of one moment."""

from pathlib import Path

import narwhals.stable.v2 as nw
import numpy as np

from gallop.adapters.tables.csv_format import detect_log
from gallop.adapters.tables.event_log import read_events, read_log, times_of
from gallop.adapters.tables.polars import read_text, read_typed, write
from gallop.errors import MissingColumnError, SettingsError
from gallop.events.cleaning import clean_events
from gallop.events.decisions import as_of
from gallop.events.identity import Identities
from gallop.events.raw import UNREADABLE
from gallop.events.zones import to_utc
from gallop.files import write_text
from gallop.flow.data import COUNTS
from gallop.flow.locks import exclusive
from gallop.flow.project import Project
from gallop.results.run import EventCounts
from gallop.settings.events import Events
from gallop.settings.params import Settings
from gallop.settings.table import Format
from gallop.stages.events import DecisionTable, GivenDecisions, LeadRows, decision_table, events, joined_columns


@exclusive
def run_events(project: Project) -> EventCounts:
    """data.raw, a log of events → data/interim/decisions: ripe decisions, unripe ones, and the counts.

    Raises:
        SettingsError: the project has no section `events`. And what reading and the stage raise.
    """
    made = make_decisions(project.settings, project.paths.raw, project.paths.root)
    write({"decisions": made.ripe, "unripe": made.unripe}, project.paths.decisions)
    write_text(project.paths.decisions / COUNTS, made.counts.model_dump_json(indent=2) + "\n")
    return made.counts


def make_decisions(settings: Settings, log: Path, root: Path) -> DecisionTable:
    """The table of decisions of a log; `root` is where the settings' other files lie."""
    wanted = of_project(settings)
    return events(
        read_events(log, wanted),
        wanted,
        given=read_given(wanted, root),
        identities=read_identities(wanted, root),
        leads=read_leads(settings, root),
    )


def decisions_at(settings: Settings, log: Path, moment: int, root: Path) -> nw.DataFrame:
    """A row for each lead that was known at a moment, with what was known of it: no label."""
    wanted = of_project(settings)
    # The log at hand need not be written as the one that was learnt from.
    raw = read_log(log, detect_log(log).form).raw(wanted, str(log))
    clean = clean_events(raw, wanted, read_identities(wanted, root))
    return decision_table(clean, wanted, as_of(clean.log, moment), read_leads(settings, root))


def of_project(settings: Settings) -> Events:
    """The section `events`. Raises `SettingsError` where there is none."""
    if settings.events is None:
        raise SettingsError("params.yaml has no section events: this project's leads come ready-made, as a table")
    return settings.events


def read_leads(settings: Settings, root: Path) -> LeadRows | None:
    """What is known of the leads themselves, where there is a table of it."""
    wanted = of_project(settings)
    if wanted.leads is None:
        return None
    path = root / wanted.leads.raw
    columns = joined_columns(settings.table.columns, wanted)
    return LeadRows(read_text(path, wanted.leads.format), wanted.leads.lead, columns, str(path))


def read_given(wanted: Events, root: Path) -> GivenDecisions | None:
    """The given decisions, for the rule `table`."""
    rule = wanted.decisions
    if rule.rule != "table" or rule.raw is None:
        return None
    leads, at = _leads_and_times(root / rule.raw, Format(), wanted, str(rule.lead), str(rule.time))
    return GivenDecisions(leads, at)


def read_identities(wanted: Events, root: Path) -> Identities | None:
    """The identity map, where there is one."""
    said = wanted.identity
    if said is None:
        return None
    path = root / said.raw
    users, since = _leads_and_times(path, said.format, wanted, said.user, said.valid_from)
    anonymous, _ = _leads_and_times(path, said.format, wanted, said.anonymous, said.valid_from)
    return Identities(anonymous, users, np.array(since, dtype=np.int64))


def _leads_and_times(path: Path, form: Format, wanted: Events, lead: str, time: str) -> tuple[list[str], list[int]]:
    table = read_typed(path, form)
    if absent := [name for name in (lead, time) if name not in table.columns]:
        raise MissingColumnError(f"{path}: no column {absent}; the header has: {', '.join(table.columns)}")
    times = times_of(table[time], wanted)
    moments, exists = to_utc(times.micros, wanted.timezone)
    moments = np.where(times.local, moments, times.micros)
    good = (times.micros > UNREADABLE) & (exists | ~times.local)
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        raise SettingsError(
            f"{path}: row {row + 1}, column {time!r}: {table[time][row]!r} is no time as events.written = "
            f"{wanted.written} says; each row needs one"
        )
    names = [str(value).strip() for value in nw.from_native(table, eager_only=True)[lead].to_list()]
    return names, moments.tolist()
