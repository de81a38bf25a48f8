"""What a person asks after deployment: does the model still hold, and does a new one hold better?"""

from pathlib import Path
from typing import Annotated

import typer

from gallop.cli import console
from gallop.cli.project import open_project

ALARM = 1
"""Exit code where an alarm is raised."""


def outcomes(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="CSV, Excel, JSON or Parquet file, or an address: https://…, postgresql://user@host/database/table.",
        ),
    ],
    lead: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="The lead.", show_default="the id's name")
    ] = None,
    converted: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="When it converted; empty: it did not, or no longer.", show_default="converted_at"
        ),
    ] = None,
    seen: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="When that was seen.", show_default="seen_at, where there is one"),
    ] = None,
    value: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="What it was worth.", show_default="value, where there is one")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When the file ends, or `now`.", show_default="the last time in it"),
    ] = None,
    timezone: Annotated[str, typer.Option(help="Of times without a zone of their own.")] = "UTC",
    dates: Annotated[str, typer.Option(help="How times are written: iso, dmy, mdy, seconds, milliseconds …")] = "iso",
    sheet: Annotated[str | None, typer.Option(help="Sheet of an Excel file.")] = None,
) -> None:
    """Take in what became of leads: who converted when. Each row is counted by a rule; a file may be given again."""
    from gallop.events.row_rules import iso
    from gallop.flow.outcomes import OutcomeColumns, take_outcomes
    from gallop.monitoring.outcomes import OUTCOME_RULES, REMEMBERED, TimeStyle

    columns = OutcomeColumns(lead, converted, seen, value)
    taken = take_outcomes(
        open_project(context), source, columns, written=TimeStyle(timezone, dates), until=until, sheet=sheet
    )
    for remark in taken.remarks:
        console.say(remark)
    counts = taken.rows.counts
    known = iso(taken.until) if taken.until else "no time yet; --until says it"
    kept = sum(counts[rule] for rule in REMEMBERED)
    console.say(f"{source}: {sum(counts.values()):,} rows, {kept:,} of them new; outcomes known until {known}")
    for rule, meaning in OUTCOME_RULES.items():
        if counts[rule]:
            console.say(f"  {rule} {counts[rule]:,}: {meaning} (first: row {taken.rows.examples[rule]:,})")


def monitor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
) -> None:
    """Show whether the live model still holds, and write reports/monitoring.html; exit code 1 on an alarm."""
    from gallop.flow.monitoring import run_monitor

    project = open_project(context)
    report = run_monitor(project)
    if as_json:
        console.say(report.model_dump_json(indent=2))
    else:
        from gallop.reporting.terminal.monitoring import render_look
        from gallop.reporting.terminal.screen import Screen

        Screen().print(render_look(report))
        console.say(f"page: {project.paths.monitoring_page}")
    if report.alarmed:
        raise typer.Exit(ALARM)


def earned(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
) -> None:
    """Show what the list brought: leads to contact against leads as good that were held out at random."""
    from gallop.flow.monitoring import run_earned

    found = run_earned(open_project(context))
    if as_json:
        console.say(found.model_dump_json(indent=2))
        return
    from gallop.reporting.earned_text import earned_lines

    for line in earned_lines(found):
        console.say(line)


def retrain(
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The whole new table, written as the raw one is; it takes the raw file's place.",
            show_default="the raw file as it is",
        ),
    ] = None,
) -> None:
    """Train again, on new data too, and say why the new model is live or not; where that fails, all is as before."""
    from gallop.flow.retraining import run_retrain

    project = open_project(context)
    with console.progress() as progress:
        outcome = run_retrain(project, progress, data)
    if not outcome.changed:
        console.say("Nothing changed since the last run; nothing was done. Its decision:")
    selected = outcome.selected
    verdict = "promoted" if selected.decision.promote else f"not promoted, version {selected.champion} is live"
    console.done("retrain", f"version {selected.candidate} {verdict}: {selected.decision.because}")
    if data is not None:
        console.say(f"Commit {project.settings.data.raw}.dvc with dvc.lock, and `dvc push` the data.")
