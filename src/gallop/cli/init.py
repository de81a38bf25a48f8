"""`gallop init` and `gallop check leaks`: a table becomes a project, and a project's columns are checked for leaks."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gallop.cli import console
from gallop.cli.project import open_project

if TYPE_CHECKING:
    from gallop.profiling.event_log import EventOptions
    from gallop.profiling.proposal import InitOptions


def init(
    table: Annotated[
        str | None,
        typer.Argument(
            help="CSV, Excel, JSON or Parquet file, also packed; a folder of Parquet; https://…, s3://…, postgresql://…"
        ),
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="Column with the outcome.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Column that identifies a lead.")] = None,
    day: Annotated[str | None, typer.Option("--day", help="Column with the day of the lead.")] = None,
    positive: Annotated[str | None, typer.Option("--positive", help="Value of the label that means yes.")] = None,
    negative: Annotated[
        list[str] | None,
        typer.Option("--negative", help='Value of the label that means no; "" for an empty one. May be repeated.'),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="random, or forward in time: day, a date column, order or reverse (of the rows)."),
    ] = None,
    treatment: Annotated[
        str | None, typer.Option("--treatment", help="Column that says who was contacted, drawn at random.")
    ] = None,
    treated: Annotated[str | None, typer.Option("--treated", help="Its value that means contacted.")] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet of an Excel file.")] = None,
    events: Annotated[
        Path | None, typer.Option("--events", help="A log of events instead of a table of leads.")
    ] = None,
    leads: Annotated[Path | None, typer.Option("--leads", help="Of a log: a table with a row per lead.")] = None,
    lead: Annotated[str | None, typer.Option("--lead", help="Of a log: column with the lead.")] = None,
    time: Annotated[str | None, typer.Option("--time", help="Of a log: column with the time.")] = None,
    event: Annotated[
        str | None, typer.Option("--event", help="Of a log: column with the kind of event, if any.")
    ] = None,
    converted: Annotated[
        list[str] | None, typer.Option("--converted", help="Kind of event that is a conversion.")
    ] = None,
    horizon: Annotated[
        str | None,
        typer.Option(
            "--horizon", help="How soon a conversion counts.", show_default="30d for a log, not known for leads"
        ),
    ] = None,
    event_id: Annotated[
        str | None, typer.Option("--event-id", help="Of a log: column that tells events apart.")
    ] = None,
    arrived: Annotated[str | None, typer.Option("--arrived", help="Of a log: column with the time of arrival.")] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="Of a log: column with the lead's time zone.")] = None,
    timezone: Annotated[str, typer.Option("--timezone", help="Of a log: zone of times that say none.")] = "UTC",
    into: Annotated[Path, typer.Option("--into", help="Folder of the new project.", show_default="here")] = Path(),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept everything as proposed; ask nothing.")] = False,
) -> None:
    """Make a project from a table or a log of events: show what each column is taken for, and write the settings."""
    if events is not None:
        from gallop.profiling.event_log import EventOptions

        if lead is None or time is None or not converted:
            raise typer.BadParameter("--events needs --lead, --time and --converted as well")
        asked = EventOptions(lead, time, tuple(converted), horizon or "30d", event, event_id, arrived, zone, timezone)
        _init_events(events, leads, asked, into)
        return
    if table is None or label is None:
        raise typer.BadParameter("a TABLE and --label are needed, or --events, --lead, --time and --converted")
    from gallop.profiling.proposal import InitOptions

    options = InitOptions(label, id_, day, positive, tuple(negative or ()), split, horizon, treatment, treated)
    _init_table(table, sheet, options, into, ask=not yes and sys.stdin.isatty())


def _init_events(log: Path, leads: Path | None, asked: "EventOptions", into: Path) -> None:
    from gallop.flow import init_events as flow
    from gallop.reporting.terminal import event_profile, profile
    from gallop.reporting.terminal.screen import Screen

    screen = Screen()
    source = flow.open_source(log, leads)
    proposal = flow.look_events(source, asked)
    screen.print(event_profile.render_log(proposal, source.log.form))
    screen.print(profile.guard_notice())
    proposal = flow.guard_events(source, proposal)
    if proposal.counts:
        screen.print(event_profile.render_counts(proposal.counts))
    made = flow.make_events(source, proposal, into.resolve())
    screen.print(profile.render_outcome(made.proposal, made.files, made.left_alone))
    _say_next(into)


def _init_table(table: str, sheet: str | None, asked: "InitOptions", into: Path, *, ask: bool) -> None:
    from gallop.flow import init as flow
    from gallop.flow.init_split import with_split
    from gallop.reporting.terminal import profile as page
    from gallop.reporting.terminal.screen import Screen

    screen = Screen()
    with flow.source(table, sheet) as source:
        proposal = flow.look(source, asked)
        screen.print(page.render_profile(proposal, source.read_as, source.remarks, screen.width))
        if ask:
            proposal = console.confirm(proposal)
        screen.print(page.guard_notice())
        made = flow.make(source, flow.guard(source, with_split(source, proposal)), into.resolve())
    screen.print(page.render_outcome(made.proposal, made.files, made.left_alone))
    _say_next(into)


def _say_next(into: Path) -> None:
    where = "" if into == Path() else f"cd {shlex.quote(str(into))} && "
    console.say(f"Next: {where}{console.program()} run")


def check_leaks(context: typer.Context) -> None:
    """Look for columns, ids and rows that reveal the outcome. End with an error where one is not acknowledged."""
    from gallop.flow import training
    from gallop.leakage.policy import require_none
    from gallop.reporting.terminal import leaks as page
    from gallop.reporting.terminal.screen import Screen

    project = open_project(context)
    findings = training.find_project_leaks(project, training.read_split(project))
    Screen().print(page.render_findings(findings, project.settings))
    require_none(findings, project.settings)
