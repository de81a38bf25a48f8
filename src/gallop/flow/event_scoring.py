"""`gallop score --at`: every lead of a log, as of a moment, from what was known then."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from gallop.adapters.tables.parquet import text_of
from gallop.errors import EmptyTableError, SettingsError
from gallop.events.live import moment_of
from gallop.events.row_rules import iso
from gallop.flow.events import decisions_at
from gallop.flow.project import Project
from gallop.flow.score_log import ScoreLog, moment_scored
from gallop.flow.scoring import Scored, rejected_beside, require_free, write_outcome
from gallop.flow.signature import load_deployed
from gallop.reporting.formatting import describe_reason
from gallop.scoring import score_table
from gallop.stages.events import by_lead


def score_moment(
    project: Project,
    log: Path,
    at: str,
    output: Path,
    reasons: Path | None = None,
    *,
    top: int | None = None,
    logged: bool = False,
) -> Scored:
    """A log of events → every lead's score as of a moment, from what was known then.

    Args:
        at: the moment; without a zone it is in `events.timezone`.
        reasons: where to write what each column adds to each score; None for nowhere.
        top: how many of the best to write; None for all.
        logged: whether the scores are recorded in the log of scores, as of the moment.

    Raises:
        As `score_file`. SettingsError: the deployed model does not take events. WrongTypeError: `at` is no time.
    """
    aside = rejected_beside(output)
    require_free((output, aside, *([reasons] if reasons else [])), (str(log), str(project.paths.raw)), aside)
    score_log = ScoreLog.of_project(project) if logged else None
    deployed = load_deployed(project)
    events = deployed.settings.events
    if events is None:
        raise SettingsError("--at: the deployed model takes a table of leads, no events; leave --at out")
    moment = moment_of(at, events)
    table = decisions_at(deployed.settings, log, moment, project.paths.root)
    if not len(table):
        raise EmptyTableError(f"{log}: no lead has an event before {iso(moment)}")
    tell = partial(describe_reason, features=events.by_name)
    scores = score_table(text_of(table), deployed, f"{log} as of {iso(moment)}", tell, project=project.settings)
    named = partial(by_lead, lead=events.lead, at=iso(moment))
    scores = replace(scores, ranked=named(scores.ranked), explained=named(scores.explained))
    scored = write_outcome(scores, project, deployed, output, reasons, top, ())
    return replace(scored, logged=score_log.record(scores, moment_scored(iso(moment)))) if score_log else scored
